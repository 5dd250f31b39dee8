# SPDX-License-Identifier: Apache-2.0
"""Latency of a model, bytes to probabilities, on one thread: libgriddle-infer and onnxruntime on the same weights.

The models are trained for one epoch on scones, for time alone. A sample is a fresh process that answers for a while;
its figures are the median and the 99th percentile over runs. onnxruntime is given normalised floats, so that what
griddle does around the network counts against griddle. Both must give the same
logits."""
import os

from bench import Absent, Case, Failed, ROOT, Reading, run
from scratch import SCONES, compiled, griddle_run, scones_source

CASES = [("resnet-20", 1), ("resnet-20", 16), ("resnet-9", 1), ("lenet", 1), ("resnet-18", 1)]
TOLERANCE = 1e-4  # of a logit, relative to the largest


def model(bench, network):
    """A model of that network, made once for a build of griddle."""
    out = bench.scratch / f"infer-{network}"
    path = out / "model.safetensors"
    bench.griddle_version()
    if not path.exists() or path.stat().st_mtime < bench.griddle.stat().st_mtime:
        griddle_run(bench, SCONES, out.name, **{"data.source": scones_source(bench), "model.network": network,
                                                "train.epochs": 1, "evaluate.flip": "false"})
    return path


def program(bench):
    """infer_latency.c, compiled as a user of the library would."""
    archive, source = bench.griddle.parent / "libgriddle-infer.a", ROOT / "benchmarks" / "infer_latency.c"
    out = bench.scratch / "infer_latency"
    if not archive.exists():
        raise Absent(f"no {archive}: cmake --preset release && cmake --build --preset release")
    return compiled(out, [archive, source], [os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-I",
                                             ROOT / "include", source, archive, "-lm"])


def reading(output, answers, system):
    answers[system] = output["logits"]
    first, *_ = answers.values()
    apart = max(abs(p - q) for p, q in zip(first, answers[system])) / max(map(abs, first))
    if len(first) != len(answers[system]) or not apart <= TOLERANCE:
        raise Failed(f"its logits are {apart:.2g} from those of {next(iter(answers))}")
    return Reading(output["version"], {"median": (output["median_us"], "us"), "p99": (output["p99_us"], "us"),
                                       "open": (output["open_ms"], "ms")})


def cases(bench):
    for network, batch in CASES:
        answers = {}
        words = (batch, bench.seconds / 4)

        def griddle(_, network=network, words=words, answers=answers, env=None):
            return reading(run([program(bench), model(bench, network), *words], env).json(), answers, "griddle")

        def griddle_avx2(i, sample=griddle):
            return sample(i, env={"GRIDDLE_ISA": "avx2"})

        def onnxruntime(_, network=network, words=words, answers=answers):
            return reading(bench.peer("infer_ort.py", model(bench, network), *words).json(), answers, "onnxruntime")

        yield Case(f"{network} batch {batch}", {"griddle": griddle, "griddle-avx2": griddle_avx2,
                                                "onnxruntime": onnxruntime}, rounds=9, warmup=1)
