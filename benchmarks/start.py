# SPDX-License-Identifier: Apache-2.0
"""Start-up: from the start of the process to the end of the first training step, and to a prediction's answer.

`first step` is what the process itself reports, `whole process` the wall time of a process that trains one step, seen
from outside. The predictions are of one 32x32 PNG by a ResNet-9; PyTorch's has random weights, for time alone."""
from bench import Case, Reading, run
from scratch import scones_image, scones_run
from train import griddle_train, torch_train


def one_step(version, process):
    return Reading(version, {"first step": (process.json()["first_step_ms"], "ms"),
                             "whole process": (1000 * process.wall_s, "ms")})


def cases(bench):
    for precision in ("fp32", "bf16"):
        def griddle(_, precision=precision):
            return one_step(bench.griddle_version(), griddle_train(bench, "resnet-20", precision, 0))

        def torch(_, precision=precision):
            process = torch_train(bench, "resnet-20", precision, 0)
            return one_step(process.json()["version"], process)

        yield Case(f"training, resnet-20 {precision}", {"griddle": griddle, "torch": torch}, rounds=5, warmup=1)

    def griddle_predict(_):
        version = bench.griddle_version()
        process = run([bench.griddle, "predict", scones_run(bench), scones_image(bench), "--json"])
        return Reading(version, {"answer": (1000 * process.wall_s, "ms")})

    def torch_predict(_):
        process = bench.peer("torch_predict.py", scones_image(bench))
        return Reading(process.json()["version"], {"answer": (1000 * process.wall_s, "ms")})

    yield Case("predict", {"griddle": griddle_predict, "torch": torch_predict}, rounds=15, warmup=2)
