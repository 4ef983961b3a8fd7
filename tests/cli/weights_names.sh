# Weights by other names: prefixes are found and said, --rename, no hint that leads to random weights, a true count.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv1: conv 4 3 stride=2; bn1: bn; relu; body: { conv1: conv 4 3 stride=2; bn1: bn; relu }; fc: dense classes'
run cnn-train -q --threads 1 --epochs 1 --net "$net" digits:64 -o m.st
status 0
rename() { "$BUILD/helpers/rename-tensors" "$@" || fail "rename-tensors"; }
rename m.st plain.st '' ''
init() {
    local weights=$1
    shift
    run cnn-train --threads 1 --epochs 0 --net "$net" --init "$weights" digits:64 -o n.st "$@"
}
# The tensors are those of the model that was trained.
loaded() {
    status 0
    rename n.st got.st '' ''
    same got.st plain.st
}

init plain.st
loaded
err_lacks '*tensors from*'
for p in module. _orig_mod. backbone. model. net. encoder. module.model. module._orig_mod.backbone.; do
    rename plain.st p.st '' $p
    init p.st
    loaded
    err_has "cnn-train: 14 of 14 tensors from p.st, where '$p' in front of 14 names is left out"
done

# Prefixes of parts; what is prefixed stands beside what is not.
rename plain.st a.st conv1 backbone.conv1
rename a.st b.st bn1 backbone.bn1
rename b.st c.st body backbone.body
init c.st
loaded
err_has "*'backbone.' in front of 12 names is left out"
rename c.st d.st fc head.fc
init d.st
loaded
err_has "*'backbone.' in front of 12 names is left out, 'head.' in front of 2 names is left out"

# A prefix of which not all has a place is not guessed at: it is named. --rename takes what is said.
rename plain.st e.st '' model.
rename e.st f.st model.fc model.head
init f.st
status 65
err_has "cnn-train: f.st: tensor '*' of the net is not in the file, but 'model.*' is (--rename 'model.=' takes the prefix off)"
init f.st --rename model.head=fc
loaded
init f.st --rename model.head=model.fc
loaded
init f.st --rename model.head=fc --rename model.=
loaded
rename plain.st g.st body.conv1 blocks.3.c
init g.st --rename 'blocks.*.c.weight=body.conv1.weight' --rename blocks.3.c=body.conv1
loaded
rename g.st h.st body. blocks.3.
init h.st --rename 'blocks.3.c.*=body.conv1.*' --rename 'blocks.3.bn1*=body.bn1*'
loaded
for r in nothing = module; do
    init plain.st --rename $r
    status 64
done
init plain.st --rename nothing=x
status 64
err_has "cnn-train: --rename: 'nothing=x' fits no tensor of plain.st"
init plain.st --rename body.=
status 65
err_has "cnn-train: plain.st: two tensors would be '*'"
run cnn-train --net "$net" --rename a=b digits:64 -o n.st
status 64
err_has 'cnn-train: --rename has no effect: it needs --init'

# What does not fit at all is no start, whatever is allowed, and no hint says to allow it.
rename plain.st s.st '' strange
rename s.st strange.st strangefc. other.fc_
for allow in '--quiet' "--allow-new=*"; do
    init strange.st "$allow"
    status 65
    err_has "cnn-train: strange.st: none of its tensors fits the net: it has '*', the net has '*' (another net, or other names: --rename FROM=TO)"
    err_lacks '*(--allow-new*'
done

run cnn-train --threads 1 --epochs 0 --net 'fc: dense 3' --init plain.st --allow-new '*' --input 1x28x28 --classes 3 -o n.st
status 65
err_has "cnn-train: plain.st: none of its tensors fits the net: 'fc.weight' is 10x* there and 3x784 here"

# The count is true: loaded, afresh, not used.
rename plain.st i.st fc. old.
init i.st
status 65
err_has "cnn-train: i.st: tensor 'fc.*' of the net is not in the file (--allow-new 'fc.*' lets it start afresh)"
init i.st --allow-new 'fc.*'
status 65
err_has "cnn-train: i.st: tensor 'old.*' has no place in the net (--allow-new 'old.*' leaves it out)"
init i.st --allow-new 'fc.*' --allow-new 'old.*'
status 0
err_has 'cnn-train: 12 of 14 tensors from i.st; 2 start afresh: fc.weight, fc.bias; 2 of the file are not used: old.*, old.*'
run cnn-train --threads 1 --epochs 0 --net "${net/fc: dense classes/fc: dense 7; relu; out: dense classes}" --init p.st --allow-new 'fc.*' --allow-new 'out.*' digits:64 -o n.st
status 0
err_has "cnn-train: 12 of 16 tensors from p.st, where 'module._orig_mod.backbone.' in front of 14 names is left out; 4 start afresh: *; 2 of the file are not used: module._orig_mod.backbone.fc.*"

# Weights alone are no model; the command that makes one of them is said in full, and works as it stands.
run cnn-infer plain.st digits:3
status 65
err_has '*this toolkit (cnn-train --net NET * makes one; FILE: class names, one a line, or how many)'
hint=$(sed 's/.*(\(cnn-train .*\) makes one;.*/\1/' err)
printf '%s\n' zero one two three four five six seven eight nine >names.txt
for file in names.txt 10; do
    rm -f n.st
    filled=$(sed "s/NET/\"\$net\"/; s/IT/plain.st/; s/FILE/$file/; s/MODEL/n.st/" <<<"$hint")
    run eval "$filled"
    loaded
    silent
    run cnn-infer -q n.st digits:3
    status 0
done

# Zeros behind zeros learn nothing, which is said; a single layer learns from them.
zero() { run cnn-train --threads 1 --epochs 1 --weights zero --net "$1" digits:64 -o n.st; }
zero 'flatten; dense 5; relu; dense classes'
status 0
err_has 'cnn-train: --weights zero: a net with hidden layers that starts so learns nothing'
for learns in softmax 'flatten; dense 5 init=he_normal; relu; dense classes'; do
    zero "$learns"
    status 0
    err_lacks '*--weights zero*'
done

# A class list that is not that of the outputs, but for two classes with one output.
"$BUILD/helpers/make-model" 'input 1x28x28; dense 2' a,b,c three.st || fail make-model
"$BUILD/helpers/make-model" 'input 1x28x28; dense 1' a,b pair.st || fail make-model
for program in cnn-infer 'cnn-infer --eval' 'cnn-infer --selftest' 'cnn-features -l output'; do
    input=digits:3
    [ "$program" != 'cnn-infer --selftest' ] || input=
    # shellcheck disable=SC2086 # a program and its options
    run $program three.st $input
    status 65
    err_is "${program%% *}: three.st: 3 classes for 2 outputs"
done
run cnn-infer -q pair.st digits:3
status 0
exit 0
