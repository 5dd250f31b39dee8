# SPDX-License-Identifier: Apache-2.0
"""Every entry against the double reference (griddle-check).

The smoke cases and those of models first; then all cases of each op, bench's large ones too, as far as the time goes. Most of
it is the CPU's work: ops are spread over its cores."""
import concurrent.futures
import os
import re
import subprocess
import time

from check import Failed

BUDGET = 100
ENTRY = re.compile(r"^(ok|FAIL|SKIP|none)\s+(\w+)\.(\w+)\.(\w+)\.(\w+): (\d+) passed(?:, (\d+) failed)?"
                   r"(?:, (\d+) refused[^,\n]*)?(?:, (\d+) skipped[^,\n]*)?(?:, at most ([\d.]+) of)?", re.M)


def entries_of(check):
    """{op: [(direction, entry), …]} of the device's ops; those without an entry there are left out."""
    listed = check.run(check.build / "griddle-check", "--list", "--device", "cuda").stdout
    found = re.findall(r"^(\w+): .* cases\n((?:  .*\n)*)", listed, re.M)
    return {op: list(dict.fromkeys(tuple(line.split()[:2]) for line in entries.splitlines())) for op, entries in found if entries}


def ops_of(check):
    return list(entries_of(check))


def walk(check, op, cases, ends):
    """(entries, faults) of one op; None where the time is not enough."""
    words = [check.build / "griddle-check", "--device", "cuda", "--op", op, "--set", cases]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=check.environment,
                              timeout=max(0.1, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    entries = [{"op": op_, "direction": d, "entry": e, "type": t, "passed": int(p), "failed": int(f or 0),
                "refused": int(r or 0), "skipped": int(s or 0), "worst": float(w or 0), "cases": cases}
               for _, op_, d, e, t, p, f, r, s, w in ENTRY.findall(done.stdout)]
    faults = [line for line in done.stdout.splitlines() if line.startswith("FAIL ") and not ENTRY.match(line)]
    if done.returncode and not faults:
        faults = [f"griddle-check --op {op} --set {cases}: exit code {done.returncode}: "
                  f"{(done.stderr.strip().splitlines() or ['nothing was said'])[-1]}"]
    return entries, faults


def run(check):
    ops = ["add", "bn_stats", "softmax"] if check.is_rehearsal else ops_of(check)
    rounds = ("smoke",) if check.is_rehearsal else ("smoke", "models", "all")
    results, faults, not_reached = {}, [], []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for cases in rounds:
            for op, result in zip(ops, pool.map(lambda op, cases=cases: walk(check, op, cases, check.ends), ops)):
                if result is None:
                    not_reached.append((op, cases))
                    continue
                for entry in result[0]:
                    key = tuple(entry[name] for name in ("op", "direction", "entry", "type"))
                    if cases == "models" and key in results:  # beside the smoke cases; `all` has both
                        for name in ("passed", "failed", "refused", "skipped"):
                            entry[name] += results[key][name]
                    results[key] = entry
                faults += result[1]
    details = {"entries": list(results.values()), "faults": faults, "not_reached": [" ".join(pair) for pair in not_reached]}
    passed = sum(entry["passed"] for entry in results.values())
    if faults or any(cases != "all" for _, cases in not_reached):
        raise Failed(faults[0] if faults else f"not finished: {', '.join(details['not_reached'])}", details)
    if not passed:
        raise Failed("no case was run", details)
    beyond = f"; without the large cases of {', '.join(op for op, _ in not_reached)}: no time" if not_reached else ""
    return f"{len(results)} entries and types of {len(ops)} ops, {passed} cases passed{beyond}", details
