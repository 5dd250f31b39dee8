# SPDX-License-Identifier: Apache-2.0
"""Does fp16 with loss scaling train as fp32 does? Accuracy on test images of the shipped configs in both, on the CPU:
scones over five seeds, Fashion-MNIST once. There fp16 is what is stored, rounded after every op; sums are in fp32."""
import json

from bench import ROOT, Case, Reading
from scratch import SCONES, griddle_run, scones_source

FASHION_MNIST = ROOT / "configs" / "fashion-mnist.yaml"


def cases(bench):
    def sample(config, name, precision, settings):
        def take(seed):
            version = bench.griddle_version()
            out, process = griddle_run(bench, config, f"{name}-{precision}",
                                       **{"train.seed": seed, "train.precision": precision, **settings()})
            evaluation = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
            return Reading(version, {"accuracy": (evaluation["accuracy"], "share"), "process": (process.wall_s, "s")})
        return take

    def both(*what):
        return {f"griddle-{p}": sample(*what[:2], p, what[2]) for p in ("fp16", "fp32")}

    yield Case("scones", both(SCONES, "scones", lambda: {"data.source": scones_source(bench)}),
               rounds=5, seeds=[0, 1, 2, 3, 4])
    yield Case("fashion-mnist", both(FASHION_MNIST, "fashion-mnist", dict), rounds=1, seeds=[0])
