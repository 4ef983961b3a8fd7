# --size: nets that take images of any size do so at another than the model's, as if its input line said it.
. "$ROOT/tests/cli/lib.sh"
net='conv 8 3 stride=2 pad=1; bn; relu; conv 16 3 stride=2 pad=1; relu; avgpool global; fc: dense classes'
cnn-train -q --threads 1 --net "input 1x28x28 resize=32; $net" --epochs 1 -o m.st digits:600:1
for side in 28x28 56x56 40x64; do
    resize=$((${side%x*} * 32 / 28))
    [ $side = 40x64 ] && resize=0
    cnn-train -q --threads 1 --net "input 1x$side resize=$resize; $net" --init m.st --epochs 0 --classes 10 -o $side.st
    cnn-infer --probabilities --size $side m.st digits:20:2 >by-option
    cnn-infer --probabilities $side.st digits:20:2 >by-model
    same by-option by-model
    cnn-features -q --size $side --layer relu2 m.st digits:20:2 -o by-option.npy
    cnn-features -q --layer relu2 $side.st digits:20:2 -o by-model.npy
    same by-option.npy by-model.npy
done
cnn-infer --probabilities m.st digits:20:2 >own
cnn-infer --probabilities --size 28 m.st digits:20:2 >by-option
same own by-option
cnn-infer --probabilities --size model m.st digits:20:2 >by-option
same own by-option
run cnn-infer --eval --size 56 m.st digits:100:3
status 0
out_has 'top1*'

# Those that do not.
cnn-train -q --net lenet5 --epochs 0 -o lenet5.st digits:20:1
run cnn-infer --size 32 lenet5.st digits:2:1
status 65
out_is ''
err_is 'cnn-infer: lenet5.st: --size: fc1 reads all of the plane before it, so that the net takes images of 28x28 alone'
run cnn-infer --size 28 lenet5.st digits:2:1
status 0
run cnn-infer --size 4 lenet5.st digits:2:1
status 65
err_has '*--size 4x4*'
run cnn-infer --size 0 m.st digits:2:1
status 64
run cnn-infer --size native m.st digits:2:1
status 64
run cnn-infer --selftest --size 28 m.st
status 64
