# SPDX-License-Identifier: Apache-2.0
"""ResNet-9 (width 16) trained in PyTorch on the CPU, accuracy on the test images, plain and with flips.

Recipe `scones`: 120 epochs, batch 64, SGD nesterov .9, learning rate 0 → .05 (20% of the steps) → 0, weight decay 5e-3 on
convolution and linear weights, label smoothing .1, flip, crop after reflecting 4 pixels, cutout 12, brightness and contrast
.1, bf16 autocast where the CPU has it. Recipe `fashion-mnist`: 5 epochs, batch 256, learning rate .2, weight
decay 5e-4, label smoothing .05, flip, shift 2. Images are normalised with the mean and deviation of the training images."""
import argparse
import json
import pathlib
import time

import numpy as np
import torch
from torch.nn import functional as F

import torch_data
import torch_nets

RECIPES = {
    "scones": dict(epochs=120, batch=64, rate=0.05, decay=5e-3, smoothing=0.1, dropout=0.0, crop=4, edge="reflect",
                   cutout=12, tint=0.1),
    "fashion-mnist": dict(epochs=5, batch=256, rate=0.2, decay=5e-4, smoothing=0.05, dropout=0.0, crop=2,
                          edge="constant", cutout=0, tint=0.0),
}


def augment(padded, rows, side, mean, recipe, rng):
    """A batch of bytes → floats in units of bytes, NHWC; what is cut out or lies outside is the mean."""
    n, crop, cut = len(rows), recipe["crop"], recipe["cutout"]
    dy, dx = rng.integers(0, 2 * crop + 1, (2, n, 1))
    h, w = dy + np.arange(side), dx + np.arange(side)
    flip = rng.random((n, 1)) < 0.5
    w = np.where(flip, w[:, ::-1], w)
    x = padded[rows[:, None, None], h[:, :, None], w[:, None, :]].astype(np.float32)
    if recipe["tint"]:
        contrast, brightness = rng.uniform(-recipe["tint"], recipe["tint"], (2, n, 1, 1, 1)).astype(np.float32)
        x = (x - mean.mean()) * (1 + contrast) + mean.mean() + 255 * brightness
    if cut:
        cy, cx = rng.integers(0, side, (2, n, 1)) - cut // 2
        at = np.arange(side)
        inside = ((at >= cy) & (at < cy + cut))[:, :, None] & ((at >= cx) & (at < cx + cut))[:, None, :]
        x = np.where(inside[..., None], mean, x)
    return x


def train(images, labels, classes, recipe, precision, seed):
    n, side, channels = len(images), images.shape[1], images.shape[3]
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean = images.mean((0, 1, 2), dtype=np.float64).astype(np.float32)
    deviation = images.std((0, 1, 2), dtype=np.float64).astype(np.float32)
    c = recipe["crop"]
    if recipe["edge"] == "reflect":
        padded = np.pad(images, ((0, 0), (c, c), (c, c), (0, 0)), mode="reflect")
    else:  # outside is 0 of the normalised scale
        padded = np.empty((n, side + 2 * c, side + 2 * c, channels), np.float32)
        padded[:] = mean
        padded[:, c:-c, c:-c] = images
    net, _ = torch_nets.make("resnet-9", classes, channels, recipe["dropout"])
    net = net.to(memory_format=torch.channels_last)
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD([{"params": weights, "weight_decay": recipe["decay"]},
                                 {"params": others, "weight_decay": 0}], lr=1, momentum=0.9, nesterov=True)
    per_epoch = n // recipe["batch"]
    steps = recipe["epochs"] * per_epoch
    up = 0.2 * steps
    targets, step = torch.from_numpy(labels), 0
    net.train()
    for _ in range(recipe["epochs"]):
        order = rng.permutation(n)[:per_epoch * recipe["batch"]].reshape(per_epoch, -1)
        for rows in order:
            rate = recipe["rate"] * min(step / up, (steps - step) / (steps - up))
            for group in optimizer.param_groups:
                group["lr"] = rate
            x = (augment(padded, rows, side, mean, recipe, rng) - mean) / deviation
            x = torch.from_numpy(x.astype(np.float32)).permute(0, 3, 1, 2)  # NHWC in memory: channels_last
            optimizer.zero_grad(set_to_none=True)
            with torch_nets.autocast(precision):
                logits = net(x)
            F.cross_entropy(logits.float(), targets[rows], label_smoothing=recipe["smoothing"]).backward()
            optimizer.step()
            step += 1
    return net, mean, deviation


def evaluate(net, mean, deviation, images, labels, precision):
    """Accuracy plain, and with probabilities averaged over image and mirror image."""
    net.eval()
    plain = both = 0
    with torch.no_grad(), torch_nets.autocast(precision):
        for first in range(0, len(images), 500):
            x = torch.from_numpy((images[first:first + 500] - mean) / deviation).permute(0, 3, 1, 2)
            p, q = (net(v).float().softmax(1) for v in (x, x.flip(3)))
            y = torch.from_numpy(labels[first:first + 500])
            plain += (p.argmax(1) == y).sum().item()
            both += ((p + q).argmax(1) == y).sum().item()
    return plain / len(images), both / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=RECIPES, default="scones")
    parser.add_argument("--cifar100", type=pathlib.Path, help="archive in CIFAR-100's binary layout")
    parser.add_argument("--folder", type=pathlib.Path, help="ROOT/{train,test}/CLASS/*")
    parser.add_argument("--fashion-mnist", type=pathlib.Path, help="folder of its four IDX files")
    parser.add_argument("--classes", default="bicycle,motorcycle")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("fp32", "bf16"))
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    if not options.precision:
        options.precision = "bf16" if "avx512_bf16" in open("/proc/cpuinfo", encoding="utf-8").read() else "fp32"
    classes = options.classes.split(",")
    if options.fashion_mnist:
        splits, n_classes = torch_data.fashion_mnist(options.fashion_mnist), 10
    else:
        splits = torch_data.cifar100_binary(options.cifar100, classes) if options.cifar100 else \
            torch_data.folder(options.folder, classes)
        n_classes = len(classes)
    start = time.perf_counter()
    trained = train(*splits["train"], n_classes, RECIPES[options.recipe], options.precision, options.seed)
    seconds = time.perf_counter() - start
    plain, flips = evaluate(*trained, *splits["test"], options.precision)
    print(json.dumps({
        "version": torch.__version__, "threads": torch.get_num_threads(), "precision": options.precision,
        "seed": options.seed, "train_images": len(splits["train"][1]), "test_images": len(splits["test"][1]),
        "accuracy": round(plain, 6), "accuracy_flip": round(flips, 6), "train_seconds": round(seconds, 2),
    }))


if __name__ == "__main__":
    main()
