# Nets and weights of Caffe in the three forms that layers have had: the answers are PyTorch's, whatever names them; what
# cannot be read is named, and where it stands.
. "$ROOT/tests/cli/lib.sh"
golden=$ROOT/tests/golden/models
cp "$golden"/caffe_* .

# A pair, the file of weights alone, and our own file of both.
for form in v2 v1 v0; do
    run cnn-features -l prob caffe_$form.prototxt:caffe_$form.caffemodel caffe_input.npy
    status 0
    numbers_are caffe_$form.txt
    run cnn-features -l prob caffe_$form.caffemodel caffe_input.npy
    status 0
    numbers_are caffe_$form.txt
    run cnn-train -q --epochs 0 --classes 5 --init caffe_$form.prototxt:caffe_$form.caffemodel -o $form.st
    status 0
    run cnn-features -l prob $form.st caffe_input.npy
    status 0
    numbers_are caffe_$form.txt
done
run cnn-inspect --diff v1.st v0.st
[ "$status" -le 1 ] || fail 'not compared'
[ "$(grep -c '^tensor' out)" = 0 ] || fail "the older forms differ"

# Numbers of channels, and arithmetic: alone, with weights, and as our own file.
run cnn-features -l prob caffe_more.prototxt:caffe_more.caffemodel caffe_input.npy
status 0
numbers_are caffe_more.txt
run cnn-features -l whole caffe_more.caffemodel caffe_input.npy
status 0
numbers_are caffe_more_whole.txt
run cnn-train -q --epochs 0 --classes 5 --init caffe_more.prototxt:caffe_more.caffemodel -o more.st
status 0
run cnn-features -l prob more.st caffe_input.npy
status 0
numbers_are caffe_more.txt
run cnn-inspect --print caffe_more.prototxt
status 0
out_has 'slope: prelu init=constant:0.125 rate=2 decay=0'
out_has 'slopes: prelu shared=1 from=conv1'
out_has 'scale: scale init=constant:2,constant:-1 from=slope'
out_has 'only: scale bias=0 from=slopes'
out_has 'bias: scale weight=0 init=default,constant:0.5 rate=3 decay=0 from=scale'
out_has 'sum_part: factor 0.5'
out_has 'sum: sum from=sum_part,sum_part_2,bias'
out_has 'gate: mul from=factor,numbers'
out_has 'squares_part: mul from=both,both'
out_has 'whole_part: reshape 1,1,-1 from=both'
out_has 'mean: factor 2'

# Any net and any weights, as long as names are the same.
run cnn-inspect --print caffe_v2.prototxt
status 0
out_has 'near.1: conv 4 1 rate=1,2 decay=1,0 from=left'
out_has 'far: conv 4 1 share=near.1 from=right'
out_has 'conv2: conv 8 3 pad=2 dilation=2 groups=4 init=gaussian:0.01,constant:0.5'
out_has 'relu/2_b: relu'
mv out own.net
run cnn-features -l prob own.net:caffe_v2.caffemodel caffe_input.npy
status 0
numbers_are caffe_v2.txt
run cnn-features -l prob caffe_v2.prototxt:v2.st caffe_input.npy
status 0
numbers_are caffe_v2.txt
run cnn-features -l prob own.net:v2.st caffe_input.npy
status 0
numbers_are caffe_v2.txt

# A text alone is a net: to look at, and to train.
run cnn-inspect caffe_v1.prototxt
status 0
out_has '*conv1 *4x6x5*'
printf '#classes\t0\t1\t2\t3\t4\n#key\tclass\na\t0\nb\t1\n' >caffe_input.tsv
run cnn-train -q --threads 1 --epochs 1 --batch 2 --net caffe_v1.prototxt caffe_input.npy -o trained.st
status 0
run cnn-infer caffe_v1.prototxt caffe_input.npy
status 65
err_is 'cnn-infer: caffe_v1.prototxt: a net without weights (NET:WEIGHTS names both)'

