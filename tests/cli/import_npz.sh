# Weights of NumPy (.npz): --init takes them as it takes safetensors, cnn-inspect lists and compares them, and messages
# name the file and the member.
. "$ROOT/tests/cli/lib.sh"
golden=$ROOT/tests/golden/models
net='input 1x6x6; conv1: conv 2 3; bn1: bn; relu; dense1: dense 3'
cp "$golden/weights.npz" "$golden/weights_packed.npz" .

run cnn-inspect weights_packed.npz
status 0
out_has 'conv1.weight  *F32  *2x1x3x3'
out_has 'bn1.running_var *U16  *2'
out_has 'bn1.num_batches_tracked  *I64  *scalar'
out_has 'tensors  *9'
run cnn-inspect --diff weights.npz weights_packed.npz
status 0
out_is ''
run cnn-inspect --json weights.npz
status 0
out_has '*"form": "tensors"*'
run cnn-inspect --check weights.npz
status 0
run cnn-inspect --layers weights.npz
status 65
err_is 'cnn-inspect: weights.npz: a file of tensors only, without a net'

# The same tensors, whichever file, and through a pipe; the model says which they were.
init() { run cnn-train -q --threads 1 --classes 3 --epochs 0 --net "$net" "$@"; }
init --init weights.npz -o plain.st
status 0
run cnn-inspect --diff plain.st weights_packed.npz
status 1
out_is 'tensor bn1.num_batches_tracked: only in weights_packed.npz'
init --init weights_packed.npz -o packed.st
status 0
run cnn-inspect --diff plain.st packed.st
status 0
init --init /dev/stdin -o piped.st <weights_packed.npz
status 0
run sh -c 'cat weights_packed.npz | cnn-inspect /dev/stdin'
status 0
out_has 'tensors  *9'
cp weights.npz unnamed
init --init unnamed -o unnamed.st
status 0
run cnn-inspect --diff plain.st unnamed.st
status 0
run cnn-inspect --filters conv1.weight weights.npz filters.png
status 0

# Written: the same tensors, read again and, where there is a Python with NumPy, by that; the same bytes each time.
run cnn-inspect --to written.npz plain.st
status 0
[ "$(head -c 2 written.npz)" = PK ] || fail "what is called .npz is no archive"
run cnn-inspect --diff plain.st written.npz
status 0
run cnn-inspect --to again.npz written.npz
status 0
cmp -s written.npz again.npz || fail "an archive that is read and written again has other bytes"
run cnn-inspect --to /dev/stdout plain.st
status 0
cp written.npz kept.npz
run cnn-inspect --to written.npz cut_that_is_not_there.st
status 66
cmp -s written.npz kept.npz || fail "a command that fails changes its output"
if python3 -c 'import numpy' 2>numpy.err; then
    run python3 -c "
import numpy, zipfile
assert zipfile.ZipFile('written.npz').testzip() is None
a, b = numpy.load('written.npz'), numpy.load('$ROOT/tests/golden/models/weights.npz')
for name in a.files:
    assert a[name].dtype == numpy.float32 and numpy.array_equal(a[name], b[name]), name
print(len(a.files))"
    status 0
    out_has 8
fi

# What does not fit, and weights where a model is needed.
init --init weights.npz -o x.st --rename conv1=conv9
status 65
err_has "cnn-train: weights.npz: tensor 'conv1.*' of the net is not in the file*"
run cnn-train --classes 3 --epochs 0 --init weights.npz -o x.st
status 64
err_has 'cnn-train: weights.npz holds weights without a net: --net is needed'
run cnn-infer weights.npz digits:3
status 65
err_has 'cnn-infer: weights.npz: no net in the metadata: *'
run cnn-inspect --runs weights.npz
status 65
err_has 'cnn-inspect: weights.npz: no net in the metadata: *'

# Damaged ones.
head -c 1000 weights.npz >cut.npz
init --init cut.npz -o x.st
status 65
err_has 'cnn-train: cut.npz: not a zip archive, or a truncated one*'
run cnn-inspect cut.npz
status 65
err_has 'cnn-inspect: cut.npz: not a zip archive, or a truncated one*'
cp weights.npz changed.npz
printf '\001' | dd of=changed.npz bs=1 seek=200 conv=notrunc 2>dd.err || fail "dd"
init --init changed.npz -o x.st
status 65
err_has "cnn-train: changed.npz: member 'conv1.weight.npy': damaged: *"
run cnn-inspect --tensors changed.npz
status 65
err_has "cnn-inspect: changed.npz: member 'conv1.weight.npy': damaged: *"
no_file x.st
