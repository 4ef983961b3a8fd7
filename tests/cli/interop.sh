# What we write, other people's tools read: Python's safetensors, a WebDataset reader, numpy, liblinear.
. "$ROOT/tests/cli/lib.sh"
need python3
python3 -c 'import numpy' 2>/dev/null || skip "python3 has no numpy here"

run cnn-train --net 'flatten; dense 16; relu; dense classes' --epochs 1 -q digits:300 -o m.safetensors
status 0
run cnn-features m.safetensors --layer relu1 digits:60:5 -o f.npy
status 0
run cnn-features m.safetensors --layer relu1 digits:60:5 --format svmlight -o f.svm
status 0
cnn-augment -q --rotate 10 digits:40:3 >a.tar || fail "cnn-augment"

cat >read.py <<'PY'
import io, json, struct, sys, tarfile
import numpy as np

# safetensors, by the package where there is one, else by the format's own description
try:
    from safetensors.numpy import load_file
    tensors = load_file("m.safetensors")
except ImportError:
    raw = open("m.safetensors", "rb").read()
    size, = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + size])
    assert all(isinstance(v, str) for v in header.pop("__metadata__").values())
    tensors = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        assert t["dtype"] == "F32"
        tensors[name] = np.frombuffer(raw[8 + size + begin:8 + size + end], "<f4").reshape(t["shape"])
assert tensors["dense1.weight"].shape == (16, 784), tensors["dense1.weight"].shape
assert tensors["dense2.bias"].shape == (10,)

# the features are what the weights say
f = np.load("f.npy")
assert f.shape == (60, 16) and f.dtype == np.float32 and (f >= 0).all() and f.any()
rows = [line.rstrip("\n").split("\t") for line in open("f.tsv")]
rows = [r for r in rows if not r[0].startswith("#")]
assert len(rows) == 60 and all(len(r) == 2 for r in rows)

# samples of the stream: adjacent members, the key up to the first dot, classes by number
samples, order = {}, []
with tarfile.open("a.tar") as tar:
    names = [m.name for m in tar]
    assert names[0] == "__cnn__/header.json" and names[-1] == "__cnn__/end.json"
    classes = json.load(tar.extractfile(names[0]))["classes"]
    assert json.load(tar.extractfile(names[-1]))["samples"] == 40
    for member in tar:
        folder, _, base = member.name.rpartition("/")
        key, _, ext = base.partition(".")
        if folder == "__cnn__":
            continue
        key = folder + "/" + key
        if key not in samples:
            order.append(key)
        assert key == order[-1], "members of a sample lie together"
        samples.setdefault(key, {})[ext] = tar.extractfile(member).read()
assert len(samples) == 40
for s in samples.values():
    image = s.get("pgm") or s["ppm"]
    assert image.startswith(b"P5\n28 28\n255\n") and len(image) == 13 + 784
    assert 0 <= int(s["cls"]) < len(classes) == 10

# svmlight: label, then ascending index:value pairs
lines = [l for l in open("f.svm") if not l.startswith("#")]
assert len(lines) == 60
for i, l in enumerate(lines):
    label, *pairs = l.split("#")[0].split()
    int(label)
    index = [int(p.split(":")[0]) for p in pairs]
    assert index == sorted(set(index)) and (not index or index[0] >= 1)
    dense = np.zeros(16, np.float32)
    for p in pairs:
        k, v = p.split(":")
        dense[int(k) - 1] = float(v)
    assert np.allclose(dense, f[i], rtol=1e-6), i
PY
run python3 read.py
status 0

if python3 -c 'import webdataset' 2>/dev/null; then
    run python3 -c '
import webdataset as wds
n = sum(1 for s in wds.WebDataset("a.tar", shardshuffle=False) if "cls" in s and len(s["pgm"]) == 797)
assert n == 40, n'
    status 0
fi
for trainer in svm-train liblinear-train train; do
    command -v $trainer >/dev/null || continue
    run $trainer f.svm f.model
    status 0
done
