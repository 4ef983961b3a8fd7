# cnn-inspect: nets, files of tensors, models; its answers and its mistakes.
# shellcheck shell=bash
. "$ROOT/tests/cli/lib.sh"

# tensors FILE JSON DATA: a .safetensors file with that header and the data as printf writes it
tensors() {
    local n=${#2}
    # shellcheck disable=SC2059 # formats are meant
    {
        printf "\\x$(printf %02x $((n & 255)))\\x$(printf %02x $((n >> 8)))\\0\\0\\0\\0\\0\\0"
        printf '%s' "$2"
        printf "$3"
    } >"$1"
}

# Layer tables: parameters and multiply-adds as published.
run cnn-inspect lenet5
status 0
silent
out_has 'layer * type * output * parameters  multiply-adds  activations'
out_has 'conv1 * conv * 6x28x28 * 156 * 117,600 * 18.4 KiB'
out_has 'parameters     61,706'
out_has 'multiply-adds  416,520 for one sample'
run cnn-inspect vgg16
status 0
out_has 'parameters     138,357,544'
out_has 'multiply-adds  15,470,264,320 for one sample'
out_has 'classifier.6 * dense * 1000 * 4,097,000 * 4,096,000 *'
# Further outputs have a line of their own, and are no layers.
run cnn-inspect 'input 3x8x8; conv 6 3 pad=1; s: split 2,4; relu; conv 4 3 pad=1 from=s.1'
out_has 's * split * 2x8x8 *'
out_has 's.1 * output * 4x8x8 *'
out_has 'layers         4'
run cnn-inspect resnet18
out_has 'parameters     11,689,512'
out_has 'multiply-adds  1,814,073,344 for one sample'

# Receptive fields as published, kernels and strides, and the sums of blocks.
run cnn-inspect --windows vgg16
status 0
out_has 'layer * type * kernel * stride * pad * receptive field * output * parameters *'
out_has 'features.2 * conv * 3x3 * 1 * 1 * 5x5 * 64x224x224 *'
out_has 'features.maxpool5 * maxpool * 2x2 * 2 * 0 * 212x212 * 512x7x7 *'
out_has 'classifier.0 * dense * all * 4096 *'
run cnn-inspect --windows alexnet
out_has 'features.maxpool3 * 195x195 *'
run cnn-inspect --windows --depth 1 resnet50
out_has 'conv1 * conv * 7x7 * 2 * 3 * 7x7 *'
out_has 'layer4 * 32 layers * 427x427 * 2048x7x7 *'
run cnn-inspect --depth 1 googlenet
out_has 'inception3a * 20 layers * 256x28x28 * 155,872 * 121,626,624 *'
out_has 'inception5b * 20 layers * 1024x7x7 *'
out_has 'parameters     6,624,904'
run cnn-inspect --depth 2 googlenet
out_has 'inception3a.branch2 * 6 layers * 128x28x28 *'
run cnn-inspect --windows --input 1x20x30 'conv 2 3x5 dilation=2 pad=same; dense 3'
out_has 'conv1 * conv * 3x5 every 2x2 * 1 * 2x4 * 5x9 *'
run cnn-inspect --json vgg16
grep -A1 -F '"receptive_field": [' out | grep -q 212 || fail "no receptive field in the JSON"
out_has '*"label": "classifier"*'
for option in --print --dot --json; do
    run cnn-inspect --windows $option lenet5
    status 64
done

# What a net leaves open is said by options, or is an error.
run cnn-inspect softmax
status 65
err_is 'cnn-inspect: zoo/softmax.net:1: there is no input line, and no data to take the shape from; say --input CxHxW, or begin with: input CxHxW'
run cnn-inspect mlp
status 65
err_has '*; say --input CxHxW, or begin with: input CxHxW'
run cnn-inspect softmax --input 1x28x28
status 65
err_has '*the number of classes is not known here (--outputs N or classes=N in the input line gives one)'
run cnn-inspect softmax --input 1x28x28 --outputs 10
status 0
out_has 'parameters     7,850'
run cnn-inspect softmax --input 1x28 --outputs 10
status 64
err_is "cnn-inspect: --input: '1x28' is no shape such as 3x32x32 or 512"

# The canonical text prints itself.
run cnn-inspect --print 'input 3x8x8; repeat 2 { conv 4 3 pad=1 }; dense 2*5 # ten'
status 0
out_is 'input 3x8x8
conv 4 3 pad=1
conv 4 3 pad=1
dense 10'
mv out first.net
run cnn-inspect --print first.net
status 0
same out first.net
run cnn-inspect --diff first.net 'input 3x8x8; repeat 2 { conv 4 3 pad=1 }; dense 10'
status 0
out_is ''
run cnn-inspect --diff first.net 'input 3x9x9; conv 4 3 pad=1; conv2: conv 4 3; relu; dense 10'
status 1
silent
out_is 'input 3x8x8 | input 3x9x9
layer conv2: conv 4 3 pad=1 <- conv1 | conv 4 3 <- conv1
layer dense1: dense 10 <- conv2 | dense 10 <- relu1
layer relu1: only in net'

# A graph for dot.
run cnn-inspect --dot 'input 1x4x4; sum { relu } { }'
status 0
out_is 'digraph "net" {
  node [shape=box, fontname="sans-serif"];
  n0 [label="input\n1x4x4", style=bold];
  n1 [label="relu1\nrelu\n1x4x4"];
  n0 -> n1;
  n2 [label="sum1\nsum\n1x4x4", style=bold];
  n1 -> n2;
  n0 -> n2;
}'

