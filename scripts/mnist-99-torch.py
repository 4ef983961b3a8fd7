"""The peer of mnist-99: MNIST to 99.0 % test accuracy with PyTorch, tuned: all images in memory as one tensor, batches
cut from a shuffled copy of it, one-cycle rate.

    mnist-99-torch.py DIR MODEL           train on DIR's images and save the weights
    mnist-99-torch.py --check DIR MODEL   print the test accuracy; status 1 below 99.0 %
Settings: OMP_NUM_THREADS, SEED, EPOCHS, BATCH, RATE.
"""
import gzip
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch_nets import lenet5


def read(folder, name):
    with gzip.open(os.path.join(folder, name)) as f:
        raw = f.read()
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).copy())


def images(folder, part):
    x = read(folder, part + "-images-idx3-ubyte.gz").view(-1, 1, 28, 28).float().div_(255).sub_(0.1307).div_(0.3081)
    return x.contiguous(memory_format=LAYOUT), read(folder, part + "-labels-idx1-ubyte.gz").long()


LAYOUT = torch.channels_last if os.environ.get("LAYOUT") == "nhwc" else torch.contiguous_format


def start(net):
    """He's initialisation, which ours begins with, too."""
    for m in net.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(m.weight)
            nn.init.zeros_(m.bias)
    return net.to(memory_format=LAYOUT)


def train(folder, path):
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", os.cpu_count())))
    torch.manual_seed(int(os.environ.get("SEED", "0")))
    epochs, batch = int(os.environ.get("EPOCHS", "2")), int(os.environ.get("BATCH", "48"))
    x, label = images(folder, "train")
    net = start(lenet5())
    options = {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}
    try:
        optimizer = torch.optim.SGD(net.parameters(), fused=True, **options)
    except (TypeError, RuntimeError):
        optimizer = torch.optim.SGD(net.parameters(), **options)
    steps = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, float(os.environ.get("RATE", "0.05")), total_steps=steps, pct_start=0.2, cycle_momentum=False)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for xs, labels in zip(x[order].split(batch), label[order].split(batch)):
            optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(net(xs), labels, label_smoothing=0.05).backward()
            optimizer.step()
            schedule.step()
    torch.save(net.state_dict(), path)


def check(folder, path):
    x, label = images(folder, "t10k")
    net = lenet5().eval()
    net.load_state_dict(torch.load(path))
    with torch.no_grad():
        accuracy = (net(x).argmax(1) == label).float().mean().item()
    print("top1 %.4f" % accuracy)
    sys.exit(accuracy < 0.99)


if __name__ == "__main__":
    if sys.argv[1] == "--check":
        check(*sys.argv[2:])
    else:
        train(*sys.argv[1:])
