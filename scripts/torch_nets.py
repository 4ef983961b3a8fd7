"""The networks of scripts/bench in PyTorch: torchvision's where it has them, else as lib/zoo defines them."""
import torch
from torch import nn
from torch.nn import functional


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(inplace=True), nn.Linear(120, 84), nn.ReLU(inplace=True), nn.Linear(84, 10),
    )


def cifar7k():
    layers = []
    for c in 3, 10, 10:
        layers += [nn.Conv2d(c, 10, 3, padding=1), nn.ReLU(inplace=True)]
        layers += [nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(160, 10))


class Basic(nn.Module):
    """Two 3x3 convolutions beside a shortcut of option A: every second pixel, channels of zeros on both sides."""

    def __init__(self, c, n, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(c, n, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n)
        self.conv2 = nn.Conv2d(n, n, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(n)
        self.stride, self.pad = stride, (n - c) // 2

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.stride > 1:
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.pad, self.pad))
        y += x
        return functional.relu(y, inplace=True)


def resnet20():
    blocks, c = [], 16
    for n in 16, 32, 64:
        for i in range(3):
            blocks.append(Basic(c, n, 2 if i == 0 and n > 16 else 1))
            c = n
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10),
    )


OWN = {"lenet5": (lenet5, (1, 28, 28)), "cifar7k": (cifar7k, (3, 32, 32)), "resnet20": (resnet20, (3, 32, 32))}


OPTIONS = {  # of torchvision's
    "googlenet": {"aux_logits": True, "init_weights": False},
    "inception_v3": {"aux_logits": True, "init_weights": False},
}
SIDE = {"inception_v3": 0.4}  # what a side classifier's loss counts; 0.3 elsewhere


def make(name):
    """The net of that name with random weights, and the shape of its input."""
    if name in OWN:
        return OWN[name][0](), OWN[name][1]
    size = 299 if name == "inception_v3" else 224
    if name.startswith("efficientnet_lite"):
        import timm

        net = timm.create_model("tf_" + name, drop_path_rate=0.2)
    else:
        import torchvision

        net = getattr(torchvision.models, name)(**OPTIONS.get(name, {}))
    net.side = SIDE.get(name, 0.3)
    return net, (3, size, size)


def loss_of(net, out, label):
    """Cross entropy; side classifiers count less."""
    if torch.is_tensor(out):
        return functional.cross_entropy(out, label)
    main, *side = (functional.cross_entropy(o, label) for o in out if o is not None)
    return main + net.side * sum(side)
