# cnn-inspect --history: a script that makes the model again, byte for byte; and what it refuses.
. "$ROOT/tests/cli/lib.sh"
need tar
net='input 1x28x28; conv 4 5 stride=2; relu; head: dense 10'
mkdir tmp
export TMPDIR=$PWD/tmp

train() {
    run cnn-train -q -t 2 "$@"
    status 0
}

# again MODEL PATH...: the model's script makes the same bytes, in a fresh folder, with its paths in it or as arguments.
again() {
    local model=$1
    shift
    run cnn-inspect --history -- "$model" "$@"
    status 0
    silent
    rm -rf fresh && mkdir fresh && cp out fresh/script && cp out "$model.script"
    run env MODEL=fresh/first sh fresh/script
    status 0
    same "$model" fresh/first
    cnn-inspect --history "$model" >fresh/open || fail 'no script without paths'
    run env MODEL=fresh/second sh fresh/open "$@"
    status 0
    same "$model" fresh/second
    [ -z "$(ls tmp)" ] || fail "left over: $(ls tmp)"
}

# A built-in net with validation, stopped early. Without MODEL there is a name that no model has.
train --net lenet5 --epochs 9 --patience 1 --rate 0.3 digits:200 --val digits:60:5 -o zoo.st
again zoo.st digits:200 digits:60:5
run sh zoo.st.script
same zoo.st rebuilt.safetensors
grep -q '^# Makes this model again, byte for byte: zoo.st$' zoo.st.script || fail 'it does not say what it is for'
grep -q 'instruction set [a-z0-9]*, device cpu; epochs: [0-9]' zoo.st.script || fail 'it does not say where it was made'

