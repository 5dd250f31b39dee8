# SPDX-License-Identifier: Apache-2.0
"""kill -9 while capture writes: every line is whole, at most the last second and a half is lost (a flush a second, and
the time that it takes), and nothing before that. What a kill in the middle of a write left behind, the next process
cuts off. GRIDDLE_LONG=1 tries for a minute."""
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

WRITER = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-capture-writer")
LONG = os.environ.get("GRIDDLE_LONG") == "1"
AT_ONCE, SECOND = 4, 1.5
draw = random.Random(7)


class Storm:
    """A writer that is killed; knows when each record was put, within a millisecond or two."""

    def __init__(self, folder, size):
        self.folder, self.put = folder, []
        self.process = subprocess.Popen([WRITER, "storm", folder, str(size)], stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for _ in self.process.stdout:
            self.put.append(time.monotonic())

    def kill(self):
        self.killed = time.monotonic()
        self.process.kill()
        self.process.wait()
        self.reader.join()

    def check(self):
        """Returns how many half lines had to be cut off and how many records were lost."""
        def files():
            return sorted(pathlib.Path(self.folder).rglob("*.jsonl"))

        torn = [file for file in files() if file.stat().st_size and not file.read_bytes().endswith(b"\n")]
        mended = subprocess.run([WRITER, "mend", self.folder], capture_output=True, text=True, check=True)
        assert mended.stderr.count("griddle: cut a half line of") == len(torn), (torn, mended)
        numbers = []
        for file in files():
            text = file.read_bytes()
            assert text.endswith(b"\n") or not text, f"'{file}' ends in the middle of a line"
            numbers += [int(json.loads(line)["eventMetadata"]["eventId"]) for line in text.splitlines()]
        safe = sum(when < self.killed - SECOND for when in self.put)
        missing = set(range(safe)) - set(numbers)
        assert len(set(numbers)) == len(numbers), "a record is there twice"
        assert not missing, f"{len(missing)} of {safe} records that were put {SECOND} s before the kill are missing"
        return len(torn), len(self.put) - len(numbers)


def one_round(size):
    with tempfile.TemporaryDirectory() as top:
        storms = [Storm(os.path.join(top, str(i)), size) for i in range(AT_ONCE)]
        time.sleep(draw.uniform(0.1, 3.0))
        for storm in storms:
            storm.kill()
        return [storm.check() for storm in storms]


end = time.monotonic() + 60
kills = torn = lost = 0
sizes = [10, 3000, 50_000]  # flushed by the second, by the quarter of a megabyte, by nearly each
while kills < AT_ONCE * len(sizes) or (LONG and time.monotonic() < end):
    for found in one_round(sizes[kills // AT_ONCE % len(sizes)]):
        kills, torn, lost = kills + 1, torn + found[0], max(lost, found[1])
print(f"{kills} kills: {torn} half lines cut off, at most {lost} of about a thousand records a second lost")
sys.exit(0)
