# SPDX-License-Identifier: Apache-2.0
"""Training to accuracy: what the card learns, beside what this machine's CPU learns."""
import json
import math
import pathlib
import re

import shapes
from check import Failed, Skipped

BUDGET = 50
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# The two proportions' own chance, twice, and this for what seeds and other roundings do to a short run.
SEEDS = 0.02


def sets(check):
    """Name, config, settings, accuracy below which nothing was learned; what is found here."""
    if check.is_rehearsal:
        shapes.write(str(check.scratch / "set"), train=240, test=60)
        config = check.scratch / "set.yaml"
        text = shapes.CONFIG.format(folder=check.scratch / "set")
        config.write_text(text[:text.index("model:")] + "model:\n  network: layers\n  layers:\n    - flatten\n" +
                          text[text.index("train:"):], encoding="utf-8")
        yield "bars", config, {"train__epochs": 3, "train__learning_rate": 0.02}, 0.6
        return
    scones = check.data / "cifar-100-binary-vehicles.tar.gz" if check.data else None
    if scones and scones.exists():
        yield ("scones", ROOT / "configs" / "scones.yaml",
               {"data__source": f"file:{scones}", "model__width": 16, "train__epochs": 12}, 0.7)
    places = [pathlib.Path("/usr/share/datasets/fashion-mnist"), *([check.data / "fashion-mnist"] if check.data else [])]
    for place in (place for place in places if (place / "train-images-idx3-ubyte.gz").exists()):
        yield ("fashion-mnist", ROOT / "configs" / "fashion-mnist.yaml",
               {"data__source": place, "model__network": "lenet", "train__epochs": 1, "train__learning_rate": 0.05}, 0.7)
        break
    shapes.write(str(check.scratch / "set"), train=2400, test=600)
    config = check.scratch / "set.yaml"
    config.write_text(shapes.CONFIG.format(folder=check.scratch / "set"), encoding="utf-8")
    yield "bars", config, {}, 0.9


def learn(check, name, config, settings, device, precision):
    """(accuracy on the test images, their number) of a run."""
    out = check.scratch / f"{name}-{device}-{precision}"
    words = check.settings(**settings, train__precision=precision)
    check.griddle("train", config, "--device", device, "--out", out, *words)
    found = json.loads(check.griddle("evaluate", out, "--json").stdout)
    return found["accuracy"], found["images"]


def run(check):
    rows, wrong = [], []
    precisions = ("fp16",) if check.is_rehearsal else check.precisions
    for name, config, settings, least in sets(check):
        try:
            cpu, n = learn(check, name, config, settings, "cpu", "fp32")
            row = {"set": name, "images": n, "cpu fp32": cpu, "least": least}
            rows.append(row)
            for precision in precisions:
                got, _ = learn(check, name, config, settings, "cuda", precision)
                row[f"cuda {precision}"] = got
                room = SEEDS + 2 * math.sqrt(2 * cpu * (1 - cpu) / n)
                if got < max(least, cpu - room):
                    wrong.append(f"{name} in {precision}: {got:.4f} of {n} test images, the CPU in fp32 {cpu:.4f}, at least "
                                 f"{max(least, cpu - room):.4f} is wanted")
        except Failed as why:
            wrong.append(f"{name}: {why}")
    if wrong:
        raise Failed("; ".join(wrong), {"rows": rows})
    if not rows:
        raise Skipped("there are no images")
    told = "; ".join(f"{row['set']} " + ", ".join(f"{key} {value:.3f}" for key, value in row.items()
                                                  if re.match("cpu|cuda", key)) for row in rows)
    return told, {"rows": rows}