# A shape that the data say, under what a text says of pixels.
run cnn-train -q --threads 1 --epochs 0 --net 'input auto scale=0.5 order=bgr; dense classes' caffe_input.npy -o auto.st
status 0
run cnn-inspect --print auto.st
status 0
out_has 'input 3x11x10 scale=0.5 order=bgr'
run cnn-inspect 'input auto scale=0.5; dense 2'
status 65
err_is 'cnn-inspect: net:1: input: its shape is auto, and no data to take the shape from; say --input CxHxW, or begin with: input CxHxW'
run cnn-train -q --threads 1 --epochs 0 --weights lecun_uniform --classes 2 --net 'input 300; dense 2' -o uniform.st
status 0
run cnn-inspect --tensors uniform.st
status 0
awk '$1 == "dense1.weight" { exit !($4 > -0.1 && $4 < -0.09 && $6 > 0.09 && $6 < 0.1) }' out ||
    fail "weights are not within the root of 3 / 300"

# What a training net says: phases, losses, images.
cat >train.prototxt <<'EOF'
name: "small" # a comment
layer { name: "data" type: "Data" top: "data" top: "label"
  include { phase: TRAIN } transform_param { scale: 0.5 crop_size: 8 mean_value: 10 mean_value: 20 mean_value: 30 } }
layer { name: "data" type: "Data" top: "data" top: "label"
  include: < phase: TEST > transform_param { scale: 0.5, crop_size: 8; mean_value: [10, 20, 30] } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" param { lr_mult: 1 } param { lr_mult: 2 }
  convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "side" type: "InnerProduct" bottom: "conv1" top: "side" inner_product_param { num_output: 3 } }
layer { name: "loss1" type: "SoftmaxWithLoss" bottom: "side" bottom: "label" loss_weight: 0.25 }
layer { name: "drop" type: "Dropout" bottom: "conv1" top: "conv1" dropout_param { dropout_ratio: 0.25 } }
layer { name: "fc" type: "InnerProduct" bottom: "conv1" top: "fc" inner_product_param { num_output: 3 } }
layer { name: "accuracy" type: "Accuracy" bottom: "fc" bottom: "label" top: "accuracy" include { phase: TEST } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }
EOF
run cnn-inspect --print train.prototxt
status 0
out_is 'input 3x8x8 mean=5,10,15 scale=0.5 order=bgr
conv1: conv 4 3 init=lecun_uniform rate=1,2
side: dense 3
drop: dropout 0.25 from=conv1
fc: dense 3
xent on=side weight=0.25
xent'

# Mistakes, where they stand.
mistake() { # TEXT MESSAGE
    printf '%s\n' "$1" >bad.prototxt
    run cnn-inspect bad.prototxt
    status 65
    err_is "cnn-inspect: bad.prototxt:$2"
}
input='input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8
'
layer() { printf 'layer { name: "%s" type: "%s" bottom: "data" top: "%s" %s }' "$1" "$2" "$1" "${3-}"; }
mistake "$input$(layer a Convolution 'convolution_param { num_output: 2 kernal_size: 3 }')" \
    "2: 'kernal_size' is no field of ConvolutionParameter"
mistake "$input$(layer a Convolution 'convolution_param { num_output: x }')" "2: a whole number in range is wanted, not 'x'"
mistake "$input$(layer a Pooling 'pooling_param { pool: MEAN }')" "2: pool: 'MEAN' is no PoolMethod"
mistake "${input}layer { name: \"a" "2: the quotes are not closed"
mistake "${input}layer {" "2: '{' is not closed"
mistake "$input$(layer a padding 'pooling_param { pad: 1 }')layer { name: \"b\" type: \"Convolution\" bottom: \"a\" top: \"b\" }" \
    "2: layer 'b' reads what no layer before it makes: 'a'"
mistake "$input
$(layer a ReLU 'name: "b"')" "3: this is there twice: 'name'"
mistake "$input$(layer a Convolution 'convolution_param { num_output: 2 kernel_size: 9 }')" \
    "2: conv: kernel 9x9 does not fit into 8x8 (pad 0)"
mistake "${input}layer { name: \"a\" type: \"ReLU\" bottom: \"b\" top: \"a\" }" \
    "2: layer 'a' reads what no layer before it makes: 'b'"
mistake "$input$(layer a SPP 'spp_param { pyramid_height: 2 pool: "}" }')

$(layer b Pooling 'pooling_param { pool: STOCHASTIC }')
$(layer c ReLU)
$(layer d Python)" \
    " 3 layers cannot be imported: 'a' (SPP, line 2); 'b' (Pooling, line 4: STOCHASTIC); 'd' (Python, line 6)"
