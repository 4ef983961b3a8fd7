"""The peer of scripts/bench: the same work done with PyTorch.

    bench-torch.py epoch DIR     LeNet-5, one epoch of DIR's MNIST at batch 64, rate 0.02, momentum 0.9
    bench-torch.py import        nothing but the import
    bench-torch.py net NET infer|train BATCH VARIANT SECONDS THREADS
                                 steps of a whole net in memory, as bench-nets does them, and its line of numbers
    bench-torch.py variants infer|train
                                 the names of the variants, the fastest of which is the peer
    bench-torch.py choose NET infer|train BATCH SECONDS THREADS VARIANT...
                                 the line of numbers of each variant that runs, behind its name, in one process
The variants: the layout in memory (nchw, nhwc), eager, frozen and optimised TorchScript, the latter with oneDNN's
fusion (fused), torch.compile.
"""
import gzip
import os
import resource
import sys
import time

import bench_steps

VARIANTS = {
    "infer": ["nchw", "nhwc", "nchw-frozen", "nhwc-frozen", "nchw-fused", "nchw-compile", "nhwc-compile"],
    "train": ["nchw", "nhwc", "nchw-compile", "nhwc-compile"],
}


def read_idx(path):
    import numpy as np

    with gzip.open(path) as f:
        raw = f.read()
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def epoch(folder):
    import torch
    from torch_nets import lenet5

    torch.manual_seed(0)
    images = torch.from_numpy(read_idx(folder + "/train-images-idx3-ubyte.gz").copy())
    labels = torch.from_numpy(read_idx(folder + "/train-labels-idx1-ubyte.gz").astype("int64"))
    images = images.float().div_(255).unsqueeze(1)
    net = lenet5()
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    order = torch.randperm(len(images))
    total = 0.0
    for at in range(0, len(order), 64):
        batch = order[at : at + 64]
        optimizer.zero_grad()
        loss = loss_of(net(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    print("loss", total / len(order))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def layout_of(variant):
    import torch

    return torch.channels_last if variant.startswith("nhwc") else torch.contiguous_format


def infer_step(net, x, variant):
    """A function that runs one batch."""
    import torch

    net.eval()
    if hasattr(torch.jit, "enable_onednn_fusion"):
        torch.jit.enable_onednn_fusion(variant.endswith("-fused"))
    with torch.no_grad():
        if variant.endswith("-frozen"):
            net = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net, x)))
        elif variant.endswith("-fused"):
            net = torch.jit.freeze(torch.jit.trace(net, x))
        elif variant.endswith("-compile"):
            net = torch.compile(net)

    def step():
        with torch.inference_mode():
            net(x)

    return step


def train_step(net, x, variant):
    import torch
    from torch_nets import loss_of

    net.train()
    classes = 1000 if x.shape[-1] >= 224 else 10
    label = torch.randint(classes, (len(x),))
    try:
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9, fused=True)
    except (TypeError, RuntimeError):
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
    if variant.endswith("-compile"):
        net = torch.compile(net)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net, net(x), label)
        loss.backward()
        optimizer.step()
        if not loss.item() < float("inf"):
            sys.exit("the loss is not finite")

    return step


def time_steps(name, mode, batch, variant, seconds, threads):
    """What bench_steps.measure returns."""
    start = time.perf_counter()
    import torch
    import torch_nets

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net, shape = torch_nets.make(name)
    net = net.to(memory_format=layout_of(variant))
    x = (torch.rand(batch, *shape) * 3.4 - 1.7).to(memory_format=layout_of(variant))
    return bench_steps.measure((infer_step if mode == "infer" else train_step)(net, x, variant), seconds, start)


def choose(name, mode, batch, seconds, threads, variants):
    for variant in variants:
        try:
            took = time_steps(name, mode, batch, variant, seconds, threads)
            print(variant, bench_steps.line(batch, *took), sep="\t", flush=True)
        except Exception as problem:  # this PyTorch cannot do it
            print("%s %s: %s" % (name, variant, problem), file=sys.stderr)


def main(mode, *rest):
    if mode == "epoch":
        epoch(*rest)
    elif mode == "net":
        name, what, batch, variant, seconds, threads = rest
        took = time_steps(name, what, int(batch), variant, float(seconds), int(threads))
        print(bench_steps.line(int(batch), *took))
    elif mode == "choose":
        name, what, batch, seconds, threads, *variants = rest
        choose(name, what, int(batch), float(seconds), int(threads), variants)
    elif mode == "variants":
        print(*VARIANTS[rest[0]])
    else:
        import torch  # noqa: F401

        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main(*sys.argv[1:])
