# Samples of a batch mixed with one another: the same model for any number of threads and after a stop, losses of every
# kind that fall, validation as it was, a recipe that says it, and what cannot be mixed refused by name.
. "$ROOT/tests/cli/lib.sh"
shopt -s lastpipe
net='input 1x28x28; conv 6 5 stride=2; bn; relu; maxpool 2; flatten; dense classes'
train() { run cnn-train --recipe none --batch 32 --rate 0.05 --seed 3 "$@"; }
mixing=(--mixup 0.4 --cutmix 1)

for threads in 1 2 4; do
    train --net "$net" --epochs 4 "${mixing[@]}" --rotate 10 --threads $threads --val digits:200:5 --log log digits:1003 -o threads$threads
    status 0
done
same threads1 threads2
same threads1 threads4
falls log 1 4
train --net "$net" --epochs 4 --mixup 0.4 --rotate 10 --threads 1 --val digits:200:5 digits:1003 -o one
status 0
for m in threads1 one; do
    cnn-inspect --tensors $m >$m.tensors || fail $m
done
! cmp -s threads1.tensors one.tensors || fail 'cutmix changes nothing'
run cnn-inspect --history threads1
out_has '*--mixup=0.4*'
out_has '*--cutmix=1*'

# What is right is right at most as often as the larger share is in sight, and validation is of samples as they are.
run cnn-infer --eval --json threads1 digits:200:5
status 0
top1=$(sed -n 's/.*"top1": \([0-9.]*\).*/\1/p' out)
[ -n "$top1" ] && [ "$(logged val_top1 4 log)" = "$top1" ] || fail "validation says $(logged val_top1 4 log), --eval $top1"
awk -v a="$(logged train_top1 4 log)" 'BEGIN { exit !(a > 0.3 && a < 1) }' || fail "train_top1 $(logged train_top1 4 log)"

# Stopped and resumed.
long=(cnn-train -q --net "$net" --recipe none --batch 32 --rate 0.05 --epochs 80 "${mixing[@]}" --threads 2)
"${long[@]}" digits:300 -o whole || fail 'the run that is left alone'
interrupted "${long[@]}" digits:300 -o parts
"${long[@]}" --checkpoint c --checkpoint-every 1000 --resume digits:300 -o parts || fail 'resumed'
same whole parts
run "${long[@]}" --checkpoint c --resume --mixup 0.5 digits:300 -o parts
status 65
err_has 'cnn-train: c: cannot go on: *'

# From a stream, in its order.
cnn-augment -q digits:200 >digits.tar || fail cnn-augment
for data in digits.tar -; do
    train -q --net "$net" --epochs 1 --shuffle 0 --mixup 0.4 --val digits:50 "$data" -o "m$data" <digits.tar
    status 0
done
same mdigits.tar m-

# Every loss of classes takes the shares; so do weights of classes, and one output for two classes.
for loss in 'xent smooth=0.1' bce mse hinge; do
    train --net "$net" --loss "$loss" --epochs 4 "${mixing[@]}" --class-weights balanced --log log digits:600 -o m
    status 0
    falls log 1 4 0.95
done
printf '1 1:1 2:2\n1 1:1.5 2:2.5\n0 1:-1 2:-2\n0 1:-2 2:-1\n' >pair.svm
for loss in bce hinge; do
    train -q --net 'dense 1' --loss $loss --epochs 60 --batch 4 --mixup 0.3 --class-weights balanced pair.svm -o m
    status 0
    run cnn-infer --eval --gate 'top1>=1' m pair.svm
    status 0
done

# Numbers are blended as numbers.
printf '0.5 1:1 2:2\n-1.25 2:3\n2 1:4 2:1\n0.25 1:1 2:1\n' >numbers.svm
train --target vector --net 'dense 1' --loss mse --epochs 200 --batch 4 --mixup 1 --log log numbers.svm -o m
status 0
falls log 1 200

# A net's recipe says it, and an option something else.
recipe='input 1x28x28; recipe rate=0.05 batch=32 mixup=0.2; conv 4 5 stride=4; relu; flatten; dense classes'
run cnn-train --net "$recipe" --epochs 2 --batch 32 digits:64 -o by-recipe
status 0
err_has '*--mixup 0.2*'
run cnn-train --net "$recipe" --epochs 2 --batch 32 --mixup 0 digits:64 -o m
status 0
err_lacks '*recipe*--mixup*'
run cnn-train --plan --net "$recipe" --batch 32 --mixup 1 digits:64 -o m
status 0
run cnn-train --net "$recipe" --epochs 1 --batch 1 digits:8 -o m
status 0
err_lacks '*recipe*--mixup*'

# What cannot be.
for bad in -1 x nan 1001; do
    train --net "$net" --mixup $bad digits:64 -o none
    status 64
    err_has "cnn-train: --mixup: *"
done
train --net 'dense 1' --target vector --loss mse --cutmix 1 numbers.svm -o none
status 64
err_has 'cnn-train: --cutmix mixes images: the net takes vectors'
train --net "$net" --epochs 0 --mixup 1 digits:64 -o none
status 64
mkdir seg
for k in 1 2 3 4; do
    printf 'P5 2 2 255 \060\040\060\040' >seg/$k.pgm
    cp seg/$k.pgm seg/$k.mask.pgm
done
printf 'path\tmask.seg\n' >seg/list.tsv
for k in 1 2 3 4; do printf '%d.pgm\t%d.mask.pgm\n' $k $k; done >>seg/list.tsv
segments=(--net 'input 1x2x2; m: conv 64 1; xent on=m target=mask' --target vector --epochs 2 --batch 2)
train "${segments[@]}" --mixup 1 seg/list.tsv -o none
status 64
err_has "cnn-train: --mixup cannot mix the field 'mask' (labels)"
train "${segments[@]}" --cutmix 1 seg/list.tsv -o m
status 0
no_file none
# Losses that take classes as they are.
for loss in triplet contrastive; do
    train --net "input 1x28x28; flatten; dense $([ $loss = triplet ] && echo 4 || echo 1)" --loss $loss --epochs 1 --mixup 1 digits:64 -o none
    status 64
    err_has "cnn-train: --mixup cannot mix the field 'class' (class)"
done
run cnn-augment --cutmix 1 digits:4
status 64
err_has 'cnn-augment: unknown option --cutmix: cnn-train mixes the samples of a batch'
run cnn-train --help
out_has '*--mixup ALPHA*'
out_has '*--cutmix ALPHA*'
run cnn-augment --options
out_lacks '--mixup*'
