# Options without an effect in a command are errors that say what they need: those that depend on data, layers or devices.
. "$ROOT/tests/cli/lib.sh"
# refuse 'MESSAGE' PROGRAM ARGUMENT...
refuse() {
    run "${@:2}"
    status 64
    err_has "$2: $1"
    no_file x x.tar m
}
"$BUILD/helpers/make-model" 'input 1x28x28; flatten; dense 10' 0,1,2,3,4,5,6,7,8,9 d.st || fail make-model
cnn-augment -q -o photos digits:40 || fail cnn-augment
mkdir plain && cp photos/1/*/*.png photos/2/*/*.png plain && printf '0\n' >labels

# Labels from a file, for what is not IDX.
text='--labels has no effect: it needs IDX data, and photos is not (folder)'
refuse "$text" cnn-augment --labels labels photos -o x.tar
refuse "$text" cnn-split --labels labels photos -o x
refuse "$text" cnn-infer --labels labels d.st photos
refuse "$text" cnn-features -l output --labels labels d.st photos
{
    printf '\0\0\10\3\0\0\0\1\0\0\0\34\0\0\0\34'
    head -c 784 /dev/zero
} >images
printf '\0\0\10\1\0\0\0\1\5' >five
run cnn-infer -q --labels five --eval d.st photos images
status 0
run cnn-augment -q --labels five images
status 0

# Draws where nothing is drawn.
refuse '--seed has no effect: it needs an augmentation such as --rotate' cnn-augment --seed 0 photos -o x.tar
refuse '--epoch has no effect: it needs an augmentation such as --rotate' cnn-augment --epoch 3 -n 2 --rotate 0 photos -o x.tar
refuse '--elastic-grid has no effect: it needs --elastic' cnn-augment --elastic-grid 5 photos -o x.tar
run cnn-augment -q --seed 0 --epoch 1 --rotate 3 -o y.tar photos
status 0

# Classes that are not there, and a layer that is alone.
refuse '--no-stratify has no effect: it needs data with classes' cnn-split --no-stratify plain -o x
refuse '--allow-missing has no effect: it needs data with classes' cnn-split --allow-missing plain -o x
refuse '--concat has no effect: it needs several layers' cnn-features -l output --concat d.st photos

# No training.
train() { refuse "$1" cnn-train --net softmax photos -o m --epochs 0 "${@:2}"; }
for option in '--rate 0.1' '--rate 0.01' '--optimizer adam' '--momentum 0' --nesterov '--beta2 0.9' '--l1 1' '--l2 1' '--weight-decay 1' \
    '--clip-norm 1' '--clip-value 1' '--ema 0.9' '--schedule cosine' '--warmup 1' '--steps 3' '--accumulate 2' '--shuffle 0' \
    '--class-weights balanced' '--freeze a' '--keep last --val photos' '--patience 2 --val photos' '--log-every 3 --log l' \
    '--checkpoint-every 3 --checkpoint c' '--checkpoint c' '--checkpoint c --resume' '--curve c.png' --recompute; do
    # shellcheck disable=SC2086 # an option and its value
    train "${option%% *} has no effect with --epochs 0" $option
done
train 'an augmentation has no effect with --epochs 0' --rotate 3
train '--recipe net has no effect with --epochs 0' --recipe net
refuse '--curve has no effect with --epochs 0' cnn-train --net softmax --input 1x4x4 --classes 10 --epochs 0 --curve n.png -o m
refuse '--recipe net has no effect with --epochs 0' cnn-train --net softmax --input 1x4x4 --classes 10 --epochs 0 --recipe net -o m
no_file c c.png n.png
run cnn-train -q --net softmax photos -o m --epochs 0 --rotate 0 --seed 3 --batch 4 --threads 1
status 0
run cnn-train -q --net softmax photos --epochs 0 --recompute --recipe net --curve c.png --checkpoint c --plan
status 0

# Rates that the run does not come to.
rm -f m
refuse '--milestones: 2 does not come before 1' cnn-train --net softmax photos -o m --epochs 3 --schedule step --milestones 2,1
few() { run cnn-train --net softmax photos -o few.st --threads 1 --epochs 2 "$@" && status 0; }
few --schedule step --milestones 5
err_has 'cnn-train: no milestone is reached: the first is epoch 5, the run has 2'
few --warmup 5
err_has 'cnn-train: all of the run is warm-up: 5 epochs of 2'
few --schedule step --milestones 1,5 --warmup 1
err_lacks '*milestone is reached*'
err_lacks '*is warm-up*'

# All answers leave nothing to choose the best from, and a model has its shapes with it.
refuse '--top has no effect *' cnn-infer -k 2 --probabilities d.st photos
refuse '--input has no effect: it needs a net, and d.st is a file of tensors' cnn-inspect --input 3x9x9 d.st
refuse '--outputs has no effect: it needs a net, and d.st is a file of tensors' cnn-inspect --outputs 3 d.st
exit 0
