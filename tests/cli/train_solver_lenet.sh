# The solver of Caffe's LeNet, as far as forty iterations go, on the samples that its data layers would have.
. "$ROOT/tests/cli/lib.sh"
need_data caffe
cp "$data/lenet/lenet_train_test.prototxt" .
need_data mnist
cat >lenet_solver.prototxt <<'END'
# The train/test net protocol buffer definition
net: "examples/mnist/lenet_train_test.prototxt"
test_iter: 100
test_interval: 500
# The base learning rate, momentum and the weight decay of the network.
base_lr: 0.01
momentum: 0.9
weight_decay: 0.0005
lr_policy: "inv"
gamma: 0.0001
power: 0.75
max_iter: 40
solver_mode: GPU
END
run cnn-train --solver lenet_solver.prototxt "$data/train-images-idx3-ubyte.gz" -o lenet.safetensors
status 0
err_has 'cnn-train: recipe of lenet_solver.prototxt: --rate 0.01 --schedule inverse --schedule-unit step --gamma 0.0001 --power 0.75 --momentum 0.9 --weight-decay 0.0005 --steps 40 --net lenet_train_test.prototxt'
run cnn-infer --eval lenet.safetensors "$data/t10k-images-idx3-ubyte.gz"
status 0
awk '$1 == "top1" { exit !($2 > 0.8) }' out || fail 'it answers less than 80 of 100 digits'
