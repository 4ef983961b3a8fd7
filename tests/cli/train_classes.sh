# cnn-train --classes: a list that is pinned, and models made of a net and weights without data.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv1: conv 4 3 stride=2; relu; fc: dense classes'
train() { run cnn-train -q --threads 1 --net "$net" "$@"; }
names() { cnn-inspect --classes "$1" | tr '\n' ' '; }

# The first epoch's net, then its weights alone, as others write them.
train --epochs 1 digits:64 -o m.st
status 0
"$BUILD/helpers/rename-tensors" m.st w.st '' '' || fail "rename-tensors"

# ---- without data -----------------------------------------------------------------------------------
# One rule for text files: a byte order mark, CRLF, blanks at the end and blank lines are no part of names.
printf '\357\273\277zero\r\none \ntwo\nthree\nfour\nfive\n\nsix\nseven\neight\nsea lion' >names.txt
train --init w.st --classes names.txt --epochs 0 -o n.st
status 0
silent
[ "$(names n.st)" = 'zero one two three four five six seven eight sea lion ' ] || fail "other names: $(names n.st)"
run cnn-inspect --diff m.st n.st
status 1
out_is 'classes: 10 | 10, other names or order
self-test: 8x1x28x28 to 8x10 | none'
cnn-infer -q m.st digits:9:5 | cut -f 1,3 >a
cnn-infer -q n.st digits:9:5 | cut -f 1,3 >b
same a b
run cnn-infer --selftest n.st
status 65
err_is 'cnn-infer: n.st: the model holds no self-test'
cp n.st before.st
train --init w.st --classes names.txt --epochs 0 -o n.st --threads 2
same n.st before.st
cnn-inspect --history n.st >again.sh || fail "no script"
run env MODEL=again.st sh again.sh w.st
status 0
same again.st n.st
# As many as there are: they are called by their numbers, which is what data with numbers mean.
train --init w.st --classes 10 --epochs 0 -o n.st
status 0
[ "$(names n.st)" = '0 1 2 3 4 5 6 7 8 9 ' ] || fail "other names: $(names n.st)"
run cnn-infer -q --eval n.st digits:100:3
status 0
cnn-infer -q --eval m.st digits:100:3 | cmp -s - out || fail "the same weights measure otherwise"
# A model has its net with it, and gets other names.
run cnn-train -q --init m.st --classes names.txt --epochs 0 -o n.st
status 0
[ "$(names n.st)" = 'zero one two three four five six seven eight sea lion ' ] || fail "other names: $(names n.st)"
# The input is the net's, or that of --input.
run cnn-train -q --net 'conv 2 3; dense classes' --input 3x8x9 --classes 4 --epochs 0 -o n.st
status 0
cnn-inspect --print n.st | head -n 1 | grep -qx 'input 3x8x9' || fail "another input"
run cnn-train -q --net 'conv 2 3; dense classes' --classes 4 --epochs 0 -o n.st
status 65
err_has 'cnn-train: net:1: there is no input line, and no data to take the shape from; say --input CxHxW*'
run cnn-train --net lenet5 --classes 10 --epochs 0 --plan
status 0
out_has 'in all *'
run cnn-train -q --net lenet5 --classes 10 --epochs 0 --log log.jsonl -o n.st
status 0
grep -q '"event": "start"' log.jsonl || fail "no log"
! grep -q '"data"' log.jsonl || fail "data in the log of a run without"

# ---- what is refused --------------------------------------------------------------------------------
cp n.st kept.st
refuse() {
    run cnn-train --init w.st --net "$net" -o n.st "${@:3}"
    status "$1"
    err_has "cnn-train: $2"
    same n.st kept.st
}
refuse 64 'no DATASET: with --classes FILE or N a model is made without one' --epochs 0
refuse 64 'no DATASET: only --epochs 0 with --classes makes a model without one' --classes 10
refuse 64 '--val has no effect: it needs a DATASET' --classes 10 --epochs 0 --val digits:5
refuse 64 '--overfit has no effect: it needs a DATASET' --classes 10 --epochs 0 --overfit 5
refuse 64 '--shuffle has no effect: it needs a DATASET' --classes 10 --epochs 0 --shuffle 1
refuse 64 '--class-weights has no effect: it needs a DATASET' --classes 10 --epochs 0 --class-weights balanced
refuse 64 '--classes has no effect: it needs --target class' --classes 10 --epochs 0 --target vector
refuse 64 '--classes has no effect: it needs --target class' --classes 10 --target input --loss mse digits:20
refuse 64 "--classes: '0' is not in 1..1048576" --classes 0 --epochs 0
refuse 64 "--classes: '99999999999999999999' is *" --classes 99999999999999999999 --epochs 0
refuse 66 'missing.txt: No such file or directory' --classes missing.txt --epochs 0
refuse 65 "w.st: tensor 'fc.weight' is 10x676 in the file, the net wants 9x676*" --classes 9 --epochs 0
: >empty.txt
refuse 65 'empty.txt: no class names' --classes empty.txt --epochs 0
printf 'a\nb\na\n' >twice.txt
refuse 65 "twice.txt:3: *'a'*" --classes twice.txt --epochs 0
printf 'a\nb\033[31m\n' >raw.txt
refuse 65 'raw.txt:2: *' --classes raw.txt --epochs 0
run cnn-train -q --init m.st --classes twelve --epochs 0 -o n.st
status 66
run cnn-train -q --init m.st --classes 12 --epochs 0 -o n.st
status 65
err_is 'cnn-train: m.st: the net gives 10 outputs, --classes has 12 classes'
run cnn-train -q --net softmax --input 1x4x4 --classes 1 --epochs 0 -o n.st
status 65
err_is "cnn-train: --classes: a single class, '0': there is nothing to tell apart"
cp names.txt names.st
run cnn-train --net lenet5 --classes names.st --epochs 0 -o names.st
status 64
err_is 'cnn-train: --output would be written over what is read: names.st is the class list'
same names.st names.txt
run cnn-train --num-classes 10 digits:20 -o n.st
status 64
err_has 'cnn-train: unknown option --num-classes: it is --classes here, where no data say it'

# ---- with data: the list's order, and nothing that is not in it -------------------------------------
cnn-augment -q -o d digits:40 || fail "no images"
printf '%s\n' 9 8 7 6 5 4 3 2 1 0 none >order.txt
run cnn-train --threads 1 --epochs 1 --net softmax --classes order.txt d -o n.st
status 0
[ "$(names n.st)" = '9 8 7 6 5 4 3 2 1 0 none ' ] || fail "other names: $(names n.st)"
err_has 'cnn-train: 1 of 11 classes have no training samples: none'
head -n 7 order.txt >short.txt
run cnn-train -q --epochs 1 --net softmax --classes short.txt d -o n.st
status 65
err_has "cnn-train: *class '[012]' is not in the class list"
cnn-augment -q digits:40 | cnn-train -q --threads 1 --epochs 1 --shuffle 0 --net softmax --input 1x28x28 \
    --classes order.txt - -o n.st ||
    fail "a stream with a pinned list"
[ "$(names n.st)" = '9 8 7 6 5 4 3 2 1 0 none ' ] || fail "other names: $(names n.st)"
# A run that goes on with other names is another run.
goes_on() { run cnn-train -q --threads 1 --net softmax --checkpoint c.st --resume "$@" d -o n.st; }
goes_on --epochs 1 --classes order.txt
status 0
sed s/none/nil/ order.txt >other.txt
goes_on --epochs 2 --classes other.txt
status 65
goes_on --epochs 2 --classes order.txt
status 0
exit 0
