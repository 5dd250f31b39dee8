# SPDX-License-Identifier: Apache-2.0
"""docs/evidence.md is what is known, and no page claims a figure of a GPU's speed without a result of tools/gpu-check: what is a
claim and what is none."""
import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
SOURCE = pathlib.Path(os.environ["GRIDDLE_SOURCE"])
loader = importlib.machinery.SourceFileLoader("evidence", str(SOURCE / "tools" / "evidence"))
evidence = importlib.util.module_from_spec(importlib.util.spec_from_loader("evidence", loader))
loader.exec_module(evidence)

CLAIMS = ("On a T4 it trains 12,000 images/s.", "The GPU takes 1.5 ms for a step.", "A V100 reaches\n14 TFLOP/s with it.",
          "On an A100 this is faster than cuDNN.", "| resnet-20 | H100 | 41.2 us |", "An RTX 4090 copies 900 GB/s.",
          "Nothing is amiss. The GPU needs 3 µs. All is well.", "It is 3 x the speed of PyTorch on a GPU.",
          "On a T4 it trains 12,000 images/s ([gpu-tesla-t4-2026-01-01](x.md)).")
NONE = ("The CPU trains 2,292 images/s.", "sm_70 is the V100. A step took 3 ms on two cores. A GPU was not there.",
        "Nothing has been run on a GPU. It takes 5 us.", "| lenet | 41.2 us |\n| V100 | sm_70 |", "Give the GPU 8 minutes.",
        "```\non a T4: 3 ms\n```\n")
for text in CLAIMS:
    assert len(evidence.claims(text, set())) == 1, text
for text in NONE:
    assert not evidence.claims(text, set()), text
assert not evidence.claims(CLAIMS[-1], {"gpu-tesla-t4-2026-01-01"})
assert evidence.claims("Fine.\n\nWell.\nOn a T4 it\nis faster.", set()) == [(4, "On a T4 it is faster.")]

# what `griddle-check --list` counts is what it then runs
def words_of(op, *words):
    environment = os.environ | {"GRIDDLE_CUDA_LIBRARY": f"{sys.argv[1]}/libgriddle-cuda-on-cpu-75.so", "GRIDDLE_EMULATED_SM": "75"}
    command = [f"{os.environ['GRIDDLE_BUILD']}/griddle-check", "--device", "cuda", "--op", op, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


for op, entries in (("softmax", "*"), ("conv2d", "mma")):
    listed = {f"{op}.{line.split()[0]}.{line.split()[1]}.{kind}": int(problems) for line in words_of(op, "--list").splitlines()
              if line.startswith(" ") and entries in ("*", line.split()[1])
              for kind, problems in re.findall(r" (\w+):(\d+)", line.partition("(")[0])}
    ran = {name: int(passed) for name, passed in re.findall(r"^(?:ok|none|SKIP) +(\S+): (\d+) passed", words_of(op, "--impl", entries), re.M)}
    assert listed == ran and sum(ran.values()) > 0, (listed, ran)

# the committed pages; then with a claim and with an old table in them, and with a result of a card
check = [SOURCE / "tools" / "evidence", "--check", "--build", os.environ["GRIDDLE_BUILD"]]
done = subprocess.run(check, capture_output=True, text=True, check=False)
assert done.returncode == 0, done.stderr

build = pathlib.Path(os.environ["GRIDDLE_BUILD"])
ENTRIES = [{"op": "relu", "direction": direction, "entry": "simt", "type": kind, "passed": 5, "failed": failed}
           for direction, kind, failed in (("fwd", "f32", 0), ("fwd", "f16", 0), ("bwd_data", "f32", 0), ("bwd_data", "f16", 1))]
RESULT = {"emulated": False, "card": {"card": "Tesla T4", "architecture": "sm_75"}, "date": "2026-01-01T10:00:00Z",
          "outcome": "failed", "parts": [{"part": "layout", "details": {}}, {"part": "harness", "details": {"entries": ENTRIES}}]}
with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    for name in ("README.md", "docs", "benchmarks", "cuda"):
        (root / name).symlink_to(SOURCE / name)
    (root / "docs").unlink()
    (root / "docs").mkdir()
    evidence.ROOT, evidence.RESULTS, evidence.PAGE = root, root / "results", root / "docs" / "evidence.md"
    (root / "results").mkdir()
    (root / "results" / "cuda-static.tsv").symlink_to(SOURCE / "benchmarks" / "results" / "cuda-static.tsv")
    sys.argv = ["evidence", "--check", "--build", str(build)]
    assert evidence.main() == 1  # there is no page
    fresh = evidence.page(build)  # without a card
    evidence.PAGE.write_text(fresh, encoding="utf-8")
    assert evidence.main() == 0
    evidence.PAGE.write_text(fresh.replace("| relu | fwd | simt | f32 ", "| relu | fwd | simt | f16 "), encoding="utf-8")
    assert evidence.main() == 1
    evidence.PAGE.write_text(fresh, encoding="utf-8")
    (root / "docs" / "fast.md").write_text("# Fast\n\nOn a T4 it takes 3 ms.\n", encoding="utf-8")
    assert evidence.main() == 1
    (root / "docs" / "fast.md").write_text("# Fast\n\nOn a T4 it takes 3 ms (gpu-tesla-t4-2026-01-01).\n", encoding="utf-8")
    assert evidence.main() == 1

    result = root / "results" / "gpu-tesla-t4-2026-01-01.json"
    result.write_text(json.dumps(RESULT), encoding="utf-8")
    rows = {tuple(line.split(" | ")[:3]): line.split(" | ") for line in evidence.page(build).splitlines() if line.startswith("| ")}
    sm_75 = 4 + evidence.ARCHITECTURES.index(75)
    ran = {(row, i) for row, cells in rows.items() for i, text in enumerate(cells[4:], 4) if text.rstrip(" |").endswith("g")}
    assert ran == {(("| relu", "fwd", "simt"), sm_75)}, ran  # not the direction that was wrong in one type
    assert "Tesla T4, 2026-01-01, [gpu-tesla-t4-2026-01-01]" in evidence.page(build)
    assert evidence.NOTHING_RUN not in evidence.page(build)
    assert evidence.main() == 1  # the page is old now
    evidence.PAGE.write_text(evidence.page(build), encoding="utf-8")
    assert evidence.main() == 0  # and what fast.md says has its row
    result.write_text(json.dumps(RESULT | {"emulated": True}), encoding="utf-8")
    try:
        evidence.main()
        raise AssertionError("a rehearsal was taken for a run")
    except SystemExit as why:
        assert "rehearsal" in str(why)
