# SPDX-License-Identifier: Apache-2.0
"""How long a check takes, how much memory, how large its page is. Times are of whole processes, from their start, as those
who check an hour have them; `comparison` is what peers take beside imports, reading and page, by their own clock.

numbers    1,000,000 records of ten columns against as many: griddle, evidently, nannyml, scipy, on one processor
lines      captured lines without bodies, with figures and 64 features: griddle, on one processor
pictures   10,000 captured PNGs of 32x32 on all processors: figures and features as captured, or computed of the bodies

Griddle's baseline is made beforehand, as it always is; peers have none that they could keep, and read both sides."""
import contextlib
import os
import shutil
from functools import partial

from bench import Case, Failed, Reading, run
from monitor import captured, script

ROWS = 1_000_000
LINES = 200_000
PICTURES = 10_000
VIOLATIONS = 3  # exit status
PEERS = {"evidently": "evidently", "nannyml": "nannyml", "nannyml CBPE": "CBPE", "scipy": "scipy"}


def folder(bench):
    out = bench.scratch / "monitor" / "speed"
    out.mkdir(parents=True, exist_ok=True)
    return out


def made(path, make):
    """A file that is made once, whole or not at all."""
    if not path.exists():
        part = path.with_name(f"{path.name}.part")
        make(part)
        part.replace(path)
    return path


@contextlib.contextmanager
def one_processor():
    """What is run meanwhile gets one of those that there are."""
    given = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(given)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, given)


def table(bench, factor):
    return made(folder(bench) / f"table-{factor}.safetensors", lambda part: script(
        bench, "records.py", "table", ROWS, factor, part))


def lines(bench):
    pool = captured(bench, "cifar10")
    return made(folder(bench) / "lines.jsonl", lambda part: script(bench, "records.py", "lines", pool, LINES, part))


def pictures(bench, *options):
    pool = captured(bench, "cifar10")
    return made(folder(bench) / f"pictures{''.join(options)}", lambda part: script(
        bench, "records.py", "pictures", pool, PICTURES, part, bench.griddle, pool / "run", *options))


def baseline(bench, name, *words):
    """Made anew for each build of griddle, and not timed."""
    out = folder(bench) / f"baseline-{name}"
    if not out.exists() or out.stat().st_mtime < bench.griddle.stat().st_mtime:
        shutil.rmtree(out, ignore_errors=True)
        run([bench.griddle, "monitor", "baseline", *words, "-o", out])
    return out


def checked(bench, against, *words):
    """A check as a user makes it, with its page."""
    out = folder(bench) / "check"
    shutil.rmtree(out, ignore_errors=True)
    process = run([bench.griddle, "monitor", "check", *words, "--baseline", against, "-o", out, "--json"],
                  accepted=(0, VIOLATIONS))
    return process, process.json(), (out / "report.html").stat().st_size


def figures(process, report, **others):
    return {"whole process": (process.wall_s, "s"), "memory": (process.peak_rss_mb, "MB"), "report": (report / 1e6, "MB"),
            **others}


def numbers(bench, _):
    version = bench.griddle_version()
    reference, current = table(bench, 1.0), table(bench, 1.08)
    against = baseline(bench, "table", reference)
    with one_processor():
        process, check, report = checked(bench, against, current)
    if not any(v["feature_name"] == "brightness" for v in check["violations"]):
        raise Failed(f"a brightness of 1.08 is no violation: {check['violations']}")
    return Reading(version, figures(process, report))


def peer_numbers(bench, tool, _):
    words = (tool, table(bench, 1.0), table(bench, 1.08), folder(bench))
    with one_processor():
        process = bench.peer("monitor_table.py", *words)
    said = process.json()
    values = figures(process, said["report"] or 0, comparison=(said["seconds"], "s"))
    if not said["report"]:
        del values["report"]
    return Reading(said["version"], values)


def json_lines(bench, _):
    version, pool = bench.griddle_version(), captured(bench, "cifar10")
    captures = lines(bench)
    against = baseline(bench, "lines", pool / "run", captures)
    with one_processor():
        process, _, report = checked(bench, against, captures)
    size = captures.stat().st_size / 1e6
    return Reading(version, figures(process, report, throughput=(size / process.wall_s, "MB/s")))


def captured_pictures(bench, options, _):
    version, pool = bench.griddle_version(), captured(bench, "cifar10")
    against = baseline(bench, "lines", pool / "run", lines(bench))
    process, check, report = checked(bench, against, pictures(bench, *options), "--model", pool / "run")
    if check["window"]["items"] != PICTURES or check["features"]["compared"] != "compared":
        raise Failed(f"of {PICTURES} pictures {check['window']['items']} were looked at, features {check['features']}")
    return Reading(version, figures(process, report))


def cases(bench):
    yield Case("1,000,000 records of 10 numbers", {
        "griddle": partial(numbers, bench),
        **{name: partial(peer_numbers, bench, tool) for name, tool in PEERS.items()}}, rounds=5)
    yield Case(f"{LINES:,} captured lines with 64 features", {"griddle": partial(json_lines, bench)}, rounds=5)
    for what, options in (("captured", ("--capture-figures",)), ("computed", ())):
        yield Case(f"{PICTURES:,} captured PNGs, figures and features {what}",
                   {"griddle": partial(captured_pictures, bench, options)}, rounds=5)
