# SPDX-License-Identifier: Apache-2.0
"""Accuracy on test images, and the wall time of the process that gets there: Fashion-MNIST, scones over five seeds, and
ten pairs of CIFAR-10 classes (pairs.json) by the scones recipe unchanged. Griddle's side is the shipped config through
`griddle run`; PyTorch's recipe is in peers/torch_accuracy.py. `accuracy` averages each image with its mirror image."""
import json
import pathlib

from bench import ROOT, Case, Reading
from scratch import SCONES, cifar10_folder, griddle_run, pairs, scones_source

FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")  # Debian: dataset-fashion-mnist


def cases(bench):
    def griddle(config, name, seed, **settings):
        version = bench.griddle_version()
        out, process = griddle_run(bench, config, name, **{"train.seed": seed, **settings})
        evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
        return Reading(version, {"accuracy": (evaluation["accuracy"], "share"), "process": (process.wall_s, "s")})

    def torch(*words, seed):
        process = bench.peer("torch_accuracy.py", *words, "--seed", seed, "--threads", bench.threads)
        output = process.json()
        return Reading(output["version"], {
            "accuracy": (output["accuracy_flip"], "share"), "accuracy without flips": (output["accuracy"], "share"),
            "process": (process.wall_s, "s"), "training": (output["train_seconds"], "s")})

    yield Case("fashion-mnist", {
        "griddle": lambda seed: griddle(ROOT / "configs" / "fashion-mnist.yaml", "fashion-mnist", seed),
        "torch": lambda seed: torch("--recipe", "fashion-mnist", "--fashion-mnist", FASHION_MNIST, seed=seed),
    }, rounds=1, seeds=[0])

    yield Case("scones", {
        "griddle": lambda seed: griddle(SCONES, "scones", seed, **{"data.source": scones_source(bench)}),
        "torch": lambda seed: torch("--cifar100", bench.data_file("cifar-100-binary-vehicles.tar.gz"), seed=seed),
    }, rounds=5, seeds=[0, 1, 2, 3, 4])

    seeds = pairs()["seeds"]
    for a, b in pairs()["pairs"]:
        def griddle_pair(i, a=a, b=b):
            return griddle(SCONES, f"{a}-{b}", seeds[i], **{
                "data.source": cifar10_folder(bench), "data.format": "folder", "data.classes": f"[{a},{b}]"})

        def torch_pair(i, a=a, b=b):
            return torch("--folder", cifar10_folder(bench), "--classes", f"{a},{b}", seed=seeds[i])

        yield Case(f"pair {a}-{b}", {"griddle": griddle_pair, "torch": torch_pair}, rounds=len(seeds), seeds=seeds)
