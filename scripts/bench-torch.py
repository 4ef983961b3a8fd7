"""The peer of scripts/bench: the same work done with PyTorch, as plainly as one writes it.

    bench-torch.py train DIR     LeNet-5, one epoch of DIR's MNIST at batch 64, rate 0.02, momentum 0.9
    bench-torch.py import        nothing but the import
Prints the peak memory in KiB as its last line.
"""
import resource
import sys


def read_idx(path):
    import gzip
    import numpy as np

    with gzip.open(path) as f:
        raw = f.read()
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


def train(folder):
    import torch
    from torch import nn

    torch.manual_seed(0)
    images = torch.from_numpy(read_idx(folder + "/train-images-idx3-ubyte.gz").copy())
    labels = torch.from_numpy(read_idx(folder + "/train-labels-idx1-ubyte.gz").astype("int64"))
    images = images.float().div_(255).unsqueeze(1)
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )
    loss_of = nn.CrossEntropyLoss()
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


if __name__ == "__main__":
    if sys.argv[1] == "train":
        train(sys.argv[2])
    else:
        import torch  # noqa: F401
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
