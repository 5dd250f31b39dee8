# SPDX-License-Identifier: Apache-2.0
"""griddle monitor baseline, killed at random moments while it writes over another baseline: what is read afterwards is the
old one or the new one, whole, or is refused in one line. GRIDDLE_LONG=1: a thousand kills instead of a hundred."""
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import time

GRIDDLE = os.environ["GRIDDLE"]
KILLS = 1000 if os.environ.get("GRIDDLE_LONG") == "1" else 100
FILES = ("baseline.safetensors", "constraints.json", "statistics.json")
draw = random.Random(5)


def write_table(path, rows, columns=40):
    header, data = {}, b""
    for i in range(columns):
        values = struct.pack(f"<{rows}d", *(draw.gauss(i, 1) for _ in range(rows)))
        header[f"column {i}"] = {"dtype": "F64", "shape": [rows], "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def words(table, folder):
    return [GRIDDLE, "monitor", "baseline", f"{table}.safetensors", "-o", folder]


def files_of(folder):
    return [pathlib.Path(folder, name).read_bytes() if os.path.exists(f"{folder}/{name}") else None for name in FILES]


def check(folder):
    return subprocess.run([GRIDDLE, "monitor", "check", "old.safetensors", "--baseline", folder, "-o", "out"],
                          capture_output=True, text=True)


def is_refused(done, place):
    """In one line, which says where and what to do."""
    return (done.returncode == 1 and done.stderr.count("\n") == 1 and place in done.stderr
            and "'griddle monitor baseline' makes " in done.stderr)


def overwrite(folder):
    """Kills one that writes over the folder; what is found there then."""
    before = files_of(folder)
    new = "new" if before == whole["old"] else "old"
    process = subprocess.Popen(words(new, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(draw.uniform(0, 1.1) * seconds)
    process.kill()
    process.wait()
    after, done = files_of(folder), check(folder)
    if done.returncode in (0, 3):
        assert after in (before, whole[new]), "a baseline of two makings was used"
        return "as it was" if after == before else "new"
    assert is_refused(done, f"{folder}/statistics.json"), done
    assert after not in (before, whole[new]), done
    subprocess.run(words("old", folder), check=True, capture_output=True)
    assert files_of(folder) == whole["old"]
    return "refused"


def begin(folder):
    """The same where there was none."""
    process = subprocess.Popen(words("new", folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(draw.uniform(0, 1.1) * seconds)
    process.kill()
    process.wait()
    done = check(folder)
    assert is_refused(done, folder) if files_of(folder) != whole["new"] else done.returncode in (0, 3), done
    shutil.rmtree(folder, ignore_errors=True)


def changed_bytes(folder):
    """Of either file that is not for people to change."""
    for name in ("baseline.safetensors", "statistics.json"):
        path = pathlib.Path(folder, name)
        was = path.read_bytes()
        for _ in range(50):
            at, bit = draw.randrange(len(was)), draw.randrange(8)
            path.write_bytes(was[:at] + bytes([was[at] ^ 1 << bit]) + was[at + 1:])
            done = check(folder)
            assert done.returncode == 1 and done.stderr.count("\n") == 1 and f"{folder}/" in done.stderr, (at, bit, done)
        path.write_bytes(was)
    assert check(folder).returncode == 0


with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    whole = {}
    for table, rows in (("old", 5000), ("new", 6000)):
        write_table(f"{table}.safetensors", rows)
        start = time.monotonic()
        subprocess.run(words(table, table), check=True, capture_output=True)
        seconds = time.monotonic() - start
        whole[table] = files_of(table)
    changed_bytes("old")
    shutil.copytree("old", "killed")
    found = [overwrite("killed") for _ in range(KILLS)]
    print({what: found.count(what) for what in sorted(set(found))})
    assert {"as it was", "new"} <= set(found), "no kill came before the end, or all did"
    for _ in range(KILLS // 5):
        begin("first")
