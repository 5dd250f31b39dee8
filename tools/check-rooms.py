#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the includes under src/ against the map of rooms in README.md.

The map is the code block after `<!-- rooms -->`: a line per floor, rooms of one floor apart by " · ", each room's name
its first word. A room may include rooms on lines below and those to its right on its own line; public headers
(griddle/…) are for all. A line that begins with a dash is a picture of a border, not a floor.
"""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
readme = (root / "README.md").read_text()
block = re.search(r"<!-- rooms -->\s*```[a-z]*\n(.*?)```", readme, re.S)
if not block:
    sys.exit("README.md: no map: a code block after '<!-- rooms -->'")

order = []
for line in block.group(1).splitlines():
    if line.strip() and not line.strip().startswith(("-", "─")):
        order += [segment.split()[0] for segment in line.split(" · ")]
place = {room: i for i, room in enumerate(order)}  # a room may use those with a larger number

complaints = []
rooms = {folder.name for folder in (root / "src").iterdir() if folder.is_dir()}
complaints += [f"src/{room}: not on the map in README.md" for room in sorted(rooms - set(order))]
complaints += [f"README.md: room '{room}' is on the map twice" for room in place if order.count(room) > 1]
complaints += [f"README.md: room '{room}' is on the map, but not in src/" for room in order if room not in rooms]

files = 0
for path in sorted([*root.glob("src/**/*.[ch]"), *root.glob("include/griddle/*.h")]):
    files += 1
    public = path.is_relative_to(root / "include")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not include:
            continue
        where = f"{path.relative_to(root)}:{number}"
        target = include.group(1).split("/")[0]
        if target == "griddle":
            continue
        here = path.relative_to(root / "src").parts[0] if not public else "griddle"
        if "/" not in include.group(1) or target not in rooms:
            complaints.append(f'{where}: "{include.group(1)}" names no room; write "room/file.h"')
        elif public:
            complaints.append(f"{where}: a public header includes room '{target}'")
        elif here != target and here in place and target in place and place[target] < place[here]:
            complaints.append(f"{where}: room '{here}' uses '{target}', which the map has above it")

print("\n".join(complaints) or f"{files} files keep to the map of {len(order)} rooms")
sys.exit(1 if complaints else 0)
