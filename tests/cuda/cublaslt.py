# SPDX-License-Identifier: Apache-2.0
"""cuBLASLt as an entry: what is called is there in both major versions, the double's header says what the real one says, a run
goes on without the library, and with it gives what the CPU gives."""
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

GRIDDLE, SOURCE, FOLDER = os.environ["GRIDDLE"], os.environ["GRIDDLE_SOURCE"], sys.argv[1]
DOUBLE = f"{FOLDER}/libcublaslt-double.so"


# ---- names: in the committed list of both versions, in the double, and in the real library where there is one ----
used = {"cublasLt" + name for name in re.findall(r"^ *X\((\w+),", read(f"{SOURCE}/cuda/cublaslt/cublaslt.h"), re.MULTILINE)}
known = {line.split()[0]: line.split()[1:] for line in read(f"{SOURCE}/tests/cuda/cublaslt.symbols").splitlines()[1:]}
assert len(used) > 10
assert [name for name in sorted(used) if known.get(name) != ["12", "13"]] == []
assert used <= exported(DOUBLE), used - exported(DOUBLE)
for real in {os.path.realpath(path) for toolkit in TOOLKITS for path in glob.glob(f"{toolkit}/lib64/libcublasLt.so.1[23]")}:
    print("names held against", real)
    assert used <= exported(real), used - exported(real)

# ---- values and the one struct whose inside we see, against the toolkit's header ----
header = read(f"{SOURCE}/tests/cuda_on_cpu/include/cublasLt.h")
values = re.findall(r"\b(CU[A-Z0-9_]+) = (\d+)", header)
assert len(values) > 15
asserts = "".join(f'_Static_assert({name} == {value}, "{name}");\n' for name, value in values)
asserts += '_Static_assert(sizeof(cublasLtMatmulHeuristicResult_t) == 96, "size");\n'
for member, offset in (("algo", 0), ("workspaceSize", 64), ("state", 72)):
    asserts += f'_Static_assert(offsetof(cublasLtMatmulHeuristicResult_t, {member}) == {offset}, "{member}");\n'
ours = f"{SOURCE}/tests/cuda_on_cpu/include"
for include in [ours] + [path for toolkit in TOOLKITS if os.path.exists(path := f"{toolkit}/include") and
                         os.path.exists(f"{path}/cublasLt.h")]:
    if include != ours:
        print("values held against", include)
    subprocess.run(["cc", "-std=c17", "-fsyntax-only", "-xc", "-isystem", include, "-"], check=True, text=True,
                   input=f"#include <stddef.h>\n#include <cublasLt.h>\n{asserts}")


# ---- runs ----
def griddle(*words, **more):
    environment = os.environ | {"GRIDDLE_CUDA_LIBRARY": f"{FOLDER}/libgriddle-cuda-on-cpu-80.so"} | more
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, (words, done)
    return done


def entries(plan):
    """Of the convolution of one pixel: fwd, bwd_weight, bwd_data."""
    return dict(re.findall(r" conv2d\.2\.(fwd|bwd_data|bwd_weight) +conv2d +(\w+) ", plan))


def losses(run):
    return [row["loss"] for row in map(json.loads, read(f"{run}/metrics.jsonl").splitlines()) if "event" not in row]


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    shapes.write("bars", train=80, test=3)
    config = shapes.CONFIG.format(folder=f"{folder}/bars")
    assert config.count("        filters: 16\n        kernel: 3\n") == 1
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(config.replace("        filters: 16\n        kernel: 3\n", "        filters: 16\n        kernel: 1\n"))
    ALL = {entry: dict.fromkeys(("fwd", "bwd_data", "bwd_weight"), entry) for entry in ("mma", "cublaslt")}
    words = ["bars.yaml", "--device", "cuda", "--set", "train.epochs=2", "--set", "train.batch=16"]
    fast = {"GRIDDLE_EMULATED_TIME": "cublasLt:1000,mma:2000,simt:2000"}

    assert json.loads(griddle("info", "--json").stdout)["cublaslt"] == "13.0.2"
    done = griddle("plan", *words, **fast)
    assert entries(done.stdout) == ALL["cublaslt"], done.stdout
    assert entries(griddle("plan", *words, "--set", "train.tune=0").stdout) == ALL["mma"]

    # not there, not wanted, not it: the first of the list, and a table of times of its own
    for missing in ("/nowhere.so", "", f"{FOLDER}/libgriddle-cuda-on-cpu-75.so"):
        facts = json.loads(griddle("info", "--json", GRIDDLE_CUBLASLT_LIBRARY=missing).stdout)
        assert facts["card"] and facts["cublaslt"] is None, facts
        done = griddle("plan", *words, **fast, GRIDDLE_CUBLASLT_LIBRARY=missing)
        assert entries(done.stdout) == ALL["mma"] and done.stderr == "", done
    assert len(glob.glob("cache/tuned/*cublaslt-13.0.2*")) == 1 and len(glob.glob("cache/tuned/*")) == 2

    # whole runs, captured and replayed: in f32 as on the CPU, in f16 as with our entries
    for precision, reference, close in (("fp32", ["--device", "cpu"], 1e-4), ("fp16", ["--set", "train.tune=0"], 0.03)):
        precise = ["--set", f"train.precision={precision}"]
        griddle("train", *words, *precise, *reference, "--out", f"{precision}-reference")
        griddle("train", *words, *precise, "--out", precision, **fast)
        with open(f"{precision}/checkpoint.safetensors", "rb") as file:
            assert file.read(1 << 16).count(b"cublaslt") == 4  # three of training, one of validation
        for a, b in zip(losses(f"{precision}-reference"), losses(precision), strict=True):
            assert abs(a - b) <= close * max(1, a), (precision, a, b)
