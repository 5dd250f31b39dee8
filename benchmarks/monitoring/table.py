# SPDX-License-Identifier: Apache-2.0
"""Tables of the suite monitor's records, in Markdown."""
import math
import re
import statistics

from monitoring.plan import HARMS
from monitoring.rates import binomial, fisher

CASE = re.compile(r"(?P<model>[^,]+), (?P<windows>\d+) windows of (?P<size>\d+), (?P<harm>.+)")


def ours(system):
    return system == "griddle" or system.startswith("griddle ")


def by_window(records, metric):
    """{(model, windows, size): {harm: {system: [a share per strength]}}}"""
    found = {}
    for record in records:
        case = CASE.fullmatch(record["case"])
        if case and record["metric"] == metric and case["harm"] in HARMS:
            key = case["model"], int(case["windows"]), int(case["size"])
            found.setdefault(key, {}).setdefault(case["harm"], {})[record["system"]] = record["samples"]
    return found


def systems_of(records):
    return sorted({r["system"] for r in records}, key=lambda s: (s != "griddle", not ours(s), s))


def behind(of_harm, windows):
    """(strength from 1, whether beyond luck), where the interval of the best peer's method leaves griddle's share out above.
    The best of several methods is a lucky one, and griddle's own share is of chance, too: what is beyond luck is so by
    Fisher's exact test of the two shares, for all of these methods together (Bonferroni)."""
    peers = [s for s in of_harm if not ours(s)]
    if "griddle" not in of_harm or not peers:
        return
    for i, share in enumerate(of_harm["griddle"]):
        best = round(max(of_harm[s][i] for s in peers) * windows)
        if share < binomial(best, windows)[0]:
            yield i + 1, fisher(round(share * windows), best, windows) < 0.025 / len(peers)


def percent(shares):
    return " ".join(f"{math.floor(100 * share + 0.5)}" for share in shares)


def detections(records, caption):
    """A table a model and size of window: rows are harms, a cell has the per cents of the five strengths."""
    lines, systems = [], systems_of([r for r in records if r["metric"] == "detected"])
    for (model, windows, size), harms in sorted(by_window(records, "detected").items()):
        lines += [f"**{model}, windows of {size}**: per cent of {windows} that are accused, by strength from the weakest", "",
                  "| harm | strengths | " + " | ".join(systems) + " | behind at |", "|---|---|" + "---|" * (len(systems) + 1)]
        for harm, of_harm in harms.items():
            unit, amounts = HARMS[harm]
            late = ", ".join(f"**{strength}**" if surely else f"{strength}" for strength, surely in behind(of_harm, windows))
            lines.append(f"| {harm} | {unit} {' '.join(f'{a:g}' for a in amounts)} | "
                         + " | ".join(percent(of_harm[s]) if s in of_harm else "" for s in systems) + f" | {late} |")
        lines.append("")
    return "\n".join([*lines, caption(records)]) + "\n"


def summary(records, caption):
    """A row a model and size: the mean over harms and strengths."""
    found, systems = by_window(records, "detected"), systems_of([r for r in records if r["metric"] == "detected"])
    lines = ["| mean share of windows that are accused | " + " | ".join(systems) + " | cells in which griddle is behind, beyond luck |",
             "|---|" + "---:|" * (len(systems) + 1)]
    for (model, windows, size), harms in sorted(found.items()):
        cells = sum(len(next(iter(of_harm.values()))) for of_harm in harms.values())
        late = [surely for of_harm in harms.values() for _, surely in behind(of_harm, windows)]
        means = []
        for system in systems:
            shares = [share for of_harm in harms.values() for share in of_harm.get(system, [])]
            means.append(f"{100 * statistics.fmean(shares):.1f}%" if len(shares) == cells else "")
        lines.append(f"| {model}, windows of {size} | " + " | ".join(means) + f" | {len(late)} of {cells}, {sum(late)} |")
    return "\n".join([*lines, "", caption(records)]) + "\n"


def estimates(records, caption):
    """A row a model and size: how far estimated accuracies are off, by harm, over all strengths."""
    found = by_window(records, "estimate is off")
    lines = ["| estimated accuracy is off by, points | " + " | ".join(HARMS) + " |", "|---|" + "---:|" * len(HARMS)]
    for (model, _, size), harms in sorted(found.items()):
        for system in sorted({system for of_harm in harms.values() for system in of_harm}):
            cells = [" ".join(f"{v:.1f}" for v in harms[h][system]) if system in harms.get(h, {}) else "" for h in HARMS]
            lines.append(f"| {model}, {size}: {system} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", caption(records)]) + "\n"


def year(records, caption):
    """A row a model: false alarms in twelve months, against what was promised."""
    lines = ["| undisturbed hours | checks | alarms promised | alarms | 95% interval of the share of checks |", "|---|---:|---:|---:|---|"]
    mine = [r for r in records if r["metric"] == "alarms in a month"]
    for record in mine:
        checks = record["n"] * int(re.search(r"(\d+) undisturbed hours", record["case"])[1])
        alarms = round(sum(record["samples"]))
        low, high = binomial(alarms, checks)
        lines.append(f"| {record['case'].partition(',')[0]} | {checks:,} | {record['n']} | {alarms} | {low:.4%} to {high:.4%}, "
                     f"promised {record['n'] / checks:.4%} |")
    return "\n".join([*lines, "", caption(mine)]) + "\n"


TABLES = {"monitor": summary, "monitor detections": detections, "monitor estimates": estimates, "monitor year": year}