# Mistakes in nets, with their place.
printf 'input 3x8x8\n\ncnov 8 3\n' >typo.net
run cnn-inspect typo.net
status 65
err_is "cnn-inspect: typo.net:3: unknown layer 'cnov' (did you mean conv?)"
run cnn-inspect 'input 3x8x8; maxpool 9'
status 65
err_has '*kernel 9x9 does not fit into 8x8*'
run cnn-inspect resnet19
status 66
err_has "*'resnet19' is no file, no net of the zoo *did you mean resnet18*"

# The zoo.
run cnn-inspect --zoo
status 0
out_has 'resnet18 *ResNet-18 for images of 224x224 pixels'
run cnn-inspect --zoo lenet5
status 0
same out "$ROOT/lib/zoo/small/lenet5.net"
run cnn-inspect --zoo lenet6
status 66
err_is 'cnn-inspect: lenet6: no such net in the zoo (cnn-inspect --zoo lists them)'

# A file of tensors that is no model: floats -1 0 2 NaN, and two bytes.
header='{"__metadata__":{"made by":"hand"},"a.weight":{"dtype":"F32","shape":[1,1,2,2],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[2],"data_offsets":[16,18]}}'
tensors nan.safetensors "$header" '\0\0\x80\xbf\0\0\0\0\0\0\0\x40\0\0\xc0\x7f\x03\x05'
tensors fine.safetensors "$header" '\0\0\x80\xbf\0\0\0\0\0\0\0\x40\0\0\x80\x3f\x03\x05'
run cnn-inspect nan.safetensors
status 0
out_has 'a.weight  F32   1x1x2x2'
out_has 'tensors        2'
out_has 'elements       6'
run cnn-inspect --tensors nan.safetensors
status 0
out_has 'a.weight * F32 * 1x1x2x2 * -1 * 0.33333 * 2 * 1.2472 * 1 * 1 * -'
out_has 'b * U8 * 2 * 3 * 4 * 5 * 1 * - * - * -'
run cnn-inspect --meta fine.safetensors
out_is 'made by: hand'
run cnn-inspect --check fine.safetensors
status 0
out_is ''
run cnn-inspect --check nan.safetensors
status 1
err_is 'cnn-inspect: nan.safetensors: NaN or infinity in 1 tensor: a.weight'
run cnn-inspect --diff fine.safetensors nan.safetensors
status 1
out_is 'tensor a.weight: largest difference nan (1 of 4 elements)'
run cnn-inspect --diff nan.safetensors nan.safetensors
status 0
run cnn-inspect --filters a fine.safetensors filters.png
status 0
silent
[ "$(head -c 4 filters.png | tail -c 3)" = PNG ] || fail "filters.png is no PNG file"
run cnn-inspect --filters a fine.safetensors filters.svg
status 0
grep -q '<svg' filters.svg || fail "no SVG"
run cnn-inspect --filters a fine.safetensors no.jpg
status 64
err_is "cnn-inspect: no.jpg: a picture's name ends in .png, .svg or .pdf"
no_file no.jpg
run cnn-inspect --filters b fine.safetensors no.png
status 65
err_is 'cnn-inspect: fine.safetensors: b, 2, are no filters of images'
no_file no.png
run cnn-inspect --filters c fine.safetensors no.png
status 65
err_is "cnn-inspect: fine.safetensors: there is no layer 'c'"
run cnn-inspect --filters a fine.safetensors nowhere/no.png
status 73
err_has '*nowhere/no.png*'

# What is not there is said.
for what in --print --layers --dot; do
    run cnn-inspect $what fine.safetensors
    status 65
    err_is 'cnn-inspect: fine.safetensors: a file of tensors only, without a net'
