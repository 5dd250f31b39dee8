# SPDX-License-Identifier: Apache-2.0
"""Which device a command takes, and what `info` says of the card or of why there is none."""
import json
import os
import subprocess
import sys

GRIDDLE, SOURCE, FOLDER = os.environ["GRIDDLE"], os.environ["GRIDDLE_SOURCE"], sys.argv[1]
LIBRARY = f"{FOLDER}/libgriddle-cuda-on-cpu-80.so"


def griddle(*words, code=0, library=LIBRARY, **more):
    environment = {name: value for name, value in os.environ.items() if name != "GRIDDLE_CUDA_LIBRARY"} | more
    if library:
        environment["GRIDDLE_CUDA_LIBRARY"] = library
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == code, (words, done)
    return done


def plan(*words, **more):
    """Where the plan is for, and what was complained of."""
    config = f"{SOURCE}/configs/fashion-mnist.yaml"
    done = griddle("plan", config, "--input", "28x28x1", "--set", "train.batch=8", "--set", "model.width=8", *words, **more)
    return done.stdout.partition("\n")[0].partition(" steps on ")[2].split(",")[0], done.stderr


# what can go wrong: the environment, what is said, whether `auto` says it
NONE = [
    ({"GRIDDLE_EMULATED_DEVICES": "0"}, "there is no NVIDIA driver on this machine", False),
    ({"GRIDDLE_EMULATED_FAIL": "cudaGetDeviceCount:1"}, "update the driver", True),
    ({"GRIDDLE_EMULATED_FAIL": "cudaSetDevice:1"}, "cuda: ", True),
    ({"library": "/nowhere.so"}, "cannot load the CUDA device: ", True),
    ({"library": f"{os.path.dirname(GRIDDLE)}/libgriddle-infer.a"}, "cannot load the CUDA device: ", True),
]
if not any(os.path.exists(f"{os.path.dirname(GRIDDLE)}/{place}") for place in ("libgriddle-cuda.so", "../lib/libgriddle-cuda.so")):
    NONE.append(({"library": None}, "this griddle was built without its CUDA device", False))

assert plan() == plan("--device", "auto") == plan("--device", "cuda") == ("cuda", "")
assert plan("--device", "cpu") == ("cpu", "")
for more, why, is_said in NONE:
    where, said = plan(**more)
    assert where == "cpu", more
    assert (said.startswith("griddle: ") and why in said and said.endswith("; computing on the CPU\n") and said.count("\n") == 1
            if is_said else said == ""), (more, said)
    said = griddle("plan", f"{SOURCE}/configs/fashion-mnist.yaml", "--input", "28x28x1", "--device", "cuda", code=1, **more).stderr
    assert why in said and said.endswith("; use --device cpu\n"), (more, said)
    assert why in griddle("info", **more).stdout
    facts = json.loads(griddle("info", "--json", **more).stdout)
    assert facts["card"] is None and why in facts["no_card"], facts
griddle("plan", "x.yaml", "--device", "gpu", code=2)

facts = json.loads(griddle("info", "--json", GRIDDLE_EMULATED_MEMORY="1000000000").stdout)
assert (facts["card"], facts["architecture"], facts["multiprocessors"]) == ("emulated A100", "sm_80", 108), facts
assert facts["memory_bytes"] == 1000000000 >= facts["free_bytes"] > 0
assert facts["driver"] == facts["runtime"] == "13.0"
assert "card   emulated A100, sm_80, 108 multiprocessors, 953 MB, " in griddle("info", GRIDDLE_EMULATED_MEMORY="1000000000").stdout

# fp64 is not for cards, and is said to be so
done = griddle("plan", f"{SOURCE}/configs/fashion-mnist.yaml", "--input", "28x28x1", "--set", "train.precision=fp64", code=1)
assert "train.precision fp64" in done.stderr and "--device cpu" in done.stderr, done
