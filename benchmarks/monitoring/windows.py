# SPDX-License-Identifier: Apache-2.0
"""The windows of the monitor's proof: which captured lines each is made of. Every monitor is shown the same ones.

A partition draws a baseline anew, out of pictures that no model was trained on, and windows out of those that are left.
Pictures of a window are all different (but for frozen frames); windows of a partition may share pictures. A window is shown
to monitors as lines or numbers that were captured once (capture.py). Needs numpy."""
import functools
import json
import pathlib
import uuid
from typing import NamedTuple, Optional

import numpy as np

from harm import generator
from plan import HARMS, MODELS, PICTURES, SEED, STRENGTHS


class Window(NamedTuple):
    partition: int
    harm: Optional[str]  # None: undisturbed
    strength: int
    size: int
    number: int

    def rows(self, pool):
        """Of the captured groups: [(group, its rows)], in any order."""
        draw = generator(SEED, pool.name, self.harm or "undisturbed", self.partition, self.strength, self.size, self.number)
        group = f"{self.harm} {self.strength + 1}" if self.harm in PICTURES else "undisturbed"
        free = pool.free(self.partition, self.harm is not None)
        if self.harm is None or self.harm in PICTURES:
            return [(group, draw.choice(free, self.size, replace=False))]
        other = draw.binomial(self.size, HARMS[self.harm][1][self.strength])
        rest = (group, draw.choice(free, self.size - other, replace=False))
        if self.harm == "unknown classes":
            return [rest, (self.harm, draw.choice(pool.strangers, other, replace=False))]
        if self.harm == "frozen frame":
            return [rest, (group, np.repeat(draw.choice(free), other))]
        left = np.setdiff1d(free, rest[1])
        one = left[pool.labels[left] == draw.integers(len(pool.classes))]
        return [rest, (group, draw.choice(one, other, replace=False))]


class Pool:
    """What was captured of a model: build/bench/monitor/MODEL/pool.npz and lines/."""

    def __init__(self, folder):
        self.folder, self.name = pathlib.Path(folder), pathlib.Path(folder).name
        self.plan = MODELS[self.name]
        with np.load(self.folder / "pool.npz") as file:
            self.labels, self.classes, self.strangers = file["labels"], [*map(str, file["names"])], len(file["strangers"])

    @functools.lru_cache(maxsize=None)
    def baseline(self, partition):
        """The pictures of a partition's baseline, by their numbers in the pool."""
        draw = generator(SEED, self.name, "baseline", partition)
        return draw.choice(self.plan.candidates, self.plan.baseline, replace=False)

    @functools.lru_cache(maxsize=None)
    def free(self, partition, harmed):
        """The pictures that windows of a partition are drawn from."""
        last = len(self.labels) - self.plan.harmed
        first = last if harmed else min(self.plan.candidates, last)
        return np.setdiff1d(np.arange(first, len(self.labels)), self.baseline(partition))

    def first(self, group):
        """The picture that a group's first row is of."""
        return 0 if group in ("undisturbed", "unknown classes") else len(self.labels) - self.plan.harmed

    @functools.lru_cache(maxsize=64)
    def numbers(self, group):
        with np.load(self.folder / "lines" / f"{group}.npz") as file:
            return {name: file[name] for name in file.files}

    @functools.lru_cache(maxsize=64)
    def lines(self, group):
        return (self.folder / "lines" / f"{group}.jsonl").read_bytes().splitlines()

    def table(self, rows, name):
        """`columns`, `probabilities` or `features` of such rows."""
        return np.concatenate([self.numbers(group)[name][at - self.first(group)] for group, at in rows])

    def baseline_rows(self, partition):
        return [("undisturbed", self.baseline(partition))]

    def right(self, rows):
        """Whether the model's answer is right; strangers have no right one."""
        found = []
        for group, at in rows:
            answers = self.numbers(group)["probabilities"][at - self.first(group)].argmax(1)
            found.append(np.zeros(len(at), bool) if group == "unknown classes" else answers == self.labels[at])
        return np.concatenate(found)

    def capture(self, rows, start, seconds, draw):
        """A window's lines in a random order, spread over its hours: each an event of its own."""
        lines = [self.lines(group)[i - self.first(group)] for group, at in rows for i in at]
        lines = [lines[i] for i in draw.permutation(len(lines))]
        times = start + np.sort(draw.integers(seconds, size=len(lines))).astype("timedelta64[s]")
        out = []
        for line, time in zip(lines, np.datetime_as_string(times, "s")):
            record = json.loads(line)
            event = {**record["eventMetadata"], "eventId": str(uuid.UUID(bytes=draw.bytes(16), version=4)),
                     "inferenceTime": f"{time}Z"}
            event.pop("inferenceId", None)
            out.append(line[:line.index(b'"eventMetadata":')] + b'"eventMetadata":' + json.dumps(event).encode()
                       + line[line.index(b'}', line.index(b'"eventMetadata":')) + 1:] + b"\n")
        return b"".join(out)


def windows(pool, partition):
    """The windows of a partition, of each size: undisturbed ones, then those of each harm and strength."""
    for size in pool.plan.sizes:
        for number in range(pool.plan.undisturbed):
            yield Window(partition, None, 0, size, number)
        for harm in HARMS:
            for strength in range(STRENGTHS):
                for number in range(pool.plan.windows):
                    yield Window(partition, harm, strength, size, number)