done
for what in --tensors --meta --check; do
    run cnn-inspect $what lenet5
    status 65
    err_is 'cnn-inspect: lenet5: a net only, without tensors'
done
run cnn-inspect --classes fine.safetensors
status 65
err_is 'cnn-inspect: fine.safetensors: not a model of this toolkit'
run cnn-inspect --diff lenet5 fine.safetensors
status 65
err_has '*have nothing to compare*'

# Broken files.
head -c 60 fine.safetensors >cut.safetensors
run cnn-inspect cut.safetensors
status 65
err_has 'cnn-inspect: cut.safetensors: *'
: >empty.safetensors
run cnn-inspect empty.safetensors
status 65
run cnn-inspect missing.safetensors
status 66

# JSON that others read.
run cnn-inspect --json lenet5
status 0
out_has '*"parameters": 61706,*'
if command -v python3 >/dev/null; then
    run cnn-inspect --json --tensors nan.safetensors
    status 0
    python3 -c '
import json
r = json.load(open("out"))
t = r["tensors"][0]
assert r["form"] == "tensors" and t["nan"] == 1 and t["max"] == 2.0 and t["shape"] == [1, 1, 2, 2], r
assert r["metadata"] == {"made by": "hand"}' || fail "the JSON is not as it should be"
fi

# Times: every step once, rates where they mean something, totals.
net='input 3x8x8; a.conv: conv 16 3 pad=1 bias=0; a.act: relu; maxpool 2; dense 5'
run cnn-inspect --time -b 4 -t 2 "$net"
status 0
silent
out_has 'step * output * algorithm * ms * GFLOP/s * GB/s  of limit  of all'
out_has 'input * 3x8x8 * - * - *'
out_has 'a.conv + act * 16x8x8 * %*%'
out_has 'maxpool1 * 16x4x4 * - *'
out_has 'batch      4'
out_has 'steps      * ms with each timed, the median of * runs'
out_has 'time       * ms, the median of * runs'
out_has 'speed      * images/s, * GFLOP/s'
out_has 'limits     * GFLOP/s, * GB/s (2 threads, *)'
run cnn-inspect --time --training --exact-conv -b 4 -t 1 "$net"
status 0
silent
out_has 'step * ms * GFLOP/s * back ms * GFLOP/s * of all'
out_has 'loss *'
out_has 'update *'
out_has 'limits     * (1 thread, *)'
if command -v python3 >/dev/null; then
    run cnn-inspect --time --training --json -b 4 "$net"
    status 0
    python3 -c '
import json
r = json.load(open("out"))
steps = {s["step"]: s for s in r["steps"]}
conv, adds = steps["a.conv + act"], 4 * 8 * 8 * 16 * 27
assert conv["output"] == [16, 8, 8] and len(conv["algorithms"]) == 3, conv
assert conv["forward"]["multiply_adds"] == adds, conv
assert conv["backward"]["multiply_adds"] == adds, conv  # the input needs no gradient
assert conv["forward"]["bytes"] == 4 * (4 * 8 * 8 * (3 + 16) + 16 * 27), conv
assert all(s.get("forward", s.get("backward"))["seconds"] > 0 for s in r["steps"]), r
assert sum(s[p]["seconds"] for s in r["steps"] for p in ("forward", "backward") if p in s) < 2 * r["seconds"], r
assert sum(s[p]["seconds"] for s in r["steps"] for p in ("forward", "backward") if p in s) < 10 * r["whole"]["seconds"], r
assert r["whole"]["runs"] >= 3 and abs(r["whole"]["images_per_second"] * r["whole"]["seconds"] - 4) < 1e-6, r
assert r["limits"]["flops"] > 0 and r["limits"]["bytes"] > 0 and r["runs"] >= 3 and r["training"], r' ||
        fail "the JSON is not as it should be"
fi
run cnn-inspect --time fine.safetensors
status 65
err_is 'cnn-inspect: fine.safetensors: a file of tensors only, without a net'
run cnn-inspect --training lenet5
status 64
run cnn-inspect --time --layers lenet5
status 64

# Usage.
run cnn-inspect
status 64
err_has 'cnn-inspect: no MODEL, NET or TENSORS'
run cnn-inspect --diff lenet5
status 64
run cnn-inspect --dot --json lenet5
status 64
run cnn-inspect lenet5 lenet
status 64
run cnn-inspect --zoo a b
status 64
run cnn-inspect lenet5 --frobnicate
status 64
if [ -w /dev/full ]; then
    cnn-inspect lenet5 >/dev/full 2>err
    status=$?
    status 74
fi
exit 0
