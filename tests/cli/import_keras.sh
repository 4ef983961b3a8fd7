# Models and weights of Keras, in each form of the file: the answers are Keras' own; what cannot be read is named.
. "$ROOT/tests/cli/lib.sh"
golden=$ROOT/tests/golden/models
cp "$golden"/keras_* .

for model in graph.keras line.keras line.h5 2.h5; do
    run cnn-features -l output keras_$model keras_input.npy
    status 0
    numbers_are "keras_${model%.*}.txt"
done
run cnn-features -l output keras_rows.keras keras_rows.npy
status 0
numbers_are keras_rows.txt
# The same as (n, channels, places), which is what an array (n, places, channels) is to become.
array() { { printf '\223NUMPY\1\0\166\0%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': ($1), }" && tail -c +129 keras_rows.npy; } >rows.npy; }
array '2, 3, 20'
run cnn-features -l output keras_rows.keras rows.npy
status 0
numbers_are keras_rows.txt
array '2, 20, 3'
run cnn-features -l output keras_rows.keras rows.npy
status 65
err_is 'cnn-features: rows.npy#0: numbers of shape 1x20x3 where the net takes 3x20x1 (channels come first)'

run cnn-features -l output keras_first.keras keras_flat.npy
status 0
numbers_are keras_first.txt

# Planes of any size.
run cnn-features -l output --size 18x14 keras_any_size.keras keras_input.npy
status 0
numbers_are keras_any_size.txt
run cnn-infer --size native keras_any_size.keras keras_pixels.ppm
status 0
run cnn-infer keras_any_size.keras keras_pixels.ppm
status 65
err_is 'cnn-infer: keras_any_size.keras: its net takes images of any size: --size HxW says which, --size native that they stay as large as they are'
run cnn-inspect --print --input 3x18x14 keras_any_size.keras
status 0
out_has 'input 3x18x14'
run cnn-inspect keras_any_size.keras
status 0
out_has 'dense*.weight * 3x4'
err_is 'cnn-inspect: keras_any_size.keras: its net takes inputs of any size: --input CxHxW says which'
run cnn-inspect --dot keras_any_size.keras
status 65
run cnn-inspect --print --input 1x18x14 keras_any_size.keras
status 65
err_has '*: input: 3 channels, and 1 of the data'

# Layers in front that scale pixels are in the input line.
run cnn-features -l output keras_scaled.keras keras_pixels.ppm
status 0
numbers_are keras_scaled.txt
run cnn-features -l output keras_operations.keras keras_pixels.ppm
status 0
numbers_are keras_operations.txt
run cnn-inspect --print keras_operations.keras
out_has 'input 3x5x6 mean=114.75,102,89.25 std=63.75,76.5,89.25 scale=1'
out_has 'multiply*: scale'
out_has 'add*: scale weight=0'
run cnn-inspect --print keras_scaled.keras
out_has 'input 3x5x6 mean=561,484.5,493 std=1020,765,680 scale=1'

# Answers in the model's order.
run cnn-inspect --print keras_answers.h5
out_has 'output class features'

# Names, models within, and a layer that is called twice.
run cnn-inspect --print keras_graph.keras
status 0
out_has 'within.c.relu: relu'
out_has 'twice_2: conv 4 1 share=twice'
out_has 'flatten.order: transpose hwc'
run cnn-inspect --print keras_line.keras
out_lacks '*transpose*'

# One file of ours, a net in our language with Keras' weights, and a net to train.
run cnn-train -q --epochs 0 --classes 4 --init keras_line.keras -o both.st
status 0
run cnn-features -l output both.st keras_input.npy
numbers_are keras_line.txt
cnn-inspect --print keras_line.keras >line.net
run cnn-features -l output line.net:keras_line.h5 keras_input.npy
status 0
numbers_are keras_line.txt
printf '#classes\ta\tb\tc\td\n#key\tclass\nx\ta\ny\tb\n' >keras_input.tsv
cnn-inspect --print keras_graph.keras >graph.net
run cnn-train -q --threads 1 --epochs 1 --batch 2 --net graph.net --init keras_graph.keras keras_input.npy -o trained.st
status 0
run cnn-inspect --diff keras_line.keras keras_line.h5
status 0

# Weights alone.
run cnn-inspect keras_line.weights.h5
status 0
out_has 'conv2d.weight * 4x3x5x5'
out_has 'dense.weight * 5x16'
run cnn-inspect --meta keras_line.weights.h5
out_is 'cnn.order: hwc'
flat='input 3x6x5; a: conv 4 3; relu; flatten; bn: bn eps=0.001
b: conv 2 3 stride=2 from=input; flatten; slope: prelu; concat from=bn,slope; c: dense 6; relu; d: dense 4'
run cnn-features -l output "$flat:keras_flat.weights.h5" keras_flat.npy
status 0
numbers_are keras_flat.txt
flat=${flat//; flatten/; reshape -1}
other=${flat/concat/mix: channelshuffle 2; concat}
run cnn-features -l output "${other/bn,slope/bn,mix}:keras_flat.weights.h5" keras_flat.npy
status 65
err_has "*: tensor 'c.weight' is in the order of planes with channels last, and how 'c' has them here is not known"
run cnn-inspect --to order.st keras_flat.weights.h5
status 0
run cnn-features -l output "$flat:order.st" keras_flat.npy
numbers_are keras_flat.txt
run cnn-inspect --to x.onnx "$flat:order.st"
status 65
run cnn-infer keras_line.weights.h5 keras_input.npy
status 65
err_has 'cnn-infer: keras_line.weights.h5: no net in the metadata*'

# What is refused, all at once.
run cnn-infer keras_refused.keras keras_input.npy
status 65
err_is "cnn-infer: keras_refused.keras: 5 layers cannot be imported: 'first' (Conv2D: activation 'exponential'); 'true_divide' (ops.TrueDivide: its arguments); 'larger' (Maximum); 'mine' (own>Own); 'unit' (UnitNormalization)"
odd() { # NAME MESSAGE
    run cnn-inspect "keras_$1.h5"
    status 65
    err_has "cnn-inspect: keras_$1.h5: $2"
}
odd chunks "'fc/kernel' has its elements in pieces or compressed"
odd link "'fc/kernel' is a link to elsewhere"
odd link_out "'' is a group of a newer form, or has links to elsewhere"
odd elsewhere "'fc/kernel' has its elements in another file"
# Sizes that are small numbers again past 2 ** 64.
cnn-inspect --print keras_answers.h5 >answers.net
run cnn-features -l output answers.net:keras_large.h5 keras_input.npy
status 65
err_has "cnn-features: keras_large.h5: none of its tensors fits the net: it has 'dense.weight'*"
run cnn-infer keras_large.h5 keras_input.npy
status 65
err_is "cnn-infer: keras_large.h5: 1 layer cannot be imported: 'u2' (UpSampling2D: it gives more than 1073741824 numbers)"
odd newer 'an HDF5 file of a newer form (3), which is not read*'

# What is called as such a file and is none, or not whole.
gzip -c keras_line.h5 >zipped.h5
: >empty.keras
printf '{"class_name": "Sequential", "config": {"name": "x", "layers": []}}' >model.json
run cnn-inspect zipped.h5
status 65
err_is 'cnn-inspect: zipped.h5: compressed as a whole (gunzip makes it readable)'
run cnn-infer empty.keras keras_input.npy
status 65
err_is 'cnn-infer: empty.keras: an empty file'
for program in 'cnn-inspect model.json' 'cnn-infer model.json keras_input.npy'; do
    run $program
    status 65
    err_is "${program%% *}: model.json: a model's JSON without its weights (model.save() writes both)"
done
run cnn-train --net model.json digits:64 --epochs 1 -o m.st
status 65
err_is 'cnn-train: model.json: a model or its weights, not the text of a net'
run cnn-inspect --print keras_lambda.h5
status 0
out_is 'input 3x5x6 mean=1 scale=0.0078431373
p: avgpool global
tf.math.multiply: factor 2'
# A net that is refused says why, though the file has no numbers.
run cnn-inspect keras_bare.h5
status 65
err_is "cnn-inspect: keras_bare.h5: 1 layer cannot be imported: 'e' (Exotic)"
# An array without elements is passed over where no net needs it.
run cnn-inspect keras_hollow.h5
status 0
out_has 'full.weight * 4x2'
out_lacks 'hollow*'

# Cut.
for end in h5 keras; do
    for n in 8 100 1000 10000 $(($(wc -c <keras_line.$end) - 1)); do
        head -c "$n" keras_line.$end >cut.$end
        run cnn-infer cut.$end keras_input.npy
        status 65
        err_has "cnn-infer: cut.$end: *"
    done
done
exit 0