mistake "$input$(layer a Power 'power_param { shift: -1 scale: 2 }')
$(layer b Power 'power_param { power: 0.5 }')
$(layer c Scale 'scale_param { axis: 2 }')
$(layer d Bias 'bias_param { num_axes: 0 }')
$(layer e Reduction)
$(layer f Eltwise 'eltwise_param { coeff: 1 coeff: 2 }')
$(layer g Eltwise 'eltwise_param { operation: MAX coeff: 2 }')
layer { name: \"h\" type: \"Scale\" bottom: \"data\" bottom: \"data\" top: \"h\" }" \
    " 8 layers cannot be imported: 'a' (Power, line 2: (-1 + 2 x)^1); 'b' (Power, line 3: (0 + 1 x)^0.5); 'c' (Scale, line 4: axis 2, num_axes 1); 'd' (Bias, line 5: axis 1, num_axes 0); 'e' (Reduction, line 6: axis 0); 'f' (Eltwise, line 7: 2 coeff for the sum of 1 bottoms); 'g' (Eltwise, line 8: 1 coeff for what is no sum of 1 bottoms); 'h' (Scale, line 9: axis 1 of two bottoms)"
mistake "$input$(layer a Power 'power_param { power: nan }')" " 1 layer cannot be imported: 'a' (Power, line 2: (0 + 1 x)^nan)"
mistake "input: \"data\" input_dim: 1 input_dim: 3 $(layer a ReLU)" " a net without a shape for its input 'data'"
mistake "name: \"nothing\"" " a net without layers"

# Weights whose net cannot be imported are weights all the same.
python_layer=$(printf 'layer { name: "a" type: "Python" bottom: "data" top: "a" }')
{ cat caffe_v2.prototxt; echo "$python_layer"; } >more.prototxt
run cnn-infer more.prototxt:caffe_v2.caffemodel caffe_input.npy
status 65
err_has "cnn-infer: more.prototxt: 1 layer cannot be imported: 'a' (Python, line *)"

# Means: from a file beside the net, which must be there for what is trained.
sed 's/mean_value: 10 .*30 }/mean_file: "else\/where\/mean.binaryproto" }/; s/mean_value: \[.*\]/mean_file: "mean.binaryproto"/' \
    train.prototxt >mean.prototxt
run cnn-train -q --epochs 0 --classes 3 --net mean.prototxt -o x.st
status 66
err_has "cnn-train: mean.prototxt: its mean 'else/where/mean.binaryproto' is not there, nor is mean.binaryproto *"
no_file x.st
# 1 x 3 x 1 x 2: 1 3, 5 7, 9 11
printf '\010\001\020\003\030\001\040\002\052\030\0\0\200\077\0\0\100\100\0\0\240\100\0\0\340\100\0\0\020\101\0\0\060\101' >mean.binaryproto
run cnn-inspect --print mean.prototxt
status 0
out_has 'input 3x8x8 mean=1,3,5 scale=0.5 order=bgr'

# Weights whose net leaves the shape to its data.
printf '\12\1x\242\6\22\12\4data\22\4Data\42\4data\242\6\100\12\2ip\22\14InnerProduct\32\4data\42\2ip' >open.caffemodel
printf '\72\20\72\4\12\2\1\2\52\10\0\0\200\77\0\0\0\100\72\13\72\3\12\1\1\52\4\0\0\200\77\252\7\2\10\1' >>open.caffemodel
run cnn-inspect open.caffemodel
status 0
out_has 'ip.weight * 1x2'
err_has 'cnn-inspect: open.caffemodel: its net takes inputs of any size: --input CxHxW says which'
run cnn-inspect --print --input 1x1x2 open.caffemodel
status 0
out_has 'input 1x1x2*'
run cnn-infer --size 1x2 open.caffemodel caffe_input.npy
status 65
err_has '*no data to take the shape from; say NET:WEIGHTS with a NET that has it, or begin with: input CxHxW'

# Damage.
size=$(wc -c <caffe_v2.caffemodel)
for n in 20 300 $((size / 2)) $((size - 1)); do
    head -c "$n" caffe_v2.caffemodel >cut.caffemodel
    run cnn-inspect cut.caffemodel
    status 65
    err_has 'cnn-inspect: cut.caffemodel: *'
    run cnn-infer caffe_v2.prototxt:cut.caffemodel caffe_input.npy
    status 65
done
run cnn-infer caffe_v1.prototxt:caffe_v2.caffemodel caffe_input.npy
status 65
exit 0
