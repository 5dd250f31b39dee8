# SPDX-License-Identifier: Apache-2.0
"""tools/gpu-check without a GPU: it says skipped and writes nothing; rehearsed on the emulated device every part runs, the results
say that it was one, and what goes wrong there is found by the part that looks for it."""
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
SOURCE, BUILD, FOLDER = pathlib.Path(os.environ["GRIDDLE_SOURCE"]), os.environ["GRIDDLE_BUILD"], sys.argv[1]
PARTS = ["layout", "harness", "sanitizer", "repeat", "accuracy", "collective", "speed", "entries"]
# Stands in for compute-sanitizer: it finds what FINDS names, and runs the program.
SANITIZER = """#!/bin/sh
[ "$1 $3 $4" = "--tool --error-exitcode 9" ] || exit 99
[ "$2" = "${FINDS:-}" ] && { echo "========= planted"; exit 9; }
shift 4
exec "$@"
"""


def gpu_check(*words, code, path="/usr/bin:/bin", **more):
    done = subprocess.run([sys.executable, SOURCE / "tools" / "gpu-check", *words], capture_output=True, text=True, check=False,
                          env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "PATH": path} | more)
    assert done.returncode == code, done
    return done.stdout


def results():
    return sorted((SOURCE / "benchmarks" / "results").iterdir())


before = results()
said = gpu_check(code=77)
assert said.startswith("gpu-check: skipped: ") and "passed" not in said and said.count("\n") == 1, said
assert results() == before

# docs/verify-gpu.md says how long each part may take; and what a part's end finds running ends with it
sys.path[:0] = [str(SOURCE / "tools" / "gpu"), str(SOURCE / "benchmarks"), str(SOURCE / "tests" / "e2e" / "support")]
from check import Check, OutOfTime  # noqa: E402

told = re.findall(r"^\| (\w+) \| (\d+) \|", (SOURCE / "docs" / "verify-gpu.md").read_text(encoding="utf-8"), re.M)
assert told == [(part, str(importlib.import_module(part).BUDGET)) for part in PARTS], told
with Check(BUILD, is_rehearsal=True) as check:
    began = time.monotonic()
    check.ends = began + 1
    late = [why for _, why in check.run_each(range(4), lambda _: ("sh", "-c", "echo begun; sleep 60; sleep 60"))]
    assert all(isinstance(why, OutOfTime) for why in late), late
    assert late[0].details == {"said": ["begun"]}, late[0].details
    assert time.monotonic() - began < 30

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "compute-sanitizer").write_text(SANITIZER, encoding="utf-8")
    (folder / "compute-sanitizer").chmod(0o755)

    def rehearse(name, *words, code, sm=75, **more):
        more |= {f"GRIDDLE_{library.upper()}_LIBRARY": f"{FOLDER}/lib{library}-double.so" for library in ("cudnn", "nccl")}
        said = gpu_check("--rehearse", folder / name, "--build", BUILD, *words, code=code, path=f"{folder}:/usr/bin:/bin",
                         GRIDDLE_CUDA_LIBRARY=f"{FOLDER}/libgriddle-cuda-on-cpu-{sm}.so", GRIDDLE_EMULATED_SM=str(sm), **more)
        if words:
            assert not (folder / name).exists()
            return said
        [found] = (folder / name).glob("*.json")
        assert str(SOURCE) not in found.read_text(encoding="utf-8") + found.with_suffix(".md").read_text(encoding="utf-8")
        assert found.with_suffix(".md").read_text(encoding="utf-8").count("Nothing here was run on a GPU.") == 1
        return json.loads(found.read_text(encoding="utf-8"))

    found = rehearse("well", code=0)
    assert found["emulated"] and found["card"]["card"] == "emulated T4", found
    assert [(part["part"], part["outcome"]) for part in found["parts"]] == [(part, "passed") for part in PARTS], found["parts"]
    details = {part["part"]: part["details"] for part in found["parts"]}
    ours = [entry for entry in details["harness"]["entries"] if entry["entry"] == "simt"]
    assert len(ours) == 18 and all(entry["passed"] for entry in ours), ours

    assert len(details["collective"]["one"][0]) == 11 and len(details["collective"]["several"]) == 2, details["collective"]

    # a device that breaks at the first wait, and a sanitizer that finds something: no part is content
    found = rehearse("ill", code=1, FINDS="racecheck", GRIDDLE_EMULATED_FAIL="device:1")
    assert [(part["part"], part["outcome"]) for part in found["parts"]] == [(part, "failed") for part in PARTS], found["parts"]
    # parts alone; a card that does what another one does
    assert "tables of path 75" in rehearse("alone", "--only", "layout", code=0)
    (folder / "other" / "tests").mkdir(parents=True)
    (folder / "other" / "griddle").symlink_to(f"{BUILD}/griddle")
    (folder / "other" / "tests" / "griddle-cuda-probe-75").symlink_to(f"{FOLDER}/griddle-cuda-probe-70")
    assert "other than on the CPU: path 75" in rehearse("alone", "--only", "layout", "--build", folder / "other", code=1)
assert results() == before
