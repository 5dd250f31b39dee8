# SPDX-License-Identifier: Apache-2.0
"""Griddle's zoo in PyTorch, layer by layer the same."""
import torch
from torch import nn
from torch.nn import functional as F


def conv(c_in, c_out, kernel=3, stride=1, bias=False):
    return nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=bias)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions; a shortcut that changes shape is a 1x1 convolution and batch norm (option B)."""

    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(c_in, c_out, 3, stride), nn.BatchNorm2d(c_out)
        self.conv2, self.bn2 = conv(c_out, c_out), nn.BatchNorm2d(c_out)
        self.shortcut = None
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Sequential(conv(c_in, c_out, 1, stride), nn.BatchNorm2d(c_out))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (self.shortcut(x) if self.shortcut else x))


class ResNet(nn.Module):
    """A 3x3 stem and stages of basic blocks, the first of each later stage with stride 2; average pool, linear."""

    def __init__(self, widths, blocks, channels, classes):
        super().__init__()
        self.conv, self.bn = conv(channels, widths[0]), nn.BatchNorm2d(widths[0])
        c_in, stages = widths[0], []
        for i, width in enumerate(widths):
            for j in range(blocks):
                stages.append(BasicBlock(c_in, width, 2 if i > 0 and j == 0 else 1))
                c_in = width
        self.stages, self.fc = nn.Sequential(*stages), nn.Linear(c_in, classes)

    def forward(self, x):
        x = self.stages(F.relu(self.bn(self.conv(x))))
        return self.fc(x.mean((2, 3)))


class ConvPoolNorm(nn.Module):
    def __init__(self, c_in, c_out, pool=False):
        super().__init__()
        self.conv, self.bn, self.pool = conv(c_in, c_out), nn.BatchNorm2d(c_out), pool

    def forward(self, x):
        x = self.conv(x)
        return F.relu(self.bn(F.max_pool2d(x, 2) if self.pool else x))


class ResNet9(nn.Module):
    """w, 2w/pool, residual(2w, 2w), 4w/pool, 4w/pool, residual(4w, 4w), global max, dropout, linear."""

    def __init__(self, width, channels, classes, dropout):
        super().__init__()
        w = width
        self.stem, self.down1 = ConvPoolNorm(channels, w), ConvPoolNorm(w, 2 * w, True)
        self.res1 = nn.Sequential(ConvPoolNorm(2 * w, 2 * w), ConvPoolNorm(2 * w, 2 * w))
        self.down2, self.down3 = ConvPoolNorm(2 * w, 4 * w, True), ConvPoolNorm(4 * w, 4 * w, True)
        self.res2 = nn.Sequential(ConvPoolNorm(4 * w, 4 * w), ConvPoolNorm(4 * w, 4 * w))
        self.dropout, self.fc = dropout, nn.Linear(4 * w, classes)

    def forward(self, x):
        x = self.down1(self.stem(x))
        x = x + self.res1(x)
        x = self.down3(self.down2(x))
        x = x + self.res2(x)
        x = F.dropout(x.amax((2, 3)), self.dropout, self.training)
        return self.fc(x)


class LeNet(nn.Module):
    """5x5 convolutions of 32 and 64 filters, each with a max pool; 128 hidden units. 22.1 MFLOP at 28x28."""

    def __init__(self, channels, classes, side):
        super().__init__()
        self.conv1, self.conv2 = conv(channels, 32, 5, bias=True), conv(32, 64, 5, bias=True)
        self.fc1, self.fc2 = nn.Linear(64 * (side // 4) ** 2, 128), nn.Linear(128, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


def make(network, classes=10, channels=None, dropout=0.0):
    """(net, (channels, height, width) of its input)"""
    if network == "lenet":
        channels = channels or 1
        return LeNet(channels, classes, 28), (channels, 28, 28)
    channels = channels or 3
    if network == "resnet-9":
        net = ResNet9(16, channels, classes, dropout)
    elif network == "resnet-18":
        net = ResNet((64, 128, 256, 512), 2, channels, classes)
    elif network.startswith("resnet-") and (int(network[7:]) - 2) % 6 == 0:
        net = ResNet((16, 32, 64), (int(network[7:]) - 2) // 6, channels, classes)
    else:
        raise ValueError(f"no network '{network}'")
    return net, (channels, 32, 32)


def autocast(precision, device="cpu"):
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}
    return torch.autocast(device, half.get(precision, torch.bfloat16), enabled=precision in half)
