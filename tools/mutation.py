# SPDX-License-Identifier: Apache-2.0
"""What tools/mutate and tools/mutate-cuda share: a planted fault, C's text without its comments, and the account of a session."""
import collections
import concurrent.futures
import dataclasses
import pathlib
import re
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENDS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)


@dataclasses.dataclass(frozen=True)
class Fault:
    """In file `path`, from the root on, `new` stands where the text from `start` to `end` was."""
    path: pathlib.PurePath
    start: int
    end: int
    new: str
    kind: str = ""

    def changed(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def lines(self, text):
        """The lines it touches, before and after, each in one line."""
        begin, end = text.rfind("\n", 0, self.start) + 1, text.find("\n", self.end)
        after = text[begin:self.start] + self.new + text[self.end:end]
        return " ".join(text[begin:end].split()), " ".join(after.split()) or "(taken away)"

    def number(self, text):
        return text.count("\n", 0, self.start) + 1


def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


def code_of(text):
    """Blanks, at their places, for comments, texts and the preprocessor's lines."""
    return ENDS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def plant(faults, outcome, seconds=float("inf"), workers=1):
    """Plants one after the other, or `workers` at once, until the time is over: outcome(fault) is a word. Returns (fault, word)
    of each."""
    results, count, end = [], collections.Counter(), time.monotonic() + seconds

    def timely(fault):
        return outcome(fault) if time.monotonic() < end else None

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for fault, word in zip(faults, pool.map(timely, faults), strict=True):
            if word is None:
                continue
            results.append((fault, word))
            count[word] += 1
            text = source(fault.path)
            before, after = fault.lines(text)
            print(f"{word}: {fault.path}:{fault.number(text)}: {before}  ->  {after}", flush=True)
    print(", ".join(f"{n} {word}" for word, n in sorted(count.items())) or "nothing was planted")
    return results
