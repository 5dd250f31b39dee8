# SPDX-License-Identifier: Apache-2.0
"""What all suites share: a process measured from outside, the machine, records, statistics, results on disk.

docs/benchmarks.md describes the record and how a suite is written.
"""
import json
import os
import pathlib
import random
import re
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
HIGHER_IS_BETTER = {"images/s": True, "requests/s": True, "MB/s": True, "share": True, "ms": False, "us": False, "s": False,
                    "MB": False, "points": False, "alarms": False}


class Absent(Exception):
    """A system cannot be measured here; the text says why."""


class Failed(Exception):
    """A measured command failed; the text says how."""


# ---- a process, measured from outside --------------------------------------------------------------------------------
@dataclass
class Run:
    output: str
    wall_s: float
    peak_rss_mb: float  # of the process and those it waited for; not below the runner's own size of about 15 MB

    def json(self):
        return json.loads(self.output)


def run(command, env=None, timeout=3600, accepted=(0,)):
    """Runs a command to its end. Failed with the tail of its errors where it exits with another status than those."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                     env={**os.environ, **(env or {})})
        except OSError as why:
            raise Absent(f"{command[0]} cannot be started: {why.strerror}") from why
        killer = threading.Timer(timeout, child.kill)
        killer.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        killer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode not in accepted:
            tail = err.read().decode(errors="replace").strip()[-2000:]
            raise Failed(f"{' '.join(command)}: exit {child.returncode}: {tail}")
        return Run(out.read().decode(), wall, usage.ru_maxrss * 1024 / 1e6)


class OthersMeter:
    """Share of the machine's CPU time that other processes took since the meter was made."""

    def __init__(self):
        self.wall, self.busy, self.own = time.monotonic(), self._busy(), self._own()

    @staticmethod
    def _busy():
        ticks = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        user, nice, system, _idle, _iowait, irq, softirq, steal = ticks
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _own():
        return sum(u.ru_utime + u.ru_stime
                   for u in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))

    def share(self):
        wall = time.monotonic() - self.wall
        others = (self._busy() - self.busy) - (self._own() - self.own)
        return round(max(0.0, others / (wall * os.cpu_count())), 3)


def await_quiet(most):
    """Comes back when others have taken no more than that share of the machine, three seconds running."""
    quiet = 0 if most < 1 else 3
    while quiet < 3:
        meter = OthersMeter()
        time.sleep(1)
        quiet = quiet + 1 if meter.share() <= most else 0


# ---- the machine and the source --------------------------------------------------------------------------------------
FLAGS = ("avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "asimd", "sve")


def hardware():
    text = pathlib.Path("/proc/cpuinfo").read_text()

    def entry(key):
        found = re.search(rf"^{key}\s*:\s*(.*)$", text, re.M)
        return found.group(1).strip() if found else ""

    present = set((entry("flags") or entry("Features")).split())
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "cpu": entry("model name") or os.uname().machine,
        "family": entry("cpu family"),
        "model": entry("model"),
        "cores": os.cpu_count(),
        "flags": [flag for flag in FLAGS if flag in present],
        "memory_gb": round(int(memory.group(1)) / 2**20),
    }


def machine_name(machine):
    """A name for files: amd-epyc-25-17-2c."""
    words = [machine["cpu"], machine["family"], machine["model"], f"{machine['cores']}c"]
    return re.sub(r"[^a-z0-9]+", "-", " ".join(w for w in words if w).lower()).strip("-")


