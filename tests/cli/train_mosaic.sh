# Samples as mosaics of four: the same model for any number of threads and after a stop, losses that fall, label images
# and images that go along, validation as it was, a recipe that says it, and what cannot be refused by name.
. "$ROOT/tests/cli/lib.sh"
shopt -s lastpipe
net='input 1x28x28; conv 6 5 stride=2; bn; relu; maxpool 2; flatten; dense classes'
train() { run cnn-train --recipe none --batch 32 --rate 0.05 --seed 3 "$@"; }

for threads in 1 2 4; do
    train --net "$net" --epochs 4 --mosaic 0.5 --zoom 1,1.5 --threads $threads --val digits:200:5 --log log digits:1003 -o threads$threads
    status 0
done
same threads1 threads2
same threads1 threads4
falls log 1 4 0.9
for p in 0 0.4; do
    train --net "$net" --epochs 4 --mosaic $p --zoom 1,1.5 --val digits:200:5 digits:1003 -o other$p
    status 0
done
train --net "$net" --epochs 4 --zoom 1,1.5 --val digits:200:5 digits:1003 -o without
status 0
for m in threads1 other0 other0.4 without; do
    cnn-inspect --tensors $m >$m.tensors || fail $m
done
same other0.tensors without.tensors
! cmp -s threads1.tensors other0.4.tensors && ! cmp -s threads1.tensors other0.tensors || fail 'the probability changes nothing'
run cnn-inspect --history threads1
out_has '*--mosaic=0.5*'
run cnn-infer --eval --json threads1 digits:200:5
status 0
top1=$(sed -n 's/.*"top1": \([0-9.]*\).*/\1/p' out)
[ -n "$top1" ] && grep -qF '"val_top1": '"$top1," log || fail "validation never says $top1, which --eval does"

# Stopped and resumed; with the other ways to mix.
long=(cnn-train -q --net "$net" --recipe none --batch 32 --rate 0.05 --epochs 80 --mosaic 0.5 --mixup 0.2 --cutmix 1 --threads 2)
"${long[@]}" digits:300 -o whole || fail 'the run that is left alone'
interrupted "${long[@]}" digits:300 -o parts
"${long[@]}" --checkpoint c --checkpoint-every 1000 --resume digits:300 -o parts || fail 'resumed'
same whole parts
run "${long[@]}" --checkpoint c --resume --mosaic 0.6 digits:300 -o parts
status 65
err_has 'cnn-train: c: cannot go on: *'

# From a stream, in its order; fewer samples than four stay as they are.
cnn-augment -q digits:200 >digits.tar || fail cnn-augment
for data in digits.tar -; do
    train -q --net "$net" --epochs 1 --shuffle 0 --mosaic 1 --val digits:50 "$data" -o "m$data" <digits.tar
    status 0
done
same mdigits.tar m-
for p in 0 1; do
    train -q --net "$net" --epochs 2 --mosaic $p digits:3 -o few$p
    status 0
    cnn-inspect --tensors few$p >few$p.tensors || fail few
done
same few0.tensors few1.tensors

# Images with labels of pixels: dark squares on light ground and the other way round, to be told by the ground.
mkdir seg
for k in $(seq 20 59); do
    square=$((k % 2 ? 40 : 210)) ground=$((k % 2 ? 210 : 40))
    for kind in pgm mask.pgm; do
        {
            echo P2 12 12 255
            for y in $(seq 12); do
                for x in $(seq 12); do
                    in=$((x > k % 5 + 1 && x < k % 5 + 7 && y > k % 3 && y < k % 3 + 8))
                    if [ $kind = pgm ]; then echo $((in ? square : ground)); else echo $((in ? k % 2 + 1 : 0)); fi
                done
            done
        } >seg/$k.$kind
    done
done
{ printf 'path\tmask.seg\n' && for k in $(seq 20 59); do printf '%d.pgm\t%d.mask.pgm\n' "$k" "$k"; done; } >seg/list.tsv
segments='input 1x12x12; conv 12 5 pad=2; relu; conv 12 5 pad=2; relu; m: conv 3 1; xent on=m target=mask'
train --net "$segments" --target vector --epochs 30 --batch 8 --mosaic 0.5 --log log seg/list.tsv -o seg.st
status 0
falls log 1 30 0.7
# An autoencoder's target is what the net sees.
train --net 'input 1x28x28; conv 4 3 pad=1; relu; conv 1 3 pad=1' --loss mse --target input --epochs 4 --mosaic 1 --noise 0.1 --log log digits:200 -o auto.st
status 0
falls log 1 4

# A net's recipe says it, and an option something else.
recipe='input 1x28x28; recipe rate=0.05 batch=32 mosaic=0.5; conv 4 5 stride=4; relu; flatten; dense classes'
run cnn-train --net "$recipe" --epochs 2 digits:64 -o m
status 0
err_has '*--mosaic 0.5*'
run cnn-train --net "$recipe" --epochs 2 --mosaic 0 digits:64 -o m
status 0
err_lacks '*recipe*--mosaic*'
run cnn-train --plan --net "$recipe" --mosaic 1 digits:64 -o m
status 0
run cnn-train --net "$recipe" --epochs 1 --batch 3 digits:8 -o m
status 0
err_lacks '*recipe*--mosaic*'
run cnn-train --net "$recipe" --epochs 1 --batch 4 digits:8 -o m
status 0
err_has '*recipe*--mosaic 0.5*'

# What cannot be.
for bad in -0.1 x nan 1.5; do
    train --net "$net" --mosaic $bad digits:64 -o none
    status 64
    err_has "cnn-train: --mosaic: *"
done
train --net "$net" --batch 3 --mosaic 1 digits:64 -o none
status 64
err_has 'cnn-train: --mosaic has no effect: it mixes 4 samples of a batch of 3'
printf '0.5 1:1 2:2\n-1.25 2:3\n2 1:4 2:1\n0.25 1:1 2:1\n' >numbers.svm
train --net 'dense 1' --target vector --loss mse --mosaic 1 numbers.svm -o none
status 64
err_has 'cnn-train: --mosaic mixes images: the net takes vectors'
train --net 'input 1x28x28 rows=2; rowpool max; flatten; dense classes' --mosaic 1 digits:64 -o none
status 64
err_has 'cnn-train: --mosaic cannot mix samples of several rows'
{ printf 'path\tmiddle.points\n' && for k in $(seq 20 59); do printf '%d.pgm\t4 4\n' "$k"; done; } >seg/points.tsv
train --net 'input 1x12x12; flatten; dense 2; mse target=middle' --target vector --mosaic 1 seg/points.tsv -o none
status 65
err_has "cnn-train: *: --mosaic cannot mix points as numbers: 'middle'"
no_file none
run cnn-augment --mosaic 1 digits:4
status 64
err_has 'cnn-augment: unknown option --mosaic: cnn-train mixes the samples of a batch'
run cnn-train --help
out_has '*--mosaic P*'
