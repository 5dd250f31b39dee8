# SPDX-License-Identifier: Apache-2.0
"""What a profiler sees of a run: each run of a plan is a range, its steps are ranges in it in the plan's order, and kernels are
launched in the range of their step; a captured run is one launch."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e", "support"))
import shapes  # noqa: E402

GRIDDLE, FOLDER = os.environ["GRIDDLE"], sys.argv[1]
WORDS = ["bars.yaml", "--device", "cuda", "--set", "train.epochs=1", "--set", "train.batch=16", "--set", "train.accumulate=1",
         "--set", "train.precision=fp16"]


def griddle(*words):
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done)
    return done.stdout


def read(lines, depth=0):
    """[(name, members)] of lines that are indented by two spaces a level."""
    found = []
    while lines and len(lines[0]) - len(lines[0].lstrip(" ")) == 2 * depth:
        found.append((lines.pop(0).strip(), read(lines, depth + 1)))
    return found


def names(plan):
    """(packed ones, steps) of a printed plan."""
    steps = re.findall(r"^ *\d+ (\w+) +(\S+) ", plan, re.MULTILINE)
    return [name for phase, name in steps if phase == "pack"], [name for phase, name in steps if phase != "pack"]


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ |= {"GRIDDLE_CACHE": f"{folder}/cache", "GRIDDLE_CUDA_LIBRARY": f"{FOLDER}/libgriddle-cuda-on-cpu-80.so"}
    shapes.write("bars", train=80, test=3)
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(shapes.CONFIG.format(folder=f"{folder}/bars"))
    packed, steps = names(griddle("plan", *WORDS))
    _, validation = names(griddle("plan", *WORDS, "--eval"))
    assert packed and len(steps) > 20 and validation
    os.environ["GRIDDLE_EMULATED_RANGES"] = f"{folder}/ranges"
    griddle("train", *WORDS, "--out", "run")
    with open("ranges", encoding="utf-8") as file:
        lines = file.read().splitlines()
    told = read(lines)
    assert not lines, lines[:3]

    # 4 updates: step by step, captured and replayed, replayed twice; then one batch of validation
    runs = [members for name, members in told if name == "train(16)"]
    assert len(runs) == 4 and [name for name, _ in told].count("eval(16)") == 1, [name for name, _ in told]
    for run in runs[:2]:
        ranges = [name for name, _ in run if not name.startswith("> ")]
        assert ranges == packed + steps, (ranges, packed + steps)
        for name, launches in run:
            assert name == "> graph" or launches, name
            assert all(launch.startswith("> ") and not below for launch, below in launches), (name, launches)
    assert "> graph" not in [name for name, _ in runs[0]] and runs[1][-1][0] == "> graph"
    for run in runs[2:]:
        assert [name for name, _ in run] == packed + ["> graph"], run
    ranges = [name for name, _ in next(members for name, members in told if name == "eval(16)")]
    assert ranges[-len(validation):] == validation, ranges
