# SPDX-License-Identifier: Apache-2.0
"""Compute Sanitizer over the smoke cases: memcheck, racecheck, synccheck, initcheck.

Op by op, those with shared memory first; how many times slower a tool makes a run, no two cards agree on, so what there was no
time for is told and no fault."""
import shutil

from check import Failed, OutOfTime, Skipped
from harness import ops_of

BUDGET = 75
TOOLS = ("memcheck", "racecheck", "synccheck", "initcheck")
FOUND = 9  # its exit code for findings, which griddle-check has no use for
FIRST = ("conv2d", "bn_stats", "bn_apply", "linear", "softmax_xent")


def run(check):
    program = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if not program:
        raise Skipped("there is no compute-sanitizer (the CUDA toolkit has it)")
    ops = ["add"] if check.is_rehearsal else sorted(ops_of(check), key=lambda op: FIRST.index(op) if op in FIRST else len(FIRST))

    def command(job):
        return (program, "--tool", job[1], "--error-exitcode", FOUND, check.build / "griddle-check", "--device", "cuda", "--op",
                job[0], "--set", "smoke")

    runs, wrong, said, not_reached = 0, [], {}, []
    for job, done in check.run_each([(op, tool) for op in ops for tool in TOOLS], command):
        name = " ".join(job)
        if isinstance(done, OutOfTime):
            not_reached.append(name)
            continue
        runs += 1
        if isinstance(done, Failed):
            wrong.append(f"{name}: {done}")
        elif done.returncode:
            wrong.append(f"{name}: exit code {done.returncode}")
            said[name] = (done.stdout + done.stderr).splitlines()[-40:]
    details = {"runs": runs, "said": said, "not_reached": not_reached}
    if wrong:
        raise Failed("; ".join(wrong), details)
    if not runs:
        raise Failed(f"not one run was finished in {BUDGET} s", details)
    return (f"{runs} runs of one op and tool each, of {', '.join(TOOLS)}: nothing found"
            f"{'; no time for ' + ', '.join(not_reached) if not_reached else ''}"), details