# A net of one's own, many options; folders of images; names that a shell would take apart, and a dash in front.
cnn-augment digits:120 | tar xf - || fail 'no digits to unpack'
data=$'-it\'s "a"\n$(touch hacked) `touch hacked` \\*'
for class in 0 1 2; do
    mkdir -p "./$data/$class"
    grep -lx $class digits-0/*.cls | sed 's/cls$/pgm/' | while read -r image; do cp "$image" "./$data/$class/"; done
done
printf '# mine\n%s\n' "${net//10/3}" | tr ';' '\n' >'a net'
printf '0\t1\n1\t0.1\n2\t3\n' >weights
train --net 'a net' --epochs 2 --optimizer adam --rotate 10 --translate 0.05 --fill edge --class-weights weights --nesterov \
    --optimizer sgd --freeze 'conv1.[b]*' --freeze head.bias --seed 7 --batch 16 --ema 0.9 --val "./$data" -o 'own model.st' -- "$data"
again 'own model.st' "$data" "$data"
no_file hacked
rm 'a net' weights
run sh 'own model.st.script' || fail 'it needs what it has no name for'
status 0

# One's own net in a folder that is called as that of the built-in ones.
mkdir zoo
for name in mine lenet5; do
    printf '%s\n' "${net#*; }" >zoo/$name.net
    train --net zoo/$name.net --epochs 1 --input 1x28x28 digits:40 -o own-zoo.st
    mv zoo/$name.net saved.net
    again own-zoo.st digits:40
    run cnn-inspect --runs own-zoo.st
    status 0
    out_has '*	net	*'
    out_lacks '*zoo/*'
done
rm -r zoo

# Pipes, one behind the other, with a class list of one's own; then features of a model.
seq 9 -1 0 >list
cnn-augment -q -n 2 --keep --rotate 15 --seed 3 --classes list digits:60 | cnn-augment -q --noise 4 --epoch 2 - |
    cnn-train -q --net "$net" --epochs 2 -o pipe.st - || fail 'the pipe'
rm list
again pipe.st digits:60
grep -q '^cnn-augment .*\\$' pipe.st.script || fail 'no pipe'
cnn-features -q -l fc1 -l conv1 --pool --concat -f tar zoo.st digits:50 | cnn-train -q --net 'dense 10' --epochs 2 -o feat.st -
again feat.st digits:50 zoo.st
cnn-features -q -l conv1 --pool --pooling gem --gem-power 2 --l2 -f tar zoo.st digits:50 |
    cnn-train -q --net 'dense 10' --epochs 2 -o gem.st - || fail 'pooled features'
again gem.st digits:50 zoo.st
cnn-augment -q -n 2 --rotate 5 digits:60 | cnn-train -q --net "$net" --epochs 1 --shuffle 0 -o once.st - || fail 'a stream that is read once'
again once.st digits:60
run sh once.st.script digits:60:1
status 65
err_has 'cnn-train: -: not what is expected: its hash is *, not *'
err_has 'once.st.script: not made again from TRAIN: digits:60:1'
run sh once.st.script once.st
err_has 'once.st.script: not made again from TRAIN: once.st'

# Options beside those of the layers decide what the features are, and which samples there are.
train --net 'input 1x28x28; conv 16 3 pad=1; relu; conv 16 3 pad=1; relu; head: dense 10' --epochs 1 digits:100 -o wide.st
for options in '--strict' '--exact-conv --strict' '--batch 7 --strict'; do
    # shellcheck disable=SC2086
    cnn-features -q $options -l conv2 -l head --concat -f tar wide.st digits:50 | cnn-train -q --net 'dense 10' --epochs 2 -o "feat$options.st" -
    again "feat$options.st" digits:50 wide.st
    grep -q -- '^ *--strict' "feat$options.st.script" || fail "no --strict: $options"
done
! cmp -s 'feat--strict.st' 'feat--exact-conv --strict.st' || fail '--exact-conv changes nothing'
for option in exact-conv 'batch 7'; do
    sed "/--${option% 7}/d" "feat--$option --strict.st.script" >rounder
    run sh rounder
    status 65
done
mkdir jpegs
for class in a b; do
    mkdir jpegs/$class
    for i in 1 2; do cp "$ROOT/tests/golden/formats/plain.jpg" jpegs/$class/$i.jpg; done
done
cp "$ROOT/tests/golden/formats/stray.jpg" jpegs/b/3.jpg
cnn-augment -q --strict --on-bad skip jpegs | cnn-train -q --net 'dense 2' --epochs 1 -o strict.st - || fail 'the stricter pipe'
again strict.st jpegs
printf '%s\n' b a >order
cnn-augment -q --classes order jpegs | cnn-train -q --net 'dense 2' --epochs 1 -o order.st - || fail 'another order'
rm order
again order.st jpegs
several() { # OPERAND-OR-OPTION...
    cnn-features -q -l conv2 -f tar wide.st "$@" | cnn-train -q --net 'dense classes' --epochs 1 -o several.st -
    run cnn-inspect --history several.st
    status 65
}
several digits:20 digits:20:1
err_is 'cnn-inspect: several.st: no script makes this model again: cnn-features had several inputs'
{
    printf '\0\0\10\3\0\0\0\2\0\0\0\34\0\0\0\34' && head -c 1568 /dev/zero
} >t-images
printf '\0\0\10\1\0\0\0\2\3\1' >t-marks
several --labels t-marks t-images
err_is 'cnn-inspect: several.st: no script makes this model again: cnn-features had a file of --labels'

# Fine-tuning: the model that it began with is made first, and with weights of strangers these are an input.
train --net "$net" --epochs 1 digits:100:1 -o first.st
train --init first.st --freeze 'conv1.*' --epochs 1 digits:80:2 --val digits:20:4 -o second.st
train --init second.st --net 'input 1x28x28; conv 4 5 stride=2; tanh; new: dense 10; xent smooth=0.1' \
    --rename head=new --rename conv1.=conv1. --epochs 1 digits:40:3 -o third.st
again third.st digits:100:1 digits:80:2 digits:20:4 digits:40:3
again second.st digits:100:1 digits:80:2 digits:20:4
{
    head='{"conv1.bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    [ ${#head} = 64 ] && printf '@\0\0\0\0\0\0\0%s' "$head"
    head -c 16 /dev/zero
} >strange.safetensors
train --init strange.safetensors --allow-new '*' --net "$net" --epochs 1 digits:40 -o foreign.st
again foreign.st digits:40 strange.safetensors
printf 'x' | dd of=strange.safetensors bs=1 seek=75 conv=notrunc 2>err
run sh foreign.st.script
status 65
err_has 'cnn-train: strange.safetensors: not what is expected: its hash is *, not *'

# A class list of one's own, and a model without data.
printf '%s\n' -c "it's" $'back\\slash' >names
train --net 'input 1x28x28; dense 3' --classes names --epochs 0 -o blank.st
again blank.st
! grep -q 'where these are' blank.st.script || fail 'a heading of nothing'
train --net 'input 1x28x28; dense 10' --recipe none --epochs 0 digits:40 -o untrained.st
again untrained.st digits:40
train --net 'input 1x28x28; dense 12' --classes <(seq 11 -1 0) --epochs 1 digits:40 -o listed.st
rm names
again listed.st digits:40

# What is not as it was ends before training, and is named.
rm -rf fresh/*
refuse() { # STATUS MESSAGE ARGUMENT...
    run env MODEL=fresh/no sh zoo.st.script "${@:3}"
    status "$1"
    err_has "$2"
    err_lacks 'epoch*'
    no_file fresh/no
}
refuse 64 'usage: sh zoo.st.script TRAIN VAL' digits:200
refuse 66 'zoo.st.script: absent: not there' digits:200 absent
refuse 65 'cnn-train: digits:200:1: not what is expected: its hash is *, not *' digits:200:1 digits:60:5
refuse 65 'cnn-train: digits:60:6: not what is expected: its hash is *, not *' digits:200 digits:60:6
printf '%s\n' digits-0/*.pgm | awk 'NR < 41 {print $0 "\t" NR % 2}' >rows
train --net "${net//10/2}" --epochs 1 rows -o rows.st
cnn-inspect --history rows.st rows >rows.script
tac rows >swapped
run sh rows.script swapped
status 65
sed 's/$/\t\t0.5/' rows >lighter
run sh rows.script lighter
status 65
run sh rows.script rows
status 0

cp -r digits-0 digits-9
sed 's/digits-0/digits-9/' rows >moved
run sh rows.script moved
status 65
err_has 'cnn-train: moved: not what is expected: its hash is *, not *'

# Class names are the model's, and so is what comes of data without training.
sed 's/\t0$/\tant/; s/\t1$/\tbee/' rows >named
sed 's/\t0$/\taxe/; s/\t1$/\tbow/' rows >renamed
for epochs in 0 1; do
    train --net "${net//10/2}" --epochs $epochs named -o named.st
    again named.st named
    run env MODEL=fresh/no sh named.st.script renamed
    status 65
    err_has 'cnn-train: renamed: not what is expected: its classes, or their order, are others (2: axe, bow); the hash of their names is *, not *'
    no_file fresh/no
done
train --net "${net//10/2}" --epochs 0 named -o named.st
cnn-inspect --history named.st named >named.script
tac named >reversed
run sh named.script reversed
status 1
err_has 'cnn-train: rebuilt.safetensors: not the model that is expected: the hash of its net, classes or self-test is *, not *'
mkdir -p parted/train
cp -r "./$data"/* parted/train
printf '%s\n' 2 0 1 >parted/classes.txt
train --net "${net//10/3}" --epochs 1 parted -o parted.st
again parted.st parted
cp -r parted/train alone
run sh parted.st.script alone
status 65
err_has 'cnn-train: alone: not what is expected: its classes, or their order, are others (3: 0, 1, 2); *'

# Another model than was expected is told, and so is another machine; an older history is refused.
sed 's/--seed=0/--seed=1/; s/--expect=isa=[a-z0-9]*/--expect=isa=abacus/; s/cnn-train [0-9.]*'\''/cnn-train 99'\''/' zoo.st.script >other
run env MODEL=fresh/other sh other
status 1
err_has 'cnn-train: the isa is *, not abacus: the last bits may differ'
err_has 'other: note: this is cnn-train *, not cnn-train 99'
err_has 'cnn-train: fresh/other: not the model that is expected: the hash of its tensors is *, not *'

