# SPDX-License-Identifier: Apache-2.0
"""Compute Sanitizer over the smoke cases: memcheck, racecheck, synccheck, initcheck."""
import shutil

from check import Failed, Skipped

BUDGET = 90
TOOLS = ("memcheck", "racecheck", "synccheck", "initcheck")
FOUND = 9  # its exit code for findings, which griddle-check has no use for


def run(check):
    program = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if not program:
        raise Skipped("there is no compute-sanitizer (the CUDA toolkit has it)")
    ops = "add" if check.is_rehearsal else "*"
    counts, wrong = {}, []
    for i, tool in enumerate(TOOLS):
        ends = check.ends
        check.ends -= check.left() * (1 - 1 / (len(TOOLS) - i))  # an equal share of what is left
        try:
            done = check.run(program, "--tool", tool, "--error-exitcode", FOUND, check.build / "griddle-check", "--device",
                             "cuda", "--op", ops, "--set", "smoke", code=None)
            counts[tool] = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("=========")][-40:]
            if done.returncode:
                wrong.append(f"{tool}: exit code {done.returncode}")
        except Failed as why:
            wrong.append(f"{tool}: {why}")
        check.ends = ends
    if wrong:
        raise Failed("; ".join(wrong), {"said": counts})
    return f"{', '.join(TOOLS)}: nothing found", {"said": {tool: lines[-1:] for tool, lines in counts.items()}}
