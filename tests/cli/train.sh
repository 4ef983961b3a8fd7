# cnn-train: what it writes and says; every mistake with its status and message.
. "$ROOT/tests/cli/lib.sh"
net='input 1x28x28; conv1: conv 4 5 stride=2; relu; maxpool 2; fc: dense 10'
train() { run cnn-train --net "$net" --batch 32 --rate 0.05 --threads 2 "$@"; }

# A run, its model, its log and its curve.
train digits:400 --val digits:100:9 --epochs 3 -o m.safetensors --log log --log-every 5 --curve c.png
status 0
err_has 'epoch 1/3: loss *, top-1 * %, val loss *, val top-1 * %, * s, best so far'
err_has 'epoch 3/3: loss *'
[ "$(grep -c '"event": "epoch"' log)" -eq 3 ] || fail 'the log has not three epochs'
[ "$(grep -c '"event": "step"' log)" -eq 7 ] || fail 'the log has not seven lines of steps'
grep -q '^{"event": "start", "version": "[^"]*", "command": "cnn-train [^"]*", "net": "net", "parameters": [0-9]*, "recipe": "--weight-decay [^"]*", "options": {.*}, "data": {"path": "digits:400", "samples": 400, "list": "[0-9a-f]*"}, "val": {"path": "digits:100:9", "samples": 100, "list": "[0-9a-f]*"}, "seed": 0, "threads": 2, "isa": "[a-z0-9]*", "device": "cpu", "resumed": false}$' log ||
    fail 'the log does not say how it starts'
[ "$(grep -c '"images_per_second": ' log)" -eq 3 ] || fail 'the log has no images/s'
tail -n 1 log | grep -q '^{"event": "end", "why": "epochs", "epochs": 3, "steps": 39, "best": 3, "data": {"hash": "[0-9a-f]*", "samples": 400}, "val": {"hash": "[0-9a-f]*", "samples": 100}, "seconds": [0-9.e-]*}$' || fail 'the log does not say how it ended'
[ "$(head -c 4 c.png | tail -c 3)" = PNG ] || fail 'no curve'
ls >listing
! grep -v -E '^(m.safetensors|log|c.png|out|err|listing)$' listing || fail 'something is left over'
train -q digits:64 --epochs 1 -o quiet.safetensors
status 0
silent

# Accuracy in training: at rate 0 it is that of the net on the same samples, also with smoothed labels; none without classes.
for loss in xent 'xent smooth=0.2' bce; do
    train digits:150 --val digits:150 --init m.safetensors --rate 0 --epochs 1 --loss "$loss" -o still.safetensors --log still
    status 0
    of() { grep -o "\"$1\": [0-9.]*" still | tail -n 1 | cut -d ' ' -f 2; }
    [ "$(of train_top1)" ] && [ "$(of train_top1)" = "$(of val_top1)" ] || fail "training's $(of train_top1) is not $(of val_top1)"
done
train -q digits:64 --net 'input 1x28x28; dense 784' --target input --loss mse --epochs 1 -o auto.safetensors --log auto
status 0
! grep -q top1 auto || fail 'an accuracy without classes'

