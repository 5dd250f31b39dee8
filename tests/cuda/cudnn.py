# SPDX-License-Identifier: Apache-2.0
"""cuDNN as an entry: what is called is there in the last version for Volta and in a recent one, our declarations are NVIDIA's,
one that cannot be used is told in a line and the run goes on, and a run that is made to use it follows the CPU's."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.path.dirname(__file__), folder) for folder in ("support", "../e2e/support")]
import shapes  # noqa: E402
from libraries import TOOLKITS, exported, read  # noqa: E402

GRIDDLE, SOURCE, BUILD, FOLDER = (*(os.environ[name] for name in ("GRIDDLE", "GRIDDLE_SOURCE", "GRIDDLE_BUILD")), sys.argv[1])
DOUBLE = f"{FOLDER}/libcudnn-double.so"
OURS = "kernels of griddle's own do its work"


# ---- names: in the committed list of both versions, in the double, and in the real library where there is one ----
used = set(re.findall(r"^ *X\([\w ]+ \*?, (cudnn\w+),|^ *X\(\w+, (cudnn\w+),", read(f"{SOURCE}/cuda/cudnn/abi.h"), re.MULTILINE))
used = {"".join(pair) for pair in used}
lines = read(f"{SOURCE}/tests/cuda/cudnn.symbols").splitlines()
known = {line.split()[0]: line.split()[1:] for line in lines[1:]}
assert "cudnnGetErrorString" in used and len(used) == 33, sorted(used)
assert [name for name in sorted(used) if len(known.get(name, [])) != 2 or known[name][0] != "9.10.2"] == []
assert used <= exported(DOUBLE), used - exported(DOUBLE)
for real in {os.path.realpath(path) for toolkit in TOOLKITS for path in glob.glob(f"{toolkit}/lib64/libcudnn.so.9")}:
    print("names held against", real)
    assert used <= exported(real), used - exported(real)
for include in (f"{toolkit}/include" for toolkit in TOOLKITS if os.path.exists(f"{toolkit}/include/cudnn.h")):
    print("declarations held against", include)
    subprocess.run(["cc", "-std=c17", "-fsyntax-only", f"-I{SOURCE}/cuda", f"-I{include}", f"{SOURCE}/tests/cuda/cudnn_abi.c"], check=True)


# ---- the harness with the double: no case of conv2d is refused ----
def environment(sm=80, **more):
    return os.environ | {"GRIDDLE_CUDA_LIBRARY": f"{FOLDER}/libgriddle-cuda-on-cpu-{sm}.so", "GRIDDLE_EMULATED_SM": str(sm),
                         "GRIDDLE_CUDNN_LIBRARY": DOUBLE} | more


def check(*words, **more):
    done = subprocess.run([f"{BUILD}/griddle-check", "--device", "cuda", "--impl", "cudnn", *words], capture_output=True, text=True,
                          check=False, env=environment(**more))
    return done.returncode, dict(re.findall(r"^\w+ +(\w+\.\w+)\.cudnn\.\w+: (.*)$", done.stdout, re.MULTILINE)), done.stdout


DIRECTIONS = {"conv2d.fwd", "conv2d.bwd_weight", "conv2d.bwd_data", "pool2d.fwd", "pool2d.bwd_data", "global_pool.fwd",
              "global_pool.bwd_data", "softmax.fwd", "bn_apply.fwd"}
for sm in (70, 75, 80):
    code, seen, out = check(sm=sm)
    assert code == 0 and set(seen) == DIRECTIONS, out
    for direction, result in seen.items():
        assert int(result.split()[0]) > 0 and (not direction.startswith("conv2d") or "refused" not in result), out
# Algorithms that want no scratch; ones that want too much: the second of forward's, and no gradients
code, seen, out = check("--op", "conv2d", GRIDDLE_DOUBLE_SCRATCH="none")
assert code == 0 and "refused" not in out.replace(" 0 refused", ""), out
code, seen, out = check("--op", "conv2d", GRIDDLE_DOUBLE_SCRATCH="huge")
assert code == 0 and int(seen["conv2d.fwd"].split()[0]) > 0, out
assert seen["conv2d.bwd_data"].startswith("0 passed") and seen["conv2d.bwd_weight"].startswith("0 passed"), out


# ---- runs ----
def griddle(*words, code=0, **more):
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False, env=environment(**more))
    assert done.returncode == code, (words, done)
    return done


def losses(run):
    return [row[key] for row in map(json.loads, read(f"{run}/metrics.jsonl").splitlines()) if "event" not in row
            for key in ("loss", "validation_loss")]


def recorded():
    return [line for line in read("record").splitlines() if line.startswith(("forward", "backward"))]


FORCED = ["--set", "impl.conv2d=cudnn"]
CLOSE = {"fp32": 1e-4, "bf16": 0.05, "fp16": 0.03}  # of the loss, as in train.py
SETTINGS = ["--set", "train.epochs=1", "--set", "train.batch=16", "--set", "train.learning_rate=0.01", "--set", "train.clip_norm=5"]
RESNET = ["--set", "model.network=resnet-9", "--set", "model.width=8"]

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    shapes.write_lenet(folder)

    # what cannot be used is told once, in a line with the reason, and the run goes on; forced, it ends there
    with open("one.c", "w", encoding="utf-8") as file:
        file.write("unsigned long cudnnGetVersion(void) { return 91002; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "one.so", "one.c"], check=True)
    words = ["bars.yaml", "--device", "cuda", "--set", "train.epochs=1", "--set", "train.batch=4"]
    griddle("stage", "bars.yaml")
    unusable = {
        "absent": ("cannot load /nowhere.so: .*GRIDDLE_CUDNN_LIBRARY", {"GRIDDLE_CUDNN_LIBRARY": "/nowhere.so"}),
        "old": ("cuDNN 8.9.7 is too old: a cuDNN 9 is needed", {"GRIDDLE_DOUBLE_VERSION": "8907"}),
        "next": ("cuDNN 10.0.0 is too new: a cuDNN 9 is needed", {"GRIDDLE_DOUBLE_VERSION": "100000"}),
        "new": ("cuDNN 9.11.0 is too new for sm_70: 9.10.2 is the last that has it", {"GRIDDLE_DOUBLE_VERSION": "91100", "sm": 70}),
        "another": ("'.*libcublaslt-double.so' has no cudnnGetVersion", {"GRIDDLE_CUDNN_LIBRARY": f"{FOLDER}/libcublaslt-double.so"}),
        "one": ("'./one.so' has no cudnnGetErrorString", {"GRIDDLE_CUDNN_LIBRARY": "./one.so"}),
        "start": ("cuDNN 9.10.2 cannot be started: CUDNN_STATUS_INTERNAL_ERROR", {"GRIDDLE_DOUBLE_CREATE": "fails"}),
    }
    for name, (why, more) in unusable.items():
        done = griddle("plan", *words, **more)
        assert re.fullmatch(f"griddle: {why}.*; {OURS}\n", done.stderr) and " cudnn " not in done.stdout, (name, done)
        done = griddle("plan", *words, *FORCED, code=2, **more)
        assert re.search(f"'cudnn' refuses .*: {why}", done.stderr) and OURS not in done.stderr, (name, done.stderr)
    done = griddle("train", *words, "--set", "train.batch=32", "--out", "absent", **unusable["absent"][1])
    assert done.stderr.count(OURS) == 1 and os.path.exists("absent/model.safetensors"), done.stderr
    assert OURS in read("absent/log.txt")
    # not wanted, not asked for: not a word
    for quiet, more in (([], {"GRIDDLE_CUDNN_LIBRARY": ""}), (["--set", "train.tune=0"], {"GRIDDLE_CUDNN_LIBRARY": "/nowhere.so"})):
        assert griddle("plan", *words, *quiet, **more).stderr == ""
    facts = json.loads(griddle("info", "--json").stdout)
    assert facts["cudnn"] == "9.10.2" and json.loads(griddle("info", "--json", **unusable["old"][1]).stdout)["cudnn"] is None
    griddle("plan", *words, *FORCED, GRIDDLE_DOUBLE_VERSION="92801", sm=75)

    # where it is fastest it is taken
    fast = {"GRIDDLE_EMULATED_TIME": "cudnn:1000,mma:2000,simt:2000"}
    assert " conv2d       cudnn " in griddle("plan", *words, **fast).stdout

    # forced through whole runs, captured and replayed: as on the CPU
    for precision, sm, net in (("fp32", 80, []), ("fp16", 70, RESNET), ("bf16", 80, [])):
        words = ["train", "bars.yaml", *SETTINGS, *net, "--set", f"train.precision={precision}"]
        griddle(*words, "--device", "cpu", "--out", f"{precision}-cpu")
        griddle(*words, "--device", "cuda", *FORCED, "--out", precision, sm=sm, GRIDDLE_DOUBLE_RECORD="record")
        for a, b in zip(losses(f"{precision}-cpu"), losses(precision), strict=True):
            assert abs(a - b) <= CLOSE[precision] * max(1, a), (precision, a, b)
        calls = {line.split(" x ")[0] for line in recorded()}
        forward = {"forward"} if net else {"forward bias", "forward bias relu"}  # the latter in validation
        assert calls == forward | {"backward data"} | ({"backward filter"} if precision == "fp32" else set()), calls
        stored, math = ("f32", 3) if precision == "fp32" else (precision.replace("fp", "f"), 1)
        for line in recorded():
            assert f" x {stored} " in line and f" filter {stored} " in line and f" math {math} " in line, line
            assert " nhwc filter " in line and " alpha 1 beta 0" in line, line
        os.remove("record")

    # the same bits again
    words = ["train", "bars.yaml", "--device", "cuda", *SETTINGS, *FORCED]
    again = [griddle(*words, "--out", name) and losses(name) for name in ("once", "twice")]
    assert again[0] == again[1]
