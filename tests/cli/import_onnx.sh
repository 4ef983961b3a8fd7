# Nets of ONNX: every program takes them as models, cnn-inspect makes models of ours of them, and what cannot be imported is
# listed before anything is written.
. "$ROOT/tests/cli/lib.sh"
golden=$ROOT/tests/golden/models/onnx
cp "$golden"/*.onnx "$golden"/beside.bin .

run cnn-inspect plain.onnx
status 0
out_has '*layer1.0.conv *'
out_has 'parameters  *377'
out_has 'classes  *5 (0, 1, 2, 3, 4)'
run cnn-inspect --print plain.onnx
status 0
out_has 'conv1: conv 6 3 pad=1 bias=0'
out_has 'layer1/layer1_0/Add: sum from=layer1.0.conv,pool/MaxPool'
run cnn-inspect --tensors plain.onnx
status 0
out_has 'bn1.running_var *F32 *6 *'
out_has 'fc.weight *F32 *5x6 *'

# Answers, also through a pipe and under another name, and those of a model that is made of it.
{
    printf "P6 7 9 255\n"
    head -c 189 plain.onnx
} >picture.ppm
picture=picture.ppm
run cnn-infer plain.onnx "$picture"
status 0
cp out answer
run cnn-inspect --to plain.safetensors plain.onnx
status 0
run cnn-infer plain.safetensors "$picture"
status 0
cmp -s out answer || fail "the model made of it answers otherwise"
run sh -c "cnn-infer /dev/stdin '$picture' <plain.onnx"
status 0
cmp -s out answer || fail "it answers otherwise through a pipe"
cp plain.onnx unnamed
run cnn-infer unnamed "$picture"
status 0
cmp -s out answer || fail "it answers otherwise under another name"
run cnn-inspect --diff plain.onnx plain.safetensors
status 0
run cnn-features -l g plain.onnx "$picture"
status 0
# Training goes on from it, and another net takes its tensors.
run cnn-train -q --epochs 0 --classes 5 --init plain.onnx -o again.safetensors
status 0
run cnn-infer again.safetensors "$picture"
status 0
cmp -s out answer || fail "what was trained from it for no epoch answers otherwise"

# There and back: the answers, the classes, pixels and the self-test are the same.
run cnn-train -q --threads 1 --epochs 1 --net lenet5 digits:16 -o lenet5.safetensors
status 0
run cnn-inspect --to lenet5.onnx lenet5.safetensors
status 0
run cnn-infer --selftest lenet5.onnx
status 0
out_has 'samples *8'
run cnn-infer lenet5.safetensors digits:4
status 0
cp out answer5
run cnn-infer lenet5.onnx digits:4
status 0
cmp -s out answer5 || fail "it answers otherwise as ONNX"
for f in plain shapes elements pixels signal constant old gates norms groups slopes; do
    run cnn-inspect --to "again_$f.onnx" "$f.onnx"
    status 0
    run cnn-inspect --to "third_$f.onnx" "again_$f.onnx"
    status 0
    run cnn-inspect --diff "again_$f.onnx" "third_$f.onnx"
    [ "$status" -eq 0 ] || fail "$f changes when it is read and written again"
done
run cnn-train -q --epochs 0 --net 'conv 2 3; factor 2/3; tanh; dense 10; factor -3' digits:4 -o factor.safetensors
status 0
run cnn-inspect --to factor.onnx factor.safetensors
status 0
run cnn-infer factor.safetensors digits:4
cp out answer
run cnn-infer factor.onnx digits:4
status 0
cmp -s out answer || fail 'factors are others as ONNX'
# Layers of several operators, with parameters and options of all kinds.
run cnn-train -q --threads 1 --epochs 1 --net "$golden/layers.net" digits:64 -o layers.safetensors
status 0
run cnn-inspect --to layers.onnx layers.safetensors
status 0
run cnn-features -q -l output -o layers.npy layers.safetensors digits:4
status 0
run cnn-features -q -l output -o other.npy layers.onnx digits:4
status 0
cmp -s layers.npy other.npy || fail "its layers compute something else as ONNX"
# Rows and slices.
for net in rows volume; do
    run cnn-train -q --threads 1 --epochs 1 --net "$golden/$net.net" digits:64 -o "$net.safetensors"
    status 0
    run cnn-inspect --to "$net.onnx" "$net.safetensors"
    status 0
    run cnn-features -q -l output -o "$net.npy" "$net.safetensors" digits:4
    status 0
    run cnn-features -q -l output -o other.npy "$net.onnx" digits:4
    status 0
    run cnn-inspect --to again.onnx "$net.onnx"
    status 0
    run cnn-features -q -l output -o again.npy again.onnx digits:4
    status 0
    cmp -s other.npy again.npy || fail "$net.net is another net when it is read and written again"
done
cmp -s volume.npy other.npy || fail "its volumes are others as ONNX"
printf 'input 3 rows=4\ndense 5; tanh\nposition\nrowpool\noutput rowpool1 position1\n' >sequence.net
printf 'input 2x4x5 rows=3\nconv 5 2x3x3; relu\navgpool global; rowpool\noutput rowpool1 relu1\n' >film.net
for net in sequence film; do
    run cnn-train -q --epochs 0 --classes 5 --net $net.net -o $net.safetensors
    status 0
    run cnn-inspect --to $net.onnx $net.safetensors
    status 0
done
run cnn-inspect --print sequence.onnx
out_has 'input 4x1x3'
run cnn-inspect --print film.onnx
out_has 'input 2x4x5 rows=3'
run cnn-inspect --print layers.onnx
status 0
out_has 'prelu1: prelu'
out_has 'groupnorm1: groupnorm 4'
out_has 'hardtanh1: hardtanh -0.75 1.5'
out_has 'groupnorm2: groupnorm 2 affine=0 from=stem'
out_has 'layer_scale: scale bias=0'
out_has 'mul1: mul from=trunk,gate'
run cnn-inspect --tensors layers.onnx
status 0
out_has 'layer_scale.weight *F32 *8 *'
out_has 'layernorm1.weight *F32 *8x12x12 *'
printf 'input 1x8x8\nconv 2 3; lrn 3 within=1; relu; lppool 2 p=2.5; dense 3\n' >odd.net
run cnn-train -q --epochs 0 --net odd.net --classes 3 -o odd.safetensors
status 0
run cnn-inspect --to odd.onnx odd.safetensors
status 65
err_is "cnn-inspect: odd.safetensors: 2 layers cannot be said in ONNX: 'lrn1' (lrn): within a channel, or of an even size; 'lppool1' (lppool): a p that is no whole number"
no_file odd.onnx
run cnn-inspect --to weights.onnx "$ROOT/tests/golden/models/weights.npz"
status 65
err_has '*weights.npz: weights without a net make no model'
run cnn-inspect --to lenet5.onnx lenet5.onnx
status 64

# Several outputs.
run cnn-inspect --print pixels.onnx
status 0
out_has 'output y r2'

# Weights in a file beside it, which must be there, and in its folder.
run cnn-inspect --tensors beside.onnx
status 0
out_has 'far.weight *F32 *3x2x1x1 *'
mkdir lone
cp beside.onnx lone
run cnn-inspect lone/beside.onnx
status 65
err_has "cnn-inspect: lone/beside.onnx: tensor 'far.weight': lone/beside.bin: No such file or directory"
head -c 5 beside.bin >lone/beside.bin
run cnn-inspect lone/beside.onnx
status 65
err_has "cnn-inspect: lone/beside.onnx: tensor 'far.weight': its 24 bytes from 0 on are not in 'beside.bin'"
sed 's/beside[.]bin/..\/\/de.bin/' beside.onnx >lone/out.onnx
run cnn-inspect lone/out.onnx
status 65
err_has "cnn-inspect: lone/out.onnx: tensor 'far.weight': '..//de.bin' is no name of a file beside it"

run cnn-inspect limits.onnx
status 65
err_has "*: limits.onnx: 6 nodes cannot be imported: node 'steep' (Celu): alpha of 1000: it is 0.001 to 100; *"
# All that cannot be imported at once, and nothing is written.
for command in 'cnn-inspect --to x.st refused.onnx' "cnn-infer refused.onnx $picture" \
    'cnn-train --classes 2 --epochs 0 --init refused.onnx -o x.st' "cnn-features -l c -o x.npy refused.onnx $picture"; do
    # shellcheck disable=SC2086 # words
    run $command
    status 65
    err_has "*: refused.onnx: 2 nodes cannot be imported: node 'again' (Loop): unknown operator; node 'sideways' (Softmax): axes that do not keep samples apart"
done
no_file x.st x.npy
run cnn-inspect cycle.onnx
status 65
err_has "cnn-inspect: cycle.onnx: 1 node cannot be imported: node 'first' (Add): it reads 'b', which comes later: a cycle"

# Damaged ones.
head -c 900 plain.onnx >cut.onnx
run cnn-inspect cut.onnx
status 65
err_is 'cnn-inspect: cut.onnx: cut off or damaged'