# Mistakes on the command line.
usage() { err_has "cnn-train: $1" && status 64 && no_file x; }
run cnn-train digits:10 -o x && usage 'no net: --net *'
run cnn-train --net lenet5 -o x && usage 'no DATASET'
train digits:10 digits:10 -o x && usage 'more than one DATASET'
train digits:10 && usage 'no output: -o MODEL *'
train digits:10 -o x --rate fast && usage "--rate: 'fast' is not a number"
train digits:10 -o x --optimizer sdg && usage "--optimizer: 'sdg' is none of sgd, adagrad, *"
train digits:10 -o x --resume && usage '--resume has no effect: it needs --checkpoint'
train digits:10 -o x --patience 2 && usage '--patience has no effect: it needs --val'
train digits:10 -o x --allow-new 'a*' && usage '--allow-new has no effect: it needs --init'
train digits:10 -o x --nesterov --optimizer adam && usage '--nesterov has no effect: it needs --optimizer sgd or lars'
train digits:10 -o x --schedule step && usage '--schedule step needs --milestones or --step-size'
train digits:10 -o x --checkpoint-every 5 && usage '--checkpoint-every has no effect: it needs --checkpoint'
train digits:10 -o x --checkpoint c --checkpoint-every 5m && usage "--checkpoint-every: '5m' is neither *"
train digits:10 -o x --on-bad ignore && usage "--on-bad: 'ignore' is none of *"
train digits:10 -o x --class-weights 1,2 && usage '--class-weights: 2 numbers for 10 classes: *'
train digits:10 -o x --class-weights heavy && usage "--class-weights: 'heavy' is neither *"
train digits:10 -o x --class-weights 1,2,3,4,5,6,7,8,9,1, && usage '--class-weights: * ends in a comma'
# An option that has no effect says what it needs.
useless() { # 'WHAT IT NEEDS' OPTION VALUE OTHERS...
    train digits:10 -o x "${@:2}" && usage "$2 has no effect: it needs $1"
}
useless '--schedule step' --milestones 2
useless '--schedule step' --milestones 2 --schedule cosine
useless '--schedule step, exponential, inverse or sigmoid' --gamma 0.5
useless '--schedule polynomial or inverse' --power 2
train digits:10 -o x --final-rate 0.1 --schedule constant && usage '--final-rate has no effect: it needs --schedule polynomial, cosine*'
useless '--optimizer sgd, rmsprop or lars' --momentum 0.5 --optimizer adam
useless '--optimizer adam, adamw, radam or lamb' --beta1 0.5
useless '--optimizer adam, adamw, radam or lamb' --beta2 0.999
useless '--optimizer lars' --trust 0.5
useless '--optimizer adadelta or rmsprop' --rho 0.5
useless '--val' --monitor val_top1
useless '--val' --keep last
useless '--log' --log-every 100
train digits:10 -o x --fill white && usage '--fill has no effect: it needs an augmentation *'
CNN_ISA=avx3 train digits:10 -o x && usage "CNN_ISA in the environment: 'avx3' is none of *"
train digits:10 -o x --freeze 'nothing*' && usage "freeze pattern 'nothing\*' matches no parameter"
train digits:10 -o x --freeze '*' && usage 'nothing to train: *'

# Inputs that are not there or do not fit.
train nowhere -o x && status 66 && err_has 'cnn-train: nowhere: *'
train digits:10 --val nowhere -o x && status 66
run cnn-train --net no-such-net digits:10 -o x && status 66
run cnn-train --net 'input 1x28x28; dense 7' digits:10 -o x
status 65
err_has 'cnn-train: *: the net gives 7 outputs, digits:10 has 10 classes'
no_file x

# Outputs that cannot be are found before any training.
for option in -o --checkpoint --curve; do
    train digits:100000000 -o x $option no/such/folder/x.png
    status 73
    err_has 'cnn-train: no/such/folder/x.png: *'
done
train digits:100 -o x --log no/such/folder/x
status 73
no_file x

# A log takes the place of a log only; no output goes to standard output; a file that may not grow is an error.
cp m.safetensors keep
for again in '' '--checkpoint c --resume'; do
    # shellcheck disable=SC2086 # words
    train digits:10 -o x --log keep $again
    status 73
    err_is 'cnn-train: keep: there already, and not the log of a run'
done
same keep m.safetensors
rm keep
: >empty
train -q digits:64 --epochs 1 -o x --log empty && status 0
train -q digits:64 --epochs 1 -o x --log empty && status 0
rm x empty
for option in --output --checkpoint --log --curve; do
    train digits:10 -o x $option -
    status 64
    err_is "cnn-train: $option -: not to standard output; ./- is a file of that name"
done
run bash -c 'ulimit -f 4; cnn-train -q --net "$1" --epochs 1 --checkpoint big digits:64 -o x' - "$net"
status 74
err_is 'cnn-train: big: File too large'
no_file x - big*

# No output goes over another, however it is spelled.
for same in x ./x "$PWD/x"; do
    train digits:10 -o x --checkpoint $same && status 64
    err_has "cnn-train: --output and --checkpoint are the same file: $same"
done
train digits:10 -o x --checkpoint c --curve ./c && status 64
train digits:10 -o x --log x && status 64
no_file x c
ln -s m.safetensors alias
train digits:10 -o m.safetensors --checkpoint alias --resume && status 64
rm alias

# A checkpoint that is there is gone on from or left alone; one that cannot be read is not absent.
cp m.safetensors c
train digits:10 -o x --checkpoint c
status 73
err_has 'cnn-train: c: there already: --resume goes on from it; *'
same c m.safetensors
train digits:10 -o x --checkpoint c --resume && status 65
rm c && ln -s c c
train digits:10 -o x --checkpoint c --resume && status 66
err_has 'cnn-train: c: *'
rm c
no_file x
: >c
train digits:10 -o x --epochs 1 --checkpoint c && status 0
[ -s c ] || fail 'no checkpoint in an empty file'
rm x c

