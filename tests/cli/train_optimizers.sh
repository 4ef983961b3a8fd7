# Every optimizer: the same bytes for any number of threads, and after a stop between two epochs.
. "$ROOT/tests/cli/lib.sh"
run cnn-train digits:10 -o x --net 'dense 10' --optimizer none
status 64
names=$(sed -n "s/.* is none of //p" err | tr -d ,)
case " $names " in *' sgd '*' lars '*) ;; *) fail "no optimizers: $names" ;; esac
train() {
    run cnn-train -q --net 'input 1x28x28; dense 32; bn; relu; dense 10' --recipe none --batch 16 --optimizer "$@" digits:64
    status 0
}
for name in $names; do
    train "$name" --epochs 2 --threads 1 -o one
    train "$name" --epochs 2 --threads 3 -o three
    same one three
    train "$name" --epochs 1 --threads 2 --checkpoint c -o half
    train "$name" --epochs 2 --threads 2 --checkpoint c --resume -o resumed
    run cnn-inspect --diff one resumed
    status 0
    rm c
done
exit 0