def commit():
    """The checkout's commit, with -dirty where tracked files differ from it."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True, check=False).stdout.strip()

    dirty = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + ("-dirty" if dirty else "")


# ---- what a suite is made of -----------------------------------------------------------------------------------------
@dataclass
class Reading:
    """One sample of one system: {metric: (value, unit)}."""
    version: str
    values: dict


@dataclass
class Case:
    name: str
    systems: dict  # system → function that takes the round's number and returns a Reading
    rounds: int
    warmup: int = 0  # rounds that are run and not kept
    seeds: list = field(default_factory=list)  # of the rounds, where a round is a seed


@dataclass(eq=False)
class Bench:
    """What the command line decided; suites read it. There is one, so that caches may know it."""
    griddle: pathlib.Path
    peers_python: pathlib.Path
    data: pathlib.Path  # $GRIDDLE_DATA, or None
    scratch: pathlib.Path
    threads: int
    rounds: int  # 0: the suite's own number
    seconds: int

    def griddle_version(self):
        """Asked first by every sample of Griddle's: Absent where it is not built."""
        if not self.griddle.exists():
            raise Absent(f"no {self.griddle}: cmake --preset release && cmake --build --preset release")
        return run([self.griddle, "--version"]).output.split()[-1]

    def peers(self):
        """The peers' Python."""
        if not self.peers_python:
            raise Absent("no Python for the peers: set GRIDDLE_PEERS_PYTHON, or run benchmarks/run --install-peers")
        return self.peers_python

    def peer(self, script, *words, env=None):
        """Runs benchmarks/peers/SCRIPT, which prints one JSON object."""
        env = {"OMP_NUM_THREADS": str(self.threads), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        return run([self.peers(), ROOT / "benchmarks" / "peers" / script, *words], env)

    def data_file(self, name):
        if not self.data or not (self.data / name).exists():
            raise Absent(f"{name} is looked for in $GRIDDLE_DATA, which is {self.data or 'not set'}")
        return self.data / name


# ---- statistics ------------------------------------------------------------------------------------------------------
def spread(samples):
    """Interquartile range; 0 for one sample."""
    if len(samples) < 2:
        return 0.0
    quarters = statistics.quantiles(samples, n=4, method="inclusive")
    return quarters[2] - quarters[0]


def bootstrap(statistic, draw, times=4000):
    """95% percentile interval of statistic(draw(rng)) over resamples; the same numbers on every run."""
    rng = random.Random(0)
    values = sorted(statistic(draw(rng)) for _ in range(times))
    return values[int(0.025 * times)], values[int(0.975 * times) - 1]


def ratio(a, b):
    """Median ratio a/b with its interval, of two records; None where b can be 0. Paired by round where both come from one
    run."""
    x, y = a["samples"], b["samples"]
    if not all(y):
        return None
    if a["date"] == b["date"] and len(x) == len(y):
        ratios = [p / q for p, q in zip(x, y)]
        low, high = bootstrap(statistics.median, lambda rng: rng.choices(ratios, k=len(ratios)))
        return statistics.median(ratios), low, high
    low, high = bootstrap(lambda xy: statistics.median(xy[0]) / statistics.median(xy[1]),
                          lambda rng: (rng.choices(x, k=len(x)), rng.choices(y, k=len(y))))
    return statistics.median(x) / statistics.median(y), low, high


def paired_difference(pairs):
    """Mean of a - b over cases, of (a, b) records' means, with a bootstrap interval over cases."""
    differences = [statistics.fmean(a["samples"]) - statistics.fmean(b["samples"]) for a, b in pairs]
    low, high = bootstrap(statistics.fmean, lambda rng: rng.choices(differences, k=len(differences)))
    return statistics.fmean(differences), low, high


# ---- records on disk -------------------------------------------------------------------------------------------------
def record(suite, case, system, version, metric, unit, samples, threads, machine, others, source, date):
    return {
        "suite": suite, "case": case.name, "system": system, "version": version, "metric": metric, "unit": unit,
        "samples": [round(v, 6) for v in samples], "median": round(statistics.median(samples), 6),
        "spread": round(spread(samples), 6), "n": len(samples), "seeds": case.seeds[:len(samples)], "threads": threads,
        "others": others, "hardware": machine, "commit": source, "date": date,
    }


def key(entry):
    return entry["suite"], entry["case"], entry["system"], entry["metric"]


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def put(path, entries):
    """Adds records to a file; those of the same suite, case, system and metric are replaced where they stand."""
    table = {key(e): e for e in (read(path) if path.exists() else [])}
    table.update({key(e): e for e in entries})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text("".join(json.dumps(e) + "\n" for e in table.values()), encoding="utf-8")
    temporary.replace(path)


def results():
    """All committed records; of the same thing measured on several machines, the newest."""
    table = {}
    for path in sorted(RESULTS.glob("*.jsonl")):
        for entry in read(path):
            if key(entry) not in table or table[key(entry)]["date"] <= entry["date"]:
                table[key(entry)] = entry
    return list(table.values())
