# Bad input, case by case: the exact message, the documented status, and nothing lost.
. "$ROOT/tests/cli/lib.sh"

# wrong STATUS 'MESSAGE' COMMAND...: it says just that, and leaves x.safetensors as it was.
wrong() {
    local want=$1 message=$2
    shift 2
    echo precious >x.safetensors
    run "$@"
    status "$want"
    err_is "$message"
    [ "$(cat x.safetensors)" = precious ] || fail "a previous output was lost"
    no_file .*.tmp* ./*.tmp*
}
train() { cnn-train -q --epochs 1 -o x.safetensors "$@"; }
infer() { cnn-infer -q m.safetensors "$@"; }
augment() { cnn-augment -q "$@"; }

train --net 'flatten; dense classes' digits:100 -o m.safetensors || fail "no model to begin with"
augment digits:40 -o photos || fail "no images to begin with"
augment digits:12 >good.tar || fail "no stream to begin with"
image=$(find photos -name '*.png' | sort | head -n 1)

# ---- images: truncated, corrupt, empty, huge, of the wrong type, missing
head -c 100 "$image" >truncated.png
printf 'not an image\n' >text.png
: >empty.png
printf 'P5\n999999999 999999999\n255\nxx' >huge.pgm
printf 'P5\n60000 60000\n255\nxx' >large.pgm
printf 'P5\n4 4\n255\nxx' >short.pgm
printf '8BPS\000\001' >layers.psd
size=$(wc -c <"$image")
{ head -c $((size / 2)) "$image"; printf '\377\377'; tail -c +$((size / 2 + 3)) "$image"; } >corrupt.png
wrong 65 'cnn-infer: truncated.png: truncated PNG' infer truncated.png
wrong 65 'cnn-infer: empty.png: empty' infer empty.png
run infer layers.psd
status 65
err_has 'cnn-infer: layers.psd: a Photoshop file (PNG, JPEG*'
wrong 66 'cnn-infer: missing.png: No such file or directory' infer missing.png
run infer corrupt.png
status 65
err_has 'cnn-infer: corrupt.png: corrupt PNG*'
for file in huge.pgm large.pgm short.pgm layers.psd text.png; do
    printf '%s\t1\n' "$file" >one.tsv
    run infer one.tsv
    status 65
    err_has "cnn-infer: one.tsv:1: $file: *"
    out_is ''
done
# In a set, the file is named; --on-bad decides.
printf '%s\t5\ntruncated.png\t5\n%s\t5\n' "$image" "$image" >set.tsv
wrong 65 'cnn-train: set.tsv:2: truncated.png: truncated PNG' train --net softmax set.tsv
wrong 65 'cnn-augment: set.tsv:2: truncated.png: truncated PNG' eval 'augment set.tsv >part.tar'
run infer part.tar
status 65
run infer --on-bad list=bad.txt set.tsv
status 0
[ "$(wc -l <out)" -eq 2 ] || fail "the good samples are answered"
[ "$(cat bad.txt)" = truncated.png ] || fail "the bad one is listed"

# ---- manifests
printf '%s\n' "$image" >nocolumn.tsv
wrong 65 'cnn-train: nocolumn.tsv: no classes: its lines are paths, not path<TAB>class (--target vector or input trains without)' train --net softmax nocolumn.tsv
printf '%s\tcat\n' "$image" >unknown.tsv
wrong 65 "cnn-infer: unknown.tsv:1: class 'cat' is not in the class list" infer --eval unknown.tsv
wrong 66 'cnn-train: no.tsv: No such file or directory' train --net softmax no.tsv
: >empty.tsv
wrong 65 'cnn-train: empty.tsv: empty' train --net softmax empty.tsv
mkdir split
printf 'cat\ndog\nfox\n' >split/classes.txt
printf '../%s\tcat\n../%s\tfox\n' "$image" "$image" >split/train.tsv
run cnn-train --epochs 1 --net softmax split/train.tsv -o y.safetensors
status 0
err_has 'cnn-train: 1 of 3 classes have no training samples: dog'
# ... and the classes behind the missing one keep their places.
run cnn-infer y.safetensors --eval split/train.tsv
status 0
out_has 'fox *'

# ---- a stream, cut anywhere
run eval 'head -c $(($(wc -c <good.tar) / 2)) good.tar | train --net softmax -'
status 65
err_has 'cnn-train: -: cut before its end record*'
total=$(wc -c <good.tar)
for ((at = 0; at < total - 1536; at += 997)); do
    head -c "$at" good.tar >cut.tar
    infer cut.tar >out 2>err
    [ $? -eq 65 ] || fail "a stream cut at byte $at of $total is not refused"
done

# ---- nets
wrong 65 "cnn-train: net:1: unknown layer 'cnov' (did you mean conv?)" train --net 'cnov 3 3' digits:20
wrong 65 'cnn-train: net:2: conv: kernel 99x99 does not fit into 28x28 (pad 0)' train --net $'relu\nconv 3 99; dense classes' digits:20
wrong 65 "cnn-train: m.safetensors: none of its tensors fits the net: it has 'dense1.weight', the net has 'conv1.weight' (another net, or other names: --rename FROM=TO)" \
    train --net lenet5 --init m.safetensors digits:20

# ---- models
head -c -100 m.safetensors >cut.safetensors
head -c 3000 m.safetensors >cut_early.safetensors
: >void.safetensors
wrong 66 'cnn-infer: no.safetensors: No such file or directory' cnn-infer -q no.safetensors digits:3
wrong 65 'cnn-infer: void.safetensors: too short for a safetensors file' cnn-infer -q void.safetensors digits:3
wrong 65 'cnn-infer: good.tar: not a safetensors file' cnn-infer -q good.tar digits:3
run cnn-infer -q cut.safetensors digits:3
status 65
err_has "cnn-infer: cut.safetensors: tensor 'dense1.*' ends at byte * (a truncated file?)"
wrong 65 'cnn-infer: cut_early.safetensors: truncated safetensors header' cnn-infer -q cut_early.safetensors digits:3
printf '\377\377\377\377\377\377\377\177{}' >headless.safetensors
run cnn-infer -q headless.safetensors digits:3
status 65

# ---- outputs: a full disk, an unwritable place, a reader that went away
wrong 73 'cnn-train: no/such/x.safetensors: No such file or directory' train --net softmax digits:20 -o no/such/x.safetensors
mkdir folder
wrong 73 'cnn-train: folder: Is a directory' train --net softmax digits:20 -o folder
wrong 74 'cnn-train: /dev/full: No space left on device' train --net softmax digits:20 -o /dev/full
wrong 74 'cnn-infer: standard output: No space left on device' eval 'infer digits:3000 >/dev/full'
wrong 74 'cnn-augment: standard output: No space left on device' eval 'augment digits:300 >/dev/full'
wrong 141 '' eval '{ augment digits:3000; echo $? >code; } | head -c 600 >/dev/null; (exit $(cat code))'
wrong 141 '' eval '{ infer digits:30000; echo $? >code; } | head -n 1 >/dev/null; (exit $(cat code))'
mkdir disk
if mount -t tmpfs -o size=40k none disk 2>/dev/null; then
    echo small >disk/m.safetensors
    run train --net 'flatten; dense 100; dense classes' digits:20 -o disk/m.safetensors
    said=$(cat err) left=$(ls -A disk) kept=$(cat disk/m.safetensors)
    umount disk
    status 74
    [ "$said" = 'cnn-train: disk/m.safetensors: No space left on device' ] || fail "it says: $said"
    [ "$left" = m.safetensors ] && [ "$kept" = small ] || fail "the disk holds: $left"
fi

# ---- a loss that is not finite
echo precious >x.safetensors
run train --net lenet5 --rate 1e20 digits:2000
status 70
err_has 'cnn-train: the loss is not finite*'
[ "$(cat x.safetensors)" = precious ] || fail "a previous output was lost"

# ---- signals: nothing under a final name, nothing left behind
set -m # else programs in the background ignore SIGINT
for signal in TERM INT; do
    cnn-train -q --net lenet5 --epochs 1000 digits:5000 -o x.safetensors 2>err &
    sleep 1
    kill -$signal $!
    wait $!
    status=$?
    status 75
    err_has 'cnn-train: interrupted in epoch *; nothing is saved (--checkpoint would keep it)'
    [ "$(cat x.safetensors)" = precious ] || fail "a previous output was lost"
    : >part.tar
    cnn-augment -q digits:300000 > >(cat >part.tar) 2>err &
    pid=$!
    until [ -s part.tar ]; do sleep 0.1; done
    kill -$signal $pid
    wait $pid
    status=$?
    status 74
    err_is 'cnn-augment: stopped by a signal: the output is incomplete'
    run infer part.tar
    status 65
    err_has '*cut before its end record*'
done
