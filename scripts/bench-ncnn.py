"""The second peer of scripts/bench: ncnn on single images, with its own settings (some round to half precision).

    bench-ncnn.py model NET DIR                   torchvision's NET with random weights as ncnn model in DIR (by pnnx)
    bench-ncnn.py time NET DIR SECONDS THREADS    its line of numbers, as bench-nets prints it
"""
import os
import sys
import time

import bench_steps

SHAPE = (3, 224, 224)


def model(name, folder):
    import pnnx
    import torch
    import torchvision

    torch.manual_seed(1)
    more = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(**more).eval()
    os.chdir(folder)
    pnnx.export(net, name + ".pt", torch.rand(1, *SHAPE), fp16=False)
    if not os.path.getsize(name + ".ncnn.bin"):
        sys.exit("pnnx wrote nothing")


def bench(name, folder, seconds, threads):
    start = time.perf_counter()
    import ncnn
    import numpy as np

    net = ncnn.Net()
    net.opt.num_threads = threads
    net.load_param(f"{folder}/{name}.ncnn.param")
    net.load_model(f"{folder}/{name}.ncnn.bin")
    pixels = np.random.default_rng(1).uniform(-1.7, 1.7, SHAPE).astype("float32")
    x = ncnn.Mat(pixels)  # borrows them

    def step():
        with net.create_extractor() as e:
            e.input("in0", x)
            code, out = e.extract("out0")
        if code or not np.isfinite(np.array(out)).all():
            sys.exit("ncnn failed")

    print(bench_steps.line(1, *bench_steps.measure(step, seconds, start)))


if __name__ == "__main__":
    if sys.argv[1] == "model":
        model(*sys.argv[2:])
    else:
        bench(sys.argv[2], sys.argv[3], float(sys.argv[4]), int(sys.argv[5]))
