# SPDX-License-Identifier: Apache-2.0
"""What the make-golden scripts share: Griddle's ops as PyTorch computes them, on our layouts (NHWC, KRSC), and files.

PyTorch knows no `augment`; that one is NumPy's, by padding, slicing and mirroring whole images."""
import argparse
import pathlib
import sys

import numpy as np
import safetensors
import safetensors.numpy
import torch
from torch.nn import functional as F

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
DRAW = np.dtype([("dx", "<i2"), ("dy", "<i2"), ("cut_x", "<i2"), ("cut_y", "<i2"), ("cut_side", "<i2"), ("flip", "u1"),
                 ("reserved", "u1"), ("contrast", "<f4"), ("brightness", "<f4")])  # gd_draw


# ---- ops ----------------------------------------------------------------------------------------------------------
def nchw(x):
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x


def nhwc(x):
    return x.permute(0, 2, 3, 1) if x.ndim == 4 else x


def augment(x, draws, mean, deviation, edge):
    mean, deviation = np.asarray(mean), np.asarray(deviation)
    _, H, W, _ = x.shape
    y, border = np.empty(x.shape), max(np.abs(draws["dx"]).max(), np.abs(draws["dy"]).max())
    for n, draw in enumerate(draws):
        image = x[n, :, ::-1] if draw["flip"] else x[n]
        if edge == "reflect":
            padded = np.pad(image, ((border, border), (border, border), (0, 0)), mode="reflect").astype(np.float64)
        else:
            padded = np.tile(mean, (H + 2 * border, W + 2 * border, 1))
            padded[border:border + H, border:border + W] = image
        top, left = border + draw["dy"], border + draw["dx"]
        window = padded[top:top + H, left:left + W]
        y[n] = (window * draw["contrast"] + draw["brightness"] - mean) / deviation
        cut_x, cut_y, side = (int(draw[key]) for key in ("cut_x", "cut_y", "cut_side"))
        y[n, max(cut_y, 0):max(cut_y + side, 0), max(cut_x, 0):max(cut_x + side, 0)] = 0
    return y


def conv2d(x, w, b=None, stride=1, pad=0, dilation=1, groups=1):
    return nhwc(F.conv2d(nchw(x), nchw(w), b, stride, pad, dilation, groups))


def groups_of(x, group):
    return torch.split(x, group or len(x))


def batch_norm(x, gamma, beta, group, epsilon):
    return torch.cat([nhwc(F.batch_norm(nchw(part), None, None, gamma, beta, training=True, eps=epsilon))
                      for part in groups_of(x, group)])


def pool2d(x, kind, kernel, stride, pad):
    if kind == "max":
        return nhwc(F.max_pool2d(nchw(x), kernel, stride, pad))
    return nhwc(F.avg_pool2d(nchw(x), kernel, stride, pad, count_include_pad=False))


def global_pool(x, kind):
    pool = {"max": F.adaptive_max_pool2d, "average": F.adaptive_avg_pool2d}[kind]
    return pool(nchw(x), 1).flatten(1)


def activate(x, kind):
    return {"none": lambda y: y, "relu": F.relu}[kind](x)


# ---- files --------------------------------------------------------------------------------------------------------
def differs(path, tensors, metadata, tolerance):
    """Why a committed file is not what was computed just now, or None. The last bits may move with PyTorch's version."""
    if not path.exists():
        return "is missing"
    with safetensors.safe_open(path, "np") as held:
        if set(held.keys()) != set(tensors):
            return "holds other tensors"
        if any(held.metadata().get(key) != text for key, text in metadata.items()):
            return "holds other cases"
        for name, value in tensors.items():
            if not np.allclose(held.get_tensor(name), value, rtol=tolerance, atol=tolerance):
                return f"differs in {name}"
    return None


def main(description, make, tolerance=1e-12):
    """The whole of a script: `make()` gives the files, each as path, tensors, metadata. Returns the exit code."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a file would be written")
    options = parser.parse_args()
    torch.set_num_threads(1)
    wrong = 0
    for path, tensors, metadata in make():
        why = differs(path, tensors, metadata, tolerance)
        if why and options.check:
            print(f"{parser.prog}: {path} {why}: PyTorch {torch.__version__} disagrees", file=sys.stderr)
            wrong = 1
        elif why:
            versions = {"torch": torch.__version__, "numpy": np.__version__}
            path.parent.mkdir(exist_ok=True)
            safetensors.numpy.save_file(tensors, path, {**metadata, **versions})
            print(path)
    return wrong
