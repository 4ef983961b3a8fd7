# cnn-inspect --saliency: pictures and numbers of what speaks for a class; its mistakes.
. "$ROOT/tests/cli/lib.sh"
make() { "$BUILD/helpers/make-model" "$@" || fail "make-model $*"; }
make 'input 3x24x24; conv1: conv 6 3 pad=1; bn; relu; maxpool 2; last: conv 8 3 pad=1; relu; avgpool global; fc: dense 3' \
    ant,bee,wasp m.st
cnn-augment -q -n 1 -o photos digits:4 || fail cnn-augment
cp "$(find photos -name '*.png' | sort | head -n 1)" one.png
magic() { [ "$(head -c "$2" "$1")" = "$3" ] || fail "$1 does not begin with $3"; }

# One image: a picture by its ending, or numbers; the line says which class.
methods=$(cnn-inspect --options | awk -F '\t' '$1 == "--saliency"' | grep -o 'none[^[:space:]]*' | head -n 1 | tr '|' ' ')
for method in ${methods#none }; do
    run cnn-inspect --saliency "$method" m.st one.png "$method.png"
    status 0
    silent
    out_has '*one	[012]	[abw]*	0.*	*'
    magic "$method.png" 4 "$(printf '\x89PNG')"
    run cnn-inspect --saliency "$method" --class bee m.st one.png "$method.npy"
    status 0
    out_has '*one	1	bee	0.*	*'
    grep -qaE "'shape': \((3, )?24, 24\)" "$method.npy" || fail "$method.npy has another shape"
    run cnn-inspect --saliency "$method" --class 1 -t 1 m.st one.png "again.npy"
    status 0
    same "$method.npy" again.npy
done
[ "$(printf '%s\n' $methods | wc -l)" -ge 8 ] || fail "methods: $methods"
for form in 'svg <svg' 'pdf %PDF'; do
    run cnn-inspect --saliency gradient m.st one.png "a.${form%% *}"
    status 0
    grep -qa "${form##* }" "a.${form%% *}" || fail "a.${form%% *} is none"
done

# Several: a folder, whole or not at all; from a pipe, too.
run cnn-inspect --saliency gradcam m.st photos maps
status 0
[ "$(find maps -name '*.png' | wc -l)" -eq 4 ] || fail 'no picture for each'
run cnn-inspect --saliency gradcam --format npy m.st photos numbers
status 0
[ "$(find numbers -name '*.npy' | wc -l)" -eq 4 ] || fail 'no numbers for each'
cnn-augment -q -n 1 digits:4 >photos.tar || fail cnn-augment
run cnn-inspect --saliency gradcam --format npy m.st - piped <photos.tar
status 0
[ "$(find piped -name '*.npy' | wc -l)" -eq 4 ] || fail 'not all of a pipe'
run cnn-inspect --saliency gradcam m.st photos x.png
status 64
err_is 'cnn-inspect: x.png: there are several images, for which it must be a folder'
no_file x.png
printf 'no image' >broken.png
run cnn-inspect --saliency gradcam m.st one.png broken.png x
status 65
err_has 'cnn-inspect: broken.png: *'
no_file x
run cnn-inspect --saliency gradcam m.st photos maps
status 73

# refuse STATUS 'MESSAGE' ARGUMENT...
refuse() {
    run cnn-inspect "${@:3}"
    status "$1"
    err_has "cnn-inspect: $2"
    no_file x.png x.npy x
}
refuse 65 'broken.png: *' --saliency gradient m.st broken.png x.png
refuse 66 'none.png: *' --saliency gradient m.st none.png x.png
refuse 66 '*none.st*' --saliency gradient none.st one.png x.png
refuse 64 "x.jpg: a picture's name ends in .png, .svg or .pdf, that of numbers in .npy" --saliency gradient m.st one.png x.jpg
refuse 64 "--class 'be': m.st has no such class (did you mean bee?); numbers are 0 to 2" --saliency gradient --class be m.st one.png x.png
refuse 64 "--class '3': m.st has no such class*" --saliency gradient --class 3 m.st one.png x.png
refuse 64 "--layer 'lost': m.st has no such layer (did you mean last?); it has *" --saliency gradcam --layer lost m.st one.png x.png
refuse 64 "--layer 'fc': its output, 3, has no planes to look at" --saliency gradcam --layer fc m.st one.png x.png
refuse 64 "--layer 'input': the scores of classes are not made of it" --saliency gradcam --layer input m.st one.png x.png
refuse 65 "--saliency cam: m.st: behind 'conv1' come other layers than a mean of planes and one dense layer; gradcam is for all nets" \
    --saliency cam --layer conv1 m.st one.png x.png
refuse 64 '--format has no effect: it needs a folder, and x.png is none' --saliency gradient --format npy m.st one.png x.png
refuse 64 '--patch has no effect: it needs --saliency occlusion' --saliency gradient --patch 3 m.st one.png x.png
refuse 64 '--class has no effect: it needs --saliency or --fool' --class bee m.st
refuse 64 'it takes a model, images, and a picture or a folder to write' --saliency gradient m.st x.png
refuse 64 'what is seen is a picture only: *' --saliency gradient --layers m.st one.png x.png
refuse 64 'the picture would be written over what is read: one.png is *' --saliency gradient m.st one.png one.png
refuse 66 'lenet5: no such file; *' --saliency gradient lenet5 one.png x.png

make 'input 3x24x24; conv 4 3; tanh; flatten; dense 3' - tanh.st
refuse 65 '--saliency guided: tanh.st: the net has no relu or relu6, whose gradients it changes' --saliency guided tanh.st one.png x.png
refuse 64 "--class 'bee': tanh.st has no class list, so that classes are numbers, 0 to 2" --saliency gradient --class bee tanh.st one.png x.png
run cnn-inspect --saliency occlusion --class 2 tanh.st one.png numbers.png
status 0
out_has '*	2		0.*	*'
make 'input 12; dense 3' - vector.st
refuse 65 'vector.st: no layer before the scores has planes to look at' --saliency gradcam vector.st one.png x.npy
refuse 65 'vector.st: inputs of 12 channels are not seen in a picture: .npy has the numbers' --saliency gradient vector.st one.png x.png
cnn-train -q --net 'input a 1x8x8; input b 1x8x8; concat from=a,b; dense classes' --epochs 0 --classes 2 -o two.st || fail cnn-train
refuse 65 'two.st: the net has 2 inputs, and not one that is the image' --saliency gradient two.st one.png x.png

# An answer for every pixel: the mean over all places.
make 'input 3x24x24; conv1: conv 6 3 pad=1; relu; conv 3 1; xent target=seg' - pixels.st
for method in gradient gradcam occlusion; do
    run cnn-inspect --saliency $method --class 1 pixels.st one.png pixels-$method.png
    status 0
    out_has '*	1		-	*'
done

cnn-train -q --net 'input 1x28x28; flatten; dense classes' --epochs 20 --rate 0.1 digits:400 -o digits.st || fail cnn-train
# Fooled: the class is believed, by the numbers as they are written, within the limit.
for method in fgsm iterated; do
    run cnn-inspect --fool $method --class wasp m.st one.png fooled.png
    status 0
    out_has '*one	2	wasp	0.*	*'
    magic fooled.png 4 "$(printf '\x89PNG')"
done
run cnn-inspect --fool iterated --class wasp --steps 20 m.st noise:2 fooled
status 0
[ "$(find fooled -name '*.png' | wc -l)" -eq 2 ] || fail 'no image for each noise'
run cnn-inspect --fool iterated --class 3 digits.st noise fooled.npy
status 0
cut -f 4 out >believed
grep -q '^0\.9[89]' believed || fail "only $(cat believed) are believed"
run cnn-infer --probabilities digits.st fooled.npy
status 0
cut -f 6 out | cut -c 1-6 >seen
grep -qxF "$(cut -c 1-6 believed)" seen || fail "believed $(cat believed), seen $(cat seen)"
refuse 64 '--fool needs --class, what the net is to take the image for' --fool fgsm m.st one.png x.png
refuse 64 "noise:0: *" --fool fgsm --class bee m.st noise:0 x
refuse 64 '--saliency, --fool, --maximize and --invert exclude each other' --fool fgsm --class bee --saliency gradient m.st one.png x.png
refuse 64 '--limit has no effect: it needs --fool' --saliency gradient --limit 3 m.st one.png x.png

# What excites a unit, more than noise does; and again from what a layer kept, the nearer the earlier that layer is.
run cnn-inspect --maximize last:3 --steps 1 --seeds 2 m.st first.png
status 0
first=$(cut -f 3 out)
run cnn-inspect --maximize last:3 --steps 40 --seeds 2 m.st excited.npy
status 0
out_has 'last	3	*'
awk -v a="$first" -v b="$(cut -f 3 out)" 'BEGIN { exit !(b > a + 0.5) }' || fail "from $first to $(cat out)"
grep -qaF "'shape': (2, 3, 24, 24)" excited.npy || fail 'not two images'
run cnn-inspect --maximize last:3 --steps 40 --seeds 2 -t 1 m.st again.npy
status 0
same excited.npy again.npy
run cnn-inspect --maximize logits:bee --steps 5 m.st bee.png
status 0
out_has 'fc	1	*'
magic bee.png 4 "$(printf '\x89PNG')"
refuse 64 "--maximize: 'last' is not LAYER:UNIT" --maximize last m.st x.png
refuse 64 "--maximize 'lost': m.st has no such layer (did you mean last?); it has *" --maximize lost:1 m.st x.png
refuse 64 "--maximize: '8' is no unit of 'last': they are 0 to 7" --maximize last:8 m.st x.png
refuse 64 "--maximize 'bea': m.st has no such class (did you mean bee?); numbers are 0 to 2" --maximize fc:bea m.st x.png
refuse 64 "x.gif: a picture's name ends in *" --maximize last:3 m.st x.gif
refuse 64 '--maximize takes a model and a picture to write' --maximize last:3 m.st one.png x.png

run cnn-inspect --invert conv1 m.st one.png inverted.png
status 0
magic inverted.png 4 "$(printf '\x89PNG')"
near=$(cut -f 2 out)
run cnn-inspect --invert conv1 --steps 1 m.st one.png inverted.npy
status 0
awk -v a="$near" -v b="$(cut -f 2 out)" 'BEGIN { exit !(a < 0.2 && a < b / 3) }' || fail "off by $near, at first $(cat out)"
refuse 64 "--invert 'input': that is the image itself" --invert input m.st one.png x.png
refuse 64 "--invert 'con1': m.st has no such layer (did you mean conv1?); it has *" --invert con1 m.st one.png x.png
