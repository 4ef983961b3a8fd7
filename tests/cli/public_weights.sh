# Public ResNet-20 weights, loaded by their names, answer as published: 91.7 % on the lossless test set, about 81 %
# on this lossy copy of it.
. "$ROOT/tests/cli/lib.sh"
need_data resnet20-cifar10
weights=$data/resnet20.safetensors
need_data cifar10-jpeg
run cnn-train -q --net resnet20 --init "$weights" --epochs 0 "$data/test.tar" -o model.safetensors
status 0
run cnn-infer -q --eval --gate 'top1>=0.80' --gate 'top5>=0.98' model.safetensors "$data/test.tar"
status 0
out_has 'samples    10000'
