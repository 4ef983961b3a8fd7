# Python finds the same features in every form: numpy, a tar reader as of WebDataset, svmlight's lines.
. "$ROOT/tests/cli/lib.sh"
for python in python3 /usr/bin/python3 ''; do
    [ -n "$python" ] || skip "no python3 with numpy here"
    "$python" -c 'import numpy' 2>/dev/null && break
done
"$BUILD/helpers/make-model" lenet5 0,1,2,3,4,5,6,7,8,9 lenet.st || fail "make-model"
for form in npy tsv svmlight tar; do
    cnn-features -l fc1 -l relu1 --pool --concat -o "all.$form" lenet.st digits:50:3 || fail "$form"
done
cnn-features -l conv2 -o conv2.npy lenet.st digits:50:3 || fail "conv2"
cnn-features -l conv2 -o mean.npy --pool lenet.st digits:50:3 || fail "mean"

for pooling in max gem; do
    cnn-features -l relu2 -o $pooling.npy --pool --pooling $pooling lenet.st digits:50:3 || fail "$pooling"
done
cnn-features -l relu2 -o relu2.npy lenet.st digits:50:3 || fail "relu2"
cnn-features -l fc1 -o l2.npy --l2 lenet.st digits:50:3 || fail "l2"
cnn-features -l fc1 -o fc1.npy lenet.st digits:50:3 || fail "fc1"
cnn-features -l fc1 -o half.npy --float16 lenet.st digits:50:3 || fail "half"

cat >read.py <<'PY'
import io, tarfile
import numpy as np

x = np.load("all.npy")
assert x.shape == (50, 120 + 6) and x.dtype == np.float32
rows = [line.rstrip("\n").split("\t") for line in open("all.tsv")]
rows = [r for r in rows if not r[0].startswith("#")]
keys, labels = [r[0] for r in rows], [int(r[1]) for r in rows]
assert np.array_equal(np.array([r[2:] for r in rows], dtype=np.float32), x)

y = np.zeros_like(x)
for i, line in enumerate(open("all.svmlight")):
    numbers, _, key = line.rstrip("\n").partition(" # ")
    label, *pairs = numbers.split(" ")
    places = [int(p.split(":")[0]) for p in pairs]
    assert places == sorted(set(places)) and places[0] >= 1 and places[-1] == x.shape[1]
    for p in pairs:
        place, value = p.split(":")
        y[i, int(place) - 1] = np.float32(value)
    assert int(label) == labels[i] and key == keys[i]
assert np.array_equal(x, y)

seen = 0
with tarfile.open("all.tar") as tar:
    for member in tar:
        if member.name.startswith("__cnn__/"):
            continue
        key, ext = member.name.split(".", 1)
        data = tar.extractfile(member).read()
        assert key == keys[seen // 2]
        if ext == "npy":
            assert np.array_equal(np.load(io.BytesIO(data)), x[seen // 2])
        else:
            assert ext == "cls" and int(data) == labels[seen // 2]
        seen += 1
assert seen == 100
try:
    import webdataset
except ImportError:
    pass
else:
    read = webdataset.WebDataset("all.tar", shardshuffle=False).decode()
    found = [(s["__key__"], s["cls"], s["npy"]) for s in read if "npy" in s]
    assert [f[0] for f in found] == keys and [int(f[1]) for f in found] == labels
    assert np.array_equal(np.stack([f[2] for f in found]), x)

c, m = np.load("conv2.npy"), np.load("mean.npy")
assert c.shape == (50, 16, 10, 10) and m.shape == (50, 16)
assert np.allclose(c.mean(axis=(2, 3), dtype=np.float64), m, rtol=0, atol=1e-6)
r, f = np.load("relu2.npy"), np.load("fc1.npy")
assert np.array_equal(r.max(axis=(2, 3)), np.load("max.npy"))
gem = (np.maximum(r.astype(np.float64), 1e-6) ** 3).mean(axis=(2, 3)) ** (1 / 3)
assert np.allclose(gem, np.load("gem.npy"), rtol=1e-6, atol=0)
assert np.allclose(f / np.linalg.norm(f.astype(np.float64), axis=1, keepdims=True), np.load("l2.npy"), rtol=1e-6, atol=0)
assert np.load("half.npy").dtype == np.float16 and np.array_equal(f.astype(np.float16), np.load("half.npy"))
PY
# the .tsv beside all.npy was written by npy before tsv took its name: both hold the same keys
run "$python" read.py
status 0