# A stranger's history gives no commands.
hostile() { # WORD SAME-LENGTH: the model with another history
    LC_ALL=C sed "s/$1/$2/" 'own model.st' >hostile.st
    [ "$(wc -c <hostile.st)" = "$(wc -c <'own model.st')" ] || fail "'$1' and '$2' have not the same length"
    ! cmp -s 'own model.st' hostile.st || fail "$1 is not there"
    run cnn-inspect --history hostile.st
}
hostile '\\"nesterov\\"' '\\"curve   \\"' && status 65
err_is "cnn-inspect: hostile.st: the history has 'curve   ', which this version does not know"
hostile '\\"nesterov\\"' '\\"log\\"     ' && status 65
hostile '--rotate 10' '--output xx' && status 65
err_is "cnn-inspect: hostile.st: the history has '--output', which this version does not know"
hostile '\\"0.1.0\\"' '\\"\\\\nid\\"' && status 0
grep -q '^# run 1: cnn-train \\nid, ' out || fail 'the comment'
! grep -q '^id$' out || fail 'a version becomes a command'
LC_ALL=C sed 's,zoo/lenet5.net,zoo/lenet7.net,' zoo.st >hostile.st
run cnn-inspect --history hostile.st
status 65
err_is "cnn-inspect: hostile.st: the history has 'zoo/lenet7.net', which this version does not know"
hostile '\\"isa\\"' '\\"ist\\"' && status 65
err_has '*is of a version that did not note all that a script needs'
hostile '\\"cnn-train\\"' '\\"cnn-other\\"' && status 65

