# SPDX-License-Identifier: Apache-2.0
"""The results on disk: JSON, and the same as a page."""
import json
import re

import bench

SYSTEMS = ("griddle simt", "griddle cudnn", "torch")


def name_of(found):
    card = re.sub(r"[^a-z0-9]+", "-", found["card"]["card"].lower()).strip("-")
    return f"gpu-{card}-{found['date'][:10]}"


def cell(case, system):
    return f"{case[system]['median']:,.0f} ± {case[system]['spread'] / 2:,.0f}" if system in case else ""


def speed_table(cases):
    yield "| images/s | " + " | ".join(("griddle", *SYSTEMS)) + " | " + " | ".join(f"griddle / {s}" for s in SYSTEMS) + " |"
    yield "|---|" + "---:|" * (1 + 2 * len(SYSTEMS))
    for case in cases:
        ratios = [f"{case['griddle']['median'] / case[s]['median']:.2f}" if s in case and "griddle" in case else "" for s in SYSTEMS]
        cells = [cell(case, system) for system in ("griddle", *SYSTEMS)]
        yield f"| {case['network']} {case['precision']} | " + " | ".join(cells + ratios) + " |"
    yield ""
    yield "Medians over the steps of one process each, half the distance of their quartiles behind them."


def entry_table(entries):
    yield "| entry | types: cases passed | most of the tolerance used |"
    yield "|---|---|---:|"
    rows = {}
    for entry in entries:
        rows.setdefault((entry["op"], entry["direction"], entry["entry"]), []).append(entry)
    for (op, direction, name), types in sorted(rows.items()):
        told = ", ".join(f"{e['type']}: {e['passed']}" + (f" ({e['failed']} FAILED)" if e["failed"] else "") for e in types)
        yield f"| {op} {direction} {name} | {told} | {max(e['worst'] for e in types):.2f} |"


def timing_table(rows):
    yield "| entry | type | problem | us | runs | times as fast as the next |"
    yield "|---|---|---|---:|---:|---:|"
    for row in rows:
        yield (f"| {row['op']} {row['direction']} {row['entry']} | {row['type']} | {row['problem']} | {row['median_us']} ± "
               f"{row['spread_us']} | {row['runs']} | {row['ratio_to_next']} |")


def lines(found):
    card, smi, versions = found["card"], found["nvidia_smi"], found["versions"]
    yield f"# {card['card']}, {found['date'][:10]}: {found['outcome']}"
    yield ""
    if found["emulated"]:
        yield "**A rehearsal on an emulated device. Nothing here was run on a GPU.**\n"
    yield f"Made by `tools/gpu-check` at commit {found['commit']}. {card['architecture']}, {card['memory_bytes'] >> 20} MB, driver " \
          f"{smi.get('driver_version', 'unknown')} (CUDA {card['driver']}), runtime {card['runtime']}, nvcc {versions['nvcc']}, PyTorch " \
          f"{versions['torch']}. Host: {found['host']['cpu']}, {found['host']['cores']} cores."
    if smi:
        yield "\n" + ", ".join(f"{key} {value}" for key, value in smi.items() if key != "driver_version") + "."
    yield "\n| part | outcome | s | |\n|---|---|---:|---|"
    for part in found["parts"]:
        summary = part["summary"].replace("|", "\\|").replace("\n", " ")
        yield f"| {part['title']} | {part['outcome']} | {part['seconds']:.0f} | {summary} |"
    details = {part["part"]: part["details"] for part in found["parts"]}
    if details.get("speed", {}).get("cases"):
        yield "\n## A training step\n"
        yield from speed_table(details["speed"]["cases"])
    if details.get("entries", {}).get("rows"):
        yield "\n## Entry against entry\n"
        yield from timing_table(details["entries"]["rows"])
    if details.get("harness", {}).get("entries"):
        yield "\n## Entries\n"
        yield from entry_table(details["harness"]["entries"])


def write(folder, found):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name_of(found)
    for ending, text in ((".json", json.dumps(found, indent=1)), (".md", "\n".join(lines(found)))):
        text = text.replace(f"{bench.ROOT}/", "")  # where this tree lies is nobody's business
        path.with_suffix(ending).write_text(text + "\n", encoding="utf-8")
    print(f"gpu-check: written: {path}.json and {path}.md; docs/verify-gpu.md says where to send them")
