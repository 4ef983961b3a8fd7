# Weights of PyTorch in every form: --init takes them as it takes safetensors, cnn-inspect lists and compares them, and
# nothing that a pickle calls is run.
. "$ROOT/tests/cli/lib.sh"
golden=$ROOT/tests/golden/models
net='input 1x6x6; conv1: conv 2 3; bn1: bn; relu; dense1: dense 3'
for form in zip packed big stream tar; do
    cp "$golden/weights_$form.pth" $form.pth
done

run cnn-inspect zip.pth
status 0
out_has 'conv1.weight  *F32  *2x1x3x3'
out_has 'bn1.weight  *BF16  *2'
out_has 'bn1.num_batches_tracked  *I64  *scalar'
out_has 'tensors  *14'
for form in packed big stream tar; do
    run cnn-inspect --diff zip.pth $form.pth
    status 0
    out_is ''
done

# The same tensors, whichever form, through a pipe, and under any name.
init() { run cnn-train -q --threads 1 --classes 3 --epochs 0 --net "$net" --allow-new 'codes.*' "$@"; }
for form in zip packed big stream tar; do
    init --init $form.pth -o $form.st
    status 0
done
for form in packed big stream tar; do
    run cnn-inspect --diff zip.st $form.st
    status 0
done
run sh -c 'cat stream.pth | cnn-inspect /dev/stdin'
status 0
out_has 'tensors  *14'
cp zip.pth unnamed
init --init unnamed -o unnamed.st
status 0
run cnn-inspect --diff zip.st unnamed.st
status 0

# A checkpoint's net, behind what a wrapper puts in front.
run cnn-inspect "$golden/checkpoint.pth"
status 0
out_has 'module.conv1.weight  *F32  *2x1x3x3'
out_has 'tensors  *7'
run cnn-train --threads 1 --classes 2 --epochs 0 --net 'input 1x3x3; conv1: conv 2 3; bn1: bn; flatten' \
    --init "$golden/checkpoint.pth" -o checkpoint.st
status 0
err_has "*'module.' in front of 6 names is left out*"

# What does not serve, and what must not.
cp "$golden/whole.pth" .
init --init whole.pth -o x.st
status 65
err_has 'cnn-train: whole.pth: a whole object, torch.nn.modules.batchnorm.BatchNorm2d, and no state dict: *'
run cnn-infer zip.pth digits:3
status 65
err_has 'cnn-infer: zip.pth: no net in the metadata: *'
printf 'cposix\nsystem\n(S"touch ran"\ntR.' >evil.pth
run cnn-inspect evil.pth
status 65
err_is 'cnn-inspect: evil.pth: the pickle calls posix.system, which is no data'
init --init evil.pth -o x.st
status 65
no_file ran x.st

# Safe files of them, with the same tensors as float32.
run cnn-inspect --to safe.safetensors stream.pth
status 0
out_is ''
run cnn-inspect safe.safetensors
out_has 'codes.i32  *F32  *2x2'
out_has 'tensors  *14'
run cnn-inspect --diff stream.pth safe.safetensors
status 0
run cnn-inspect --to zip.pth zip.pth
status 64
err_has 'cnn-inspect: *zip.pth*'
run cnn-inspect --diff zip.pth safe.safetensors
status 0
run cnn-inspect --to x.st resnet20
status 65
err_is 'cnn-inspect: resnet20: a net only, without tensors'
run cnn-inspect --to nowhere/x.st zip.pth
status 73
run cnn-inspect --to x.st --json zip.pth
status 64
run cnn-inspect --to x.st evil.pth
status 65
cp "$ROOT/tests/golden/models/selftest_tensors.safetensors" model.st
run cnn-inspect --to copy.st model.st
status 0
run cnn-inspect --diff model.st copy.st
status 0
no_file x.st

# Several files, and what says which tensor is where.
cat >model.index.json <<'END'
{"metadata": {"total_size": 1}, "weight_map": {"conv1.weight": "safe.safetensors", "dense1.weight": "stream.pth",
  "conv1.bias": "safe.safetensors"}}
END
run cnn-inspect --tensors model.index.json
status 0
out_has 'dense1.weight  *F32  *3x32  *-5 *'
out_has 'tensors  *3'
mkdir apart
sed 's/"stream.pth"/"..\/stream.pth"/' model.index.json >apart/model.index.json
run cnn-inspect apart/model.index.json
status 66
cp safe.safetensors apart/
run cnn-inspect apart/model.index.json
status 65
err_is "cnn-inspect: apart/model.index.json: '../stream.pth' is no name of a file beside it"
sed 's/"conv1.bias"/"conv9.bias"/' model.index.json >wrong.index.json
run cnn-inspect wrong.index.json
status 65
err_is "cnn-inspect: wrong.index.json: tensor 'conv9.bias' is not in safe.safetensors"

# Damaged ones.
head -c 2000 zip.pth >cut.pth
init --init cut.pth -o x.st
status 65
err_has 'cnn-train: cut.pth: not a zip archive, or a truncated one*'
head -c 2500 stream.pth >cut.pth
run cnn-inspect cut.pth
status 65
err_has "cnn-inspect: cut.pth: storage '*' ends behind the file (a truncated file?)*"
echo 'no pickle' >text.pth
run cnn-inspect text.pth
status 65
err_has 'cnn-inspect: text.pth: malformed pickle: *'
no_file x.st

# Public weights, as their authors published them.
need_data efficientnet_lite0
run cnn-inspect --check --tensors "$data/efficientnet-lite0-57934424.pth"
status 0
out_has '_conv_stem.weight  *F32  *32x3x3x3  *'
out_has 'tensors  *296'
need_data mtcnn
run cnn-inspect --json "$data/pnet.pt"
status 0
out_has '*"form": "tensors"*'