run cnn-inspect --history lenet5
status 65
err_is 'cnn-inspect: lenet5: there is no model'
run cnn-inspect --history zoo.st digits:200
status 64
err_is 'cnn-inspect: zoo.st: made from 2 (TRAIN VAL), not from 1'
run cnn-inspect --history --json zoo.st
status 64

# --expect by hand.
usage() {
    run cnn-train -q --net "$net" --epochs 1 digits:20 -o no.st "${@:2}"
    status 64
    err_is "cnn-train: $1"
}
usage "--expect: 'colour=red' is not WHAT=VALUE with a WHAT of data, classes, val, init, model, metadata, isa or device" --expect colour=red
usage '--expect val=1 has no effect: it needs --val' --expect val=1
usage '--expect init=1 has no effect: it needs --init' --expect init=1
usage '--expect has no effect with --plan' --expect data=00 --plan
usage '--expect has no effect with --overfit' --expect model=00 --overfit 5
usage '--expect model=00 has no effect: /dev/null is not a regular file' --expect model=00 -o /dev/null
usage '--expect metadata=00 has no effect: /dev/null is not a regular file' --expect metadata=00 -o /dev/null
run cnn-train -q --net "$net" --classes 10 --epochs 0 --expect data=00 -o no.st
status 64
err_is 'cnn-train: --expect data=00 has no effect: it needs a DATASET'

usage "--allow-new: '\\xe9*' is not UTF-8" --init zoo.st --allow-new $'\xe9*'
usage "--freeze: '\\xe9' is not UTF-8" --freeze $'\xe9'

# Of a run that goes on, what it was begun with counts, where it takes a part of the samples.
part=(cnn-train -q -t 2 --net "$net" --batch 10 --checkpoint c --resume digits:100 -o part.st)
run "${part[@]}" --steps 3 --expect data=00
status 65
err_has 'cnn-train: digits:100: not what is expected: its hash is *, not 00'
hash=$(sed 's/.* is //; s/,.*//' err)
run "${part[@]}" --steps 3
status 0
for steps in 3 6; do
    run "${part[@]}" --steps $steps --expect data=00
    status 65
    run "${part[@]}" --steps $steps --expect "data=$hash"
    status 0
done
exit 0
