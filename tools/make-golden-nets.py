#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyTorch's loss and gradients of random nets: tests/golden/nets/net-SEED.safetensors, held against ours by `griddle-nets
against`.

    tools/make-golden-nets.py            write the files
    tools/make-golden-nets.py --check    exit with 1 where the committed files are not what PyTorch computes

A net is described by `griddle-nets describe`, out of the build that $GRIDDLE_BUILD names (build/release): its graph, its
parameters, its inputs. PyTorch computes it in double and differentiates by itself; tests/nets/golden.c says what is in a
file."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import safetensors
import torch
from torch.nn import functional as F

import golden

BUILD = pathlib.Path(os.environ.get("GRIDDLE_BUILD", golden.GOLDEN.parent.parent / "build" / "release"))
# Nets of few parameters without dropout, whose masks PyTorch does not draw; every other layer occurs.
SEEDS = (1, 2, 3, 12, 13, 14, 15, 18, 20, 22, 30, 32, 34, 35, 36, 37, 38, 39, 40, 41)

# op → a function of its inputs, its parameters and its settings
OPS = {
    "augment": lambda x, draws, s: torch.from_numpy(golden.augment(
        x.numpy(), draws.numpy().view(golden.DRAW)[:, 0], s["mean"], s["deviation"], s["edge"])),
    "conv2d": lambda x, w, b, s: golden.conv2d(x, w, b, s["stride"], s["pad"], s["dilation"], s["groups"]),
    "linear": lambda x, w, b, s: F.linear(x, w, b),
    "bn_stats": lambda x, running, s: x,  # PyTorch's batch norm has its statistics inside
    "bn_apply": lambda x, _, residual, gamma, beta, s: golden.activate(
        golden.batch_norm(x, gamma, beta, s["group"], s["epsilon"]) + (0 if residual is None else residual),
        s["activation"]),
    "add": lambda a, b, s: golden.activate(a + b, s["activation"]),
    "relu": lambda x, s: F.relu(x),
    "hard_swish": lambda x, s: F.hardswish(x),
    "pool2d": lambda x, s: golden.pool2d(x, s["kind"], s["kernel"], s["stride"], s["pad"]),
    "global_pool": lambda x, s: golden.global_pool(x, s["kind"]),
    "flatten": lambda x, s: x.flatten(1),
    "softmax_xent": lambda x, targets, s: F.cross_entropy(x, targets, label_smoothing=s["label_smoothing"]),
}
OPERANDS = {"conv2d": (1, 2), "linear": (1, 2), "bn_apply": (3, 2)}  # inputs and parameters, where the last may be absent


def gradients(description):
    """{"loss": …, parameter: gradient …} of a described net."""
    with safetensors.safe_open(description, "pt") as file:
        graph = json.loads(file.metadata()["graph"])
        values = {name: file.get_tensor(name) for name in file.keys()}
    trained = {}
    for node in graph["nodes"]:
        for name in filter(None, node["params"]):
            if node["op"] != "bn_stats":
                trained[name] = values[name].requires_grad_()
    for node in graph["nodes"]:
        operands = []
        for names, n in zip((node["in"], node["params"]), OPERANDS.get(node["op"], (0, 0))):
            present = [values[name] for name in names if name]
            operands += present + [None] * (n - len(present))
        values[node["name"]] = OPS[node["op"]](*operands, node.get("settings", {}))
    values["loss"].backward()
    return {"loss": values["loss"].detach().reshape(1).numpy(), **{name: p.grad.numpy() for name, p in trained.items()}}


def make():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([BUILD / "tests" / "griddle-nets", "describe", folder, *map(str, SEEDS)], check=True)
        for seed in SEEDS:
            description = f"{folder}/net-{seed}.safetensors"
            with safetensors.safe_open(description, "np") as file:
                metadata = {"seed": str(seed), "config": file.metadata()["config"]}
            yield golden.GOLDEN / "nets" / f"net-{seed}.safetensors", gradients(description), metadata


if __name__ == "__main__":
    sys.exit(golden.main(__doc__, make))
