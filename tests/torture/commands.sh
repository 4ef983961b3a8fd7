# What the sweeps of faults (tests/cli/memory.sh, tests/cli/faults.sh) try, over all six programs.
#
#   torture_start NAME  makes NAME.so, to be loaded before a program, of NAME.c here, and the inputs; `here` is the test's
#                       folder. Skips the test where that cannot be
#   torture_inputs      makes the folder in/: data, models, a net; and start/, what is there before each command
#   torture_commands    calls  sweep COMMAND...  for each, to be run in a copy of start/ beside in/; `running` says
#                       that it writes as it goes: what is there after an error is good to go on with; `from` is
#                       its standard input
#
# shellcheck shell=bash

# rows FROM TO: lines of a manifest, of two classes
rows() { sed -n "$1,$2p" in/d/manifest.tsv | awk -F '\t' '{ print "d/" $1 "\t" (NR % 2 ? "a" : "b") }'; }

# A log tells how long it took.
forget_times() { [ ! -e "$1" ] || sed -i -E 's/"(seconds|images_per_second)": [0-9.]+/"\1": 0/g' "$1"; }

# What a log says of epochs; of runs it says how many there were.
epochs() { grep '"event": "epoch"' "$1/log.jsonl"; }

# What a run has written as it went is good to go on with: again, in cur/, to the same files as in whole/; what is not the
# same goes into $differs.
torture_again() {
    (cd cur && "$@" >stdout 2>stderr)
    forget_times cur/log.jsonl
    cp cur/stderr err
    differs=$(diff -r -x stderr -x log.jsonl whole cur && diff <(epochs whole) <(epochs cur))
}

torture_inputs() {
    rm -rf in start && mkdir -p in start/old || return 1
    cnn-augment -q --threads 1 -o in/d digits:8 && cnn-augment -q --threads 1 -o in/d.tar digits:8 || return 1
    rows 1 4 >in/a.tsv && rows 5 8 >in/b.tsv || return 1
    { rows 1 6; printf 'd/none.png\ta\n'; } >in/bad.tsv
    printf 'input 1x28x28\nflatten\ndense 2\n' >in/some.net
    cp "$ROOT/tests/golden/models/weights_packed.npz" in/w.npz || return 1
    cp "$ROOT/tests/golden/models/weights_packed.pth" in/w.pth || return 1
    cnn-train -q --threads 1 --epochs 1 --net 'dense classes' in/d -o in/m.safetensors &&
        cnn-train -q --threads 1 --epochs 1 --net in/some.net --log in/log.jsonl --val in/b.tsv in/a.tsv \
            -o in/ab.safetensors &&
        cnn-train -q --threads 1 --epochs 3 --batch 2 --steps 1 --net in/some.net --val in/b.tsv --log start/log.jsonl \
            --checkpoint start/c.safetensors in/a.tsv -o in/x || return 1
    forget_times start/log.jsonl
    for f in a.tar a.tsv a.npy a.png a.safetensors a.list; do echo old >start/old/$f || return 1; done
}

torture_start() {
    local cc=${CC:-cc}
    command -v "${cc%% *}" >/dev/null || skip "no C compiler here"
    ldd "$(command -v cnn-infer)" | grep -q libasan && skip "the sanitizer has system calls and an allocator of its own"
    $cc -shared -fPIC -O1 -o "$1.so" "$ROOT/tests/torture/$1.c" 2>cc.err ||
        skip "no library to load before a program: $(head -n 1 cc.err)"
    torture_inputs || fail 'no inputs'
    here=$PWD
}

torture_commands() {
    local some='-q --threads 1'
    # shellcheck disable=SC2034,SC2086 # for sweep; words
    {
    sweep cnn-train $some --epochs 1 --net softmax ../in/d -o x.safetensors
    sweep cnn-train $some --epochs 1 --net ../in/some.net --val ../in/b.tsv ../in/a.tsv -o old/a.safetensors
    running=1 sweep cnn-train $some --epochs 1 --on-bad list=old/a.list --net ../in/some.net --init ../in/ab.safetensors \
        ../in/bad.tsv -o x.safetensors
    running=1 sweep cnn-train $some --epochs 3 --batch 2 --val ../in/b.tsv --log log.jsonl --resume \
        --checkpoint c.safetensors ../in/a.tsv -o x.safetensors
    running=1 sweep cnn-train $some --epochs 2 --net ../in/some.net --curve x.svg ../in/a.tsv -o x.safetensors
    from=../in/d.tar sweep cnn-train $some --epochs 2 --net 'dense classes' - -o x.safetensors
    sweep cnn-split -q --no-stratify --allow-missing --val 0.25 --test 0.25 ../in/d -o x/y
    sweep cnn-split -q --no-stratify --val 0.5 --test 0 --on-bad list=x.list ../in/bad.tsv -o old
    sweep cnn-augment $some --flip h -o old/a.tar ../in/d
    sweep cnn-augment $some --keep -o x ../in/d.tar
    sweep cnn-augment $some --preview x.png -o x ../in/b.tsv
    sweep cnn-augment $some --on-bad list=x.list --preview old/a.png ../in/bad.tsv
    sweep cnn-features $some -l output -o x.npy ../in/m.safetensors ../in/d
    sweep cnn-features $some -l output -o x.svm ../in/m.safetensors ../in/d
    sweep cnn-features $some -l output -f svmlight ../in/m.safetensors ../in/d.tar
    sweep cnn-features $some -l output -l logits -f npy -o x ../in/m.safetensors ../in/d
    sweep cnn-features $some -l output -o old/a.tar ../in/m.safetensors ../in/a.tsv
    sweep cnn-infer $some ../in/m.safetensors ../in/d
    from=../in/d.tar sweep cnn-infer $some -f json -o x.json ../in/m.safetensors -
    sweep cnn-infer $some --on-bad list=x.list -f csv -o old/a.tsv ../in/ab.safetensors ../in/bad.tsv
    sweep cnn-infer $some --eval --predictions p.tsv --confusion old/a.png ../in/m.safetensors ../in/d
    sweep cnn-infer $some --eval --predictions old/a.tsv ../in/m.safetensors ../in/d
    sweep cnn-infer $some --eval --json ../in/ab.safetensors ../in/b.tsv
    sweep cnn-inspect ../in/m.safetensors
    sweep cnn-inspect --json ../in/m.safetensors
    sweep cnn-inspect --windows ../in/m.safetensors
    sweep cnn-inspect --history ../in/ab.safetensors
    sweep cnn-inspect --filters dense1 ../in/m.safetensors x.png
    sweep cnn-inspect --diff ../in/m.safetensors ../in/ab.safetensors
    sweep cnn-inspect --tensors ../in/w.npz
    sweep cnn-inspect --to x.safetensors ../in/w.pth
    sweep cnn-train $some --net 'input 1x6x6; conv1: conv 2 3; bn1: bn; relu; dense1: dense 3' --classes 3 --epochs 0 \
        --init ../in/w.npz -o x.safetensors
    sweep cnn-inspect --runs ../in/log.jsonl ../in/ab.safetensors
    }
}
