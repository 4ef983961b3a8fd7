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
import base64, io, json, struct, sys, tarfile
import numpy as np

# safetensors, by the package where there is one, else by the format's own description
raw = open("m.safetensors", "rb").read()
size, = struct.unpack("<Q", raw[:8])
header = json.loads(raw[8:8 + size])
meta = header.pop("__metadata__")
assert all(isinstance(v, str) for v in meta.values())
try:
    from safetensors.numpy import load_file
    tensors = load_file("m.safetensors")
except ImportError:
    tensors = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        assert t["dtype"] == "F32"
        tensors[name] = np.frombuffer(raw[8 + size + begin:8 + size + end], "<f4").reshape(t["shape"])
assert tensors["dense1.weight"].shape == (16, 784), tensors["dense1.weight"].shape
assert tensors["dense2.bias"].shape == (10,)
# nothing but the parameters: a state dict that loads strictly
assert sorted(tensors) == ["dense1.bias", "dense1.weight", "dense2.bias", "dense2.weight"], sorted(tensors)

# the self-test, in the metadata: pixels, and what the net gives for them
def array(o):
    data = base64.b64decode(o["data"], validate=True)
    return np.frombuffer(data, {"U8": "u1", "F32": "<f4"}[o["dtype"]]).reshape(o["shape"])
test = json.loads(meta["cnn.selftest"])
x, want = array(test["input"]), array(test["output"])
assert test["input"]["dtype"] == "U8" and x.shape == (8, 1, 28, 28) and x.any() and want.shape == (8, 10)
h = np.maximum((x / 255.0).reshape(8, -1) @ tensors["dense1.weight"].T + tensors["dense1.bias"], 0)
got = h @ tensors["dense2.weight"].T + tensors["dense2.bias"]
assert np.allclose(got, want, rtol=1e-4, atol=1e-4), abs(got - want).max()

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

# PyTorch: what was trained here is the state dict of the same net there, to the last key, and answers alike.
python3 -c 'import torch, safetensors.torch' 2>/dev/null || exit 0
run cnn-train -q --epochs 1 --net lenet5 digits:64 -o lenet5.safetensors
status 0
run cnn-train -q --epochs 1 --net 'input 1x28x28 mean=0.5 std=0.25; conv1: conv 8 3 bias=0; bn1: bn; relu
    maxpool 2; flatten; fc: dense classes' digits:64 -o bn.safetensors
status 0
cat >strict.py <<'PY'
import base64, collections, json, numpy as np, torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

def named(**layers):
    return nn.Sequential(collections.OrderedDict(layers))

nets = {
    "lenet5": (0.1307, 0.3081, named(
        conv1=nn.Conv2d(1, 6, 5, padding=2), r1=nn.ReLU(), p1=nn.MaxPool2d(2), conv2=nn.Conv2d(6, 16, 5), r2=nn.ReLU(),
        p2=nn.MaxPool2d(2), flat=nn.Flatten(), fc1=nn.Linear(400, 120), r3=nn.ReLU(), fc2=nn.Linear(120, 84),
        r4=nn.ReLU(), fc3=nn.Linear(84, 10))),
    "bn": (0.5, 0.25, named(
        conv1=nn.Conv2d(1, 8, 3, bias=False), bn1=nn.BatchNorm2d(8), r1=nn.ReLU(), p1=nn.MaxPool2d(2),
        flat=nn.Flatten(), fc=nn.Linear(8 * 13 * 13, 10))),
}
for name, (mean, std, net) in nets.items():
    path = name + ".safetensors"
    net.load_state_dict(load_file(path), strict=True)
    with safe_open(path, "pt") as f:
        test = json.loads(f.metadata()["cnn.selftest"])
    x, want = (np.frombuffer(base64.b64decode(test[k]["data"]), {"U8": "u1", "F32": "<f4"}[test[k]["dtype"]])
               .reshape(test[k]["shape"]).astype("f4") for k in ("input", "output"))
    if test["input"]["dtype"] == "U8":
        x = (x / np.float32(255) - np.float32(mean)) / np.float32(std)
    got = net.eval()(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(got, want, rtol=1e-4, atol=1e-4), (name, abs(got - want).max())
PY
run python3 strict.py
status 0
python3 -c 'import torchvision' 2>/dev/null || exit 0
"$BUILD/helpers/make-model" resnet18 "$(seq -s, 1000)" resnet18.safetensors || fail "make-model"
run python3 -c '
from safetensors.torch import load_file
from torchvision.models import resnet18
resnet18(weights=None).load_state_dict(load_file("resnet18.safetensors"), strict=True)'
status 0
exit 0
