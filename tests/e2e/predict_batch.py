# SPDX-License-Identifier: Apache-2.0
"""griddle predict --input … --output …: the answers of single predictions, in order, on any number of threads; broken
pictures and lines; going on after kill -9, signals and a full disk; what is refused, with one clear line."""
import base64
import json
import os
import pty
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import tiny  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
PICTURES, KILLS = 6000, 400 if os.environ.get("GRIDDLE_LONG") else 20


def griddle(*words, code=0, says="", stdin=None, env=None):
    """Standard output; checks the exit code and what standard error says."""
    done = subprocess.run([GRIDDLE, "predict", *words], input=stdin, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == code, (words, done)
    assert says in done.stderr, (words, done.stderr)
    return done.stdout


def refused(*words, says, code=2, stdin=None):
    """One line, nothing else."""
    done = subprocess.run([GRIDDLE, "predict", *words], input=stdin, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), (words, done)
    assert done.stderr.startswith("griddle: ") and says in done.stderr, (words, done.stderr)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def answers(text):
    """Lines of JSON, each of them whole."""
    assert text == "" or text.endswith("\n"), text[-100:]
    return [json.loads(line) for line in text.splitlines()]


def single(*paths):
    """What griddle predict --json says of them, without the names."""
    out = json.loads(subprocess.run([GRIDDLE, "predict", "m", "--json", *paths], capture_output=True, check=True).stdout)
    return [{key: value for key, value in answer.items() if key != "image"} for answer in out["predictions"]]


def core(answer):
    return {key: answer[key] for key in ("class", "probability", "probabilities")}


def make():
    os.mkdir("m")
    tiny.write_model("m/model.safetensors")
    tiny.write_model("other.safetensors", weight=[[0.5] * 16, [0.25] * 16, [0.125] * 16])
    for i in range(PICTURES):
        folder = f"in/{i % 7}"
        os.makedirs(folder, exist_ok=True)
        if i < 300:
            tiny.write_png(f"{folder}/{i}.png", tiny.picture(i))
        else:
            os.link(f"in/{i % 300 % 7}/{i % 300}.png", f"{folder}/{i}.png")
    os.mkdir("few")
    for name in ("b.png", "a.PNG", "c.jpg.png"):
        tiny.write_png(f"few/{name}", tiny.picture(ord(name[0])))
    os.mkdir("few/b")
    tiny.write_png("few/b/a.png", tiny.picture(1))
    os.symlink(".", "few/b/self")
    write("few/cut.jpeg", read("few/b.png")[:-20])
    write("few/notes.txt", "no picture")
    write("few/none.jpg", "")


def folders():
    """Names by bytes, broken ones in their places, the path as it is below the folder."""
    names = ["a.PNG", "b.png", "b/a.png", "c.jpg.png", "cut.jpeg", "none.jpg"]
    out = answers(griddle("m", "--input", "few", "--output", "-", code=1, says="2 of 6 pictures have no answer"))
    assert [answer["path"] for answer in out] == names, out
    assert [core(answer) for answer in out[:4]] == single(*(f"few/{name}" for name in names[:4]))
    assert list(out[0]) == ["path", "class", "probability", "probabilities", "model"], out[0]
    assert [list(answer) for answer in out[4:]] == [["path", "error", "model"]] * 2, out
    assert out[5]["error"] == "the file is empty", out[5]
    assert len({answer["model"] for answer in out}) == 1
    assert [answer["path"] for answer in answers(griddle("m", "--input", "few/b/", "--output", "-"))] == ["a.png"]


def lines():
    """Every way to name a picture; what comes back; broken lines in their places."""
    picture = base64.b64encode(read("few/b.png")).decode()
    capture = {"captureData": {"endpointInput": {"observedContentType": "image/png", "mode": "INPUT", "data": picture,
                                                 "encoding": "BASE64"}}, "eventMetadata": {"eventId": "e-1"}}
    rows = ["b.png", {"path": "b.png", "id": 7, "tags": ["x", {"y": None}]}, {"path": os.path.abspath("few/b.png")},
            {"image": picture, "id": "\u00fc"}, {"image": picture}, capture,
            {"path": "gone.png", "id": 8}, {"path": "b.png", "class": "x"}, {"id": 9}, {"image": picture[4:]}]
    text = "\n".join(json.dumps(row) for row in rows) + "\n\n{\"path\": \n"
    write("few/in.jsonl", text)
    out = answers(griddle("m", "--input", "few/in.jsonl", "--output", "-", code=1, says="5 of 11 pictures"))
    assert [core(answer) for answer in out[:6]] == single("few/b.png") * 6, out
    keys = ["class", "probability", "probabilities", "model"]
    assert [[key for key in answer if key not in keys] for answer in out] == [
        ["path"], ["path", "id", "tags"], ["path"], ["id"], ["line"], ["eventMetadata"], ["path", "id", "error"],
        ["line", "error"], ["line", "error"], ["line", "error"], ["line", "error"]], out
    assert (out[1]["id"], out[1]["tags"], out[3]["id"], out[4]["line"]) == (7, ["x", {"y": None}], "\u00fc", 5)
    assert (out[6]["path"], out[6]["error"]) == ("gone.png", "cannot open 'few/gone.png': No such file or directory")
    assert [answer["line"] for answer in out[7:]] == [8, 9, 10, 12]
    assert out[7]["error"] == "key 'class' is one of an answer's own: rename it"
    assert out[10]["error"].startswith("column 10: "), out[10]
    # from standard input, paths are below the current folder
    out = answers(griddle("m", "--input", "-", "--output", "-", stdin='"few/b.png"\n"few/a.PNG"'))
    assert [core(answer) for answer in out] == single("few/b.png", "few/a.PNG")
    assert griddle("m", "--input", "-", "--output", "-", stdin="") == ""


def many():
    """Thousands: the same bytes with one thread and with several; against single predictions; how fast."""
    for threads in (1, 2, 5):
        start = time.monotonic()
        griddle("m", "--input", "in", "--output", f"{threads}.jsonl", "--threads", str(threads),
                says=f"answered {PICTURES} pictures")
        print(f"{PICTURES} tiny pictures, {threads} threads: {time.monotonic() - start:.2f} s")
        assert read(f"{threads}.jsonl") == read("1.jsonl")
    out = answers(read("1.jsonl").decode())
    names = [answer["path"] for answer in out]
    assert len(out) == PICTURES and names == sorted(names)
    some = random.sample(out, 100)
    assert [core(answer) for answer in some] == single(*(f"in/{answer['path']}" for answer in some))
    write("in.jsonl", "".join(json.dumps({"path": f"in/{name}"}) + "\n" for name in names))
    griddle("m", "--input", "in.jsonl", "--output", "lines.jsonl")
    assert [core(answer) for answer in answers(read("lines.jsonl").decode())] == [core(answer) for answer in out]


def start(output, **settings):
    return subprocess.Popen([GRIDDLE, "predict", "m", "--input", "in", "--output", output], stderr=subprocess.PIPE,
                            text=True, **settings)


def wait_for_bytes(output, least, process):
    while process.poll() is None and (not os.path.exists(output) or os.path.getsize(output) < least):
        pass


def killed():
    """At any instant: nothing is lost but the tail, and the end is the same."""
    whole = read("1.jsonl")
    cut, early, late = 0, 0, 0
    for i in range(KILLS):
        process = start("killed.jsonl")
        wait_for_bytes("killed.jsonl", random.randrange(len(whole) // 2), process)
        process.kill()
        process.communicate()
        left = read("killed.jsonl") if os.path.exists("killed.jsonl") else b""
        assert whole.startswith(left), (i, left[-200:])
        cut += not left.endswith(b"\n")
        early += left == b""
        late += left == whole
        if i % 2:  # a kill of the run that goes on, too
            process = start("killed.jsonl")
            wait_for_bytes("killed.jsonl", min(len(left) + 20000, len(whole)), process)
            process.kill()
            process.communicate()
            assert read("killed.jsonl").startswith(left.rsplit(b"\n", 1)[0])
        griddle("m", "--input", "in", "--output", "killed.jsonl")
        assert read("killed.jsonl") == whole, i
        os.remove("killed.jsonl")
    assert early + late < KILLS, "no kill came while it wrote"
    print(f"{KILLS} kills: {early} before the first line, {late} behind the last, {cut} within a line")
    # at every byte of a line, where a write may have been cut short
    middle = whole.index(b"\n", len(whole) // 2) + 1
    for length in range(middle, whole.index(b"\n", middle) + 2, 9):
        write("killed.jsonl", whole[:length])
        griddle("m", "--input", "in", "--output", "killed.jsonl", says="going on")
        assert read("killed.jsonl") == whole, length


def signals():
    """What is in flight is finished; how far it came is said; 128 + signal."""
    whole = read("1.jsonl")
    for number in (signal.SIGINT, signal.SIGTERM):
        if os.path.exists("stopped.jsonl"):
            os.remove("stopped.jsonl")
        process = start("stopped.jsonl")
        wait_for_bytes("stopped.jsonl", 20000, process)
        process.send_signal(number)
        _, said = process.communicate()
        left = read("stopped.jsonl")
        if process.returncode != 0:  # else it was quicker
            assert process.returncode == 128 + number, (process.returncode, said)
            assert left.endswith(b"\n") and whole.startswith(left), left[-200:]
            assert f"stopped behind {left.count(10)} answers; the same command goes on there" in said, said
        griddle("m", "--input", "in", "--output", "stopped.jsonl")
        assert read("stopped.jsonl") == whole
    # while nothing comes in; what came is answered before
    process = subprocess.Popen([GRIDDLE, "predict", "m", "--input", "-", "--output", "-"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write('"few/b.png"\n')
    process.stdin.flush()
    assert core(json.loads(process.stdout.readline())) == single("few/b.png")[0]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 128 + signal.SIGTERM
    process.communicate()


def full_disk():
    """A limit on the size of files stands for a full disk: whole lines stay, and room lets it go on."""
    whole = read("1.jsonl")
    limit = len(whole) // 2 + 7
    done = subprocess.run([GRIDDLE, "predict", "m", "--input", "in", "--output", "full.jsonl"], capture_output=True,
                          text=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    left = read("full.jsonl")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    assert f"behind {left.count(10)} answers: cannot write 'full.jsonl': File too large" in done.stderr, done.stderr
    assert left.endswith(b"\n") and whole.startswith(left) and len(whole) // 2 - 400 < len(left) <= limit
    griddle("m", "--input", "in", "--output", "full.jsonl")
    assert read("full.jsonl") == whole
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([GRIDDLE, "predict", "m", "--input", "few", "--output", "-"], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "cannot write to standard output: No space left" in done.stderr, done


def going_on():
    """Only with the same input and model; never over a file that is something else."""
    whole = read("1.jsonl")
    write("on.jsonl", whole)
    griddle("m", "--input", "in", "--output", "on.jsonl", says="answered 0 pictures")
    assert read("on.jsonl") == whole
    part = whole[:whole.index(b"\n", len(whole) // 2) + 1]
    for content, words, says in (
            (part, ("other.safetensors", "--input", "in"), "'on.jsonl' line 1 is the answer of another model"),
            (part, ("m", "--input", "few"), "'on.jsonl' line 1 is no answer to this input"),
            (part, ("m", "--input", "in.jsonl"), "'on.jsonl' line 1 is no answer to this input"),
            (whole + whole[:200], ("m", "--input", "in"), "line 6001 is behind the end of the input"),
            (whole[:400].replace(b"}\n", b"} \n"), ("m", "--input", "in"), "line 1 is the answer of another model"),
            (b"\n", ("m", "--input", "in"), "line 1 is no answer"),
            (b"a line of notes\n", ("m", "--input", "in"), "line 1 is no answer"),
            (b'{"name":"no newline"}', ("m", "--input", "in"), "line 1 is no answer"),
            (part + b"more notes", ("m", "--input", "in"), f"line {part.count(10) + 1} is no answer"),
            (read("few/b.png"), ("m", "--input", "in"), "line 1 is no answer")):
        write("on.jsonl", content)
        refused(*words, "--output", "on.jsonl", says=says)
        assert read("on.jsonl") == content, says
    # errors of lines that are there count
    write("few/two.jsonl", '"b.png"\n"gone.png"\n"a.PNG"\n')
    griddle("m", "--input", "few/two.jsonl", "--output", "two.jsonl", code=1, says="1 of 3 pictures have no answer")
    kept = read("two.jsonl")
    write("two.jsonl", kept[:-5])
    griddle("m", "--input", "few/two.jsonl", "--output", "two.jsonl", code=1, says="1 of 3 pictures have no answer")
    assert read("two.jsonl") == kept
    # lines that the input has gained are answered
    with open("few/two.jsonl", "a", encoding="utf-8") as file:
        file.write('"b.png"\n')
    griddle("m", "--input", "few/two.jsonl", "--output", "two.jsonl", code=1, says="1 of 4 pictures have no answer")
    assert read("two.jsonl").startswith(kept) and read("two.jsonl").count(10) == 4


def wrong_words():
    batch = ("m", "--input", "few", "--output", "x.jsonl")
    refused("m", "a.png", "--input", "few", "--output", "x.jsonl", says="'a.png' and '--input' exclude each other")
    refused(*batch, "--top", "3", says="'--top' and '--input' exclude each other")
    refused(*batch, "--json", says="'--json' and '--input' exclude each other")
    refused(*batch, "--threads", "0", says="'--threads' is '0' where a whole number from 1 to 1024")
    refused("m", "--input", "few", says="'--input' needs '--output FILE'")
    refused("m", "a.png", "--output", "x.jsonl", says="'--output' needs '--input FOLDER|FILE'")
    refused("m", "a.png", "--threads", "2", says="'--threads' needs '--input FOLDER|FILE'")
    refused("m", "--input", "few/in.jsonl", "--output", "few/in.jsonl", says="'few/in.jsonl' is the input")
    os.mkdir("empty")
    refused("m", "--input", "empty", "--output", "x.jsonl", says="no pictures below 'empty'")
    refused("m", "--input", "nowhere", "--output", "x.jsonl", says="cannot open 'nowhere'", code=1)
    refused("nowhere", "--input", "few", "--output", "x.jsonl", says="cannot open 'nowhere'", code=1)
    assert not os.path.exists("x.jsonl")  # what cannot begin leaves nothing
    refused("m", "--input", "few", "--output", "absent/x.jsonl", code=1, says="cannot write 'absent/x.jsonl': No such file")
    refused("m", "--input", "few", "--output", "empty", code=1, says="cannot write 'empty': Is a directory")
    refused("m", "--input", "few", "--output", "/dev/null", code=1, says="not a regular file")
    if os.geteuid() != 0:  # root may read everything
        os.mkdir("few/locked", 0)
        refused("m", "--input", "few", "--output", "x.jsonl", code=1, says="cannot open 'few/locked': Permission denied")
    first = subprocess.Popen([GRIDDLE, "predict", "m", "--input", "-", "--output", "one.jsonl"], stdin=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
    while not os.path.exists("one.jsonl"):
        time.sleep(0.01)
    time.sleep(0.1)
    refused("m", "--input", "few", "--output", "one.jsonl", code=1, says="another process is writing it")
    first.communicate()


def terminal():
    """A bar on a terminal, and none of it left at the end."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [GRIDDLE, "predict", "m", "--input", "-", "--output", "bar.jsonl"], stdin=subprocess.PIPE, stderr=side)
    os.close(side)
    for _ in range(3):
        process.stdin.write(b'"few/b.png"\n')
        process.stdin.flush()
        time.sleep(0.25)
    process.communicate()
    said = os.read(main, 1 << 16).decode()
    os.close(main)
    assert process.returncode == 0 and "\r2 pictures  " in said and "answered 3 pictures" in said.split("\r")[-2], said


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make()
    for part in (folders, lines, many, killed, signals, full_disk, going_on, wrong_words, terminal):
        part()
    shutil.rmtree("in")
print("batches behave")