# A rate that blows up: the step and a hint, and what was there stays.
cp m.safetensors before
train digits:400 --rate 1e30 -o m.safetensors --checkpoint c --epochs 20
status 70
err_has 'cnn-train: * finite * a lower --rate (now *) or --clip-norm may help'
same m.safetensors before

# Frozen tensors keep their bits; --init and --allow-new.
run cnn-train --init m.safetensors digits:100 --epochs 1 --freeze 'conv1.*' -o frozen.safetensors --threads 1
status 0
if command -v python3 >/dev/null; then
    [ "$(differing m.safetensors frozen.safetensors)" = 'fc.bias fc.weight' ] || fail 'what is frozen was trained'
fi
other=${net/dense 10/dense 20; relu; out: dense 10}
run cnn-train --net "$other" --init m.safetensors digits:64 -o x
status 65
err_has "cnn-train: m.safetensors: tensor 'fc.weight' is 10x* in the file, the net wants 20x*"
no_file x
run cnn-train --net "$other" --init m.safetensors --allow-new 'fc.*' --allow-new 'out.*' digits:64 --epochs 1 -o new.safetensors
status 0
err_has 'cnn-train: * of * tensors from m.safetensors; 4 start afresh: *'

# Class weights and targets.
train digits:200 --class-weights balanced --epochs 1 -o w.safetensors && status 0
train digits:200 --class-weights 1,1,1,1,1,1,1,1,1,2 --epochs 1 -o w.safetensors && status 0
for c in 0 1 2 3 4 5 6 7 8; do printf '%s\t1\n' $c; done >weights
train digits:200 --class-weights weights --epochs 1 -o x && status 65 && err_has "cnn-train: weights: no weight for class '9'"
printf '9\t2\n' >>weights
train digits:200 --class-weights weights --epochs 1 -o w2.safetensors && status 0
run cnn-train --net 'input 1x28x28; dense 16; relu; dense 784; mse' --target input digits:64 --epochs 1 --rate 0.001 -o auto.safetensors
status 0

# Accumulated batches are one large batch, up to rounding.
train digits:256 --epochs 1 --batch 64 -o one.safetensors --log one && status 0
train digits:256 --epochs 1 --batch 16 --accumulate 4 -o four.safetensors --log four && status 0
one=$(grep -o '"loss": [0-9.]*' one) four=$(grep -o '"loss": [0-9.]*' four)
[ "${one:0:12}" = "${four:0:12}" ] || fail "accumulated: $four, at once: $one"

# The sanity run.
train digits:100 --overfit 8 && status 0 && err_has 'cnn-train: learned 8 samples by heart in *'
train digits:100 --overfit 50 --steps 3
status 1
err_has 'cnn-train: did not learn 50 samples by heart in * steps: *'

# The plan goes to standard output and trains nothing.
train digits:100 --plan -o x --optimizer adam
status 0
silent
out_has '*: 1x28x28 to 10, * parameters, batches of 32'
out_has 'optimizer state *'
out_has 'in all *'
no_file x

# Bad samples: named and fatal, or left out and listed.
need tar
cnn-augment digits:60 >digits.tar && mkdir loose && tar xf digits.tar -C loose || fail 'cnn-augment or tar'
find loose -name '*.pgm' | sort | while read -r picture; do
    printf '%s\t%s\n' "$picture" "$(cat "${picture%.pgm}.cls")"
done >list.tsv
broken=$(sed -n 17p list.tsv | cut -f 1)
head -c 300 "$broken" >half && mv half "$broken"
train list.tsv --epochs 2 -o x
status 65
err_has "cnn-train: *$broken*"
no_file x
train list.tsv --epochs 2 -o skipping --on-bad list=bad.txt
status 0
[ "$(cat bad.txt)" = "$broken" ] || fail 'the list is not the broken file once'
# Also where the first one is not there at all.
{ printf 'absent.pgm\t3\n' && grep -v "^$broken" list.tsv; } >absent.tsv
train absent.tsv --epochs 1 -o x
status 66
train absent.tsv --net 'dense 10' --epochs 1 -o skipping --on-bad list=bad.txt
status 0
[ "$(cat bad.txt)" = absent.pgm ] || fail 'the list is not the absent file once'
train absent.tsv --overfit 59 --steps 2 --on-bad skip
status 1
