# SPDX-License-Identifier: Apache-2.0
"""Compute Sanitizer over the smoke cases: memcheck, racecheck, synccheck, initcheck.

Op by op, those with most cases entry by entry of our own, these first; how many times slower a tool makes a run, no two cards
agree on, so what there was no time for is told and no fault."""
import shutil

from check import Failed, OutOfTime, Skipped
from harness import entries_of

BUDGET = 115
TOOLS = ("memcheck", "racecheck", "synccheck", "initcheck")
FOUND = 9  # its exit code for findings, which griddle-check has no use for
APART = ("conv2d", "pool2d")
OURS = ("simt", "mma")
FIRST = (*APART, "bn_stats", "bn_apply", "linear", "softmax_xent")


def run(check):
    program = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if not program:
        raise Skipped("there is no compute-sanitizer (the CUDA toolkit has it)")
    entries = entries_of(check)
    ops = ["add"] if check.is_rehearsal else sorted(entries, key=lambda op: FIRST.index(op) if op in FIRST else len(FIRST))
    jobs = []
    for op in ops:
        parts = [(op, *entry) for entry in entries[op] if entry[1] in OURS] if op in APART else [(op,)]
        jobs += [(tool, *part) for part in parts for tool in TOOLS]

    def command(job):
        options = [word for pair in zip(("--op", "--dir", "--impl"), job[1:]) for word in pair]
        return (program, "--tool", job[0], "--error-exitcode", FOUND, check.build / "griddle-check", "--device", "cuda", *options,
                "--set", "smoke")

    runs, wrong, said, not_reached = 0, [], {}, []
    for job, done in check.run_each(jobs, command):
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
    return (f"{runs} runs of one op or entry each, by {', '.join(TOOLS)}: nothing found"
            f"{'; no time for ' + ', '.join(not_reached) if not_reached else ''}"), details
