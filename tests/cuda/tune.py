# SPDX-License-Identifier: Apache-2.0
"""Tuning: the entry that the card's clock says is fastest is taken, once measured it is read from the cache, and a table that
is of no use is said to be and made anew. The times are prescribed (GRIDDLE_EMULATED_TIME)."""
import glob
import os
import re
import stat
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e", "support"))
import shapes  # noqa: E402

GRIDDLE, FOLDER = os.environ["GRIDDLE"], sys.argv[1]
MMA, SIMT = {"GRIDDLE_EMULATED_TIME": "mma:2000,simt:3000"}, {"GRIDDLE_EMULATED_TIME": "mma:3000,simt:2000"}
CLOSE = {"GRIDDLE_EMULATED_TIME": "mma:2050,simt:2000"}
WORDS = ["bars.yaml", "--device", "cuda", "--set", "train.epochs=1", "--set", "train.batch=16", "--set", "train.accumulate=1",
         "--set", "train.precision=fp16"]


def environment(sm=80, **more):
    return os.environ | {"GRIDDLE_CUDA_LIBRARY": f"{FOLDER}/libgriddle-cuda-on-cpu-{sm}.so", "GRIDDLE_EMULATED_SM": str(sm)} | more


def griddle(*words, **more):
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False, env=environment(**more))
    assert done.returncode == 0, (words, done)
    return done


def plan(*words, times=MMA, said="", **more):
    """The entries of the second convolution, forward and backward, and whether something was measured."""
    if os.path.exists("launches"):
        os.remove("launches")
    done = griddle("plan", *WORDS, "--set", "train.batch=4", *words, GRIDDLE_EMULATED_RANGES="launches", **times, **more)
    if said:
        assert re.fullmatch(f"griddle: .*{said}.*\n", done.stderr), (said, done.stderr)
    else:
        assert done.stderr == "", done.stderr
    steps = re.findall(r" conv2d\.2\.(?:fwd|bwd_data|bwd_weight) +conv2d +(\w+) .*?(?:  \[tuned: (.*?)\])?(?:  \[.*)?$", done.stdout,
                       re.MULTILINE)
    assert len(steps) == 3, done.stdout
    return {entry for entry, _ in steps}, {told for _, told in steps}, os.path.exists("launches")


def table():
    files = glob.glob("cache/tuned/*A100*")
    assert len(files) == 1, files
    return files[0]


def forget():
    for file in glob.glob("cache/tuned/*"):
        os.remove(file)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    shapes.write("bars", train=80, test=3)
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(shapes.CONFIG.format(folder=f"{folder}/bars"))
    griddle("stage", "bars.yaml")

    # the second of the list wins; then the table is asked, whatever the clock would say
    told = {"mma 3000.0 us, simt 2000.0 us"}
    assert plan(times=SIMT) == ({"simt"}, told, True)
    assert plan(times=MMA) == ({"simt"}, told, False)
    assert plan("--set", "train.tune=0") == ({"mma"}, {""}, False)  # the list's order
    forget()
    assert plan("--set", "impl.conv2d=simt") == ({"simt"}, {""}, False)  # what is asked for by name is not measured
    assert plan(times=MMA) == ({"mma"}, {"mma 2000.0 us, simt 3000.0 us"}, True)
    forget()
    assert plan(times=CLOSE)[0] == {"mma"}  # within 3%: the list's order
    forget()
    entries, _, measured = plan("--set", "train.tune=1e-9", times=SIMT)  # the time is up after the first sample
    assert (entries, measured) == ({"mma"}, True) and not glob.glob("cache/tuned/*"), entries

    # tables of no use
    plan(times=SIMT)
    with open(table(), encoding="utf-8") as file:
        good = file.read()
    for bad, why in ((good[:-20], "line 6 is cut short"), ("", "it does not begin with"), ("\0\1\2" * 99, "it does not begin with"),
                     (good.replace("simt 2", "simt -2"), "line 3 is malformed"), (good + "x" * (5 << 20), ".*it has more than 4194304 bytes"),
                     (good.replace("A100", "T4"), "it was not measured on 'emulated A100, sm_80, driver 13.0, "),
                     (good.replace("griddle 0", "griddle 9"), "it was not measured on")):
        with open(table(), "w", encoding="utf-8") as file:
            file.write(bad)
        assert plan(times=MMA, said=f"is not used and will be made anew: {why}")[0] == {"mma"}, why
        assert plan(times=SIMT) == ({"mma"}, {"mma 2000.0 us, simt 3000.0 us"}, False)

    # another card has a table of its own; what is measured later is added
    lines = len(good.splitlines())
    plan(times=SIMT, sm=75)
    assert len(glob.glob("cache/tuned/*")) == 2
    plan("--set", "train.batch=8", times=SIMT)
    with open(table(), encoding="utf-8") as file:
        assert len(file.read().splitlines()) == 2 * lines - 2

    # two at once: nothing breaks, and each finds its own
    forget()
    both = [subprocess.Popen([GRIDDLE, "plan", *WORDS, "--set", f"train.batch={batch}"], env=environment(**SIMT), text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE) for batch in (2, 8)]
    for process in both:
        out, complaint = process.communicate()
        assert process.returncode == 0 and out.count("tuned: ") == 3, complaint
    with open(table(), encoding="utf-8") as file:
        text = file.read()
    assert "x=2x6x6x8" in text or "x=8x6x6x8" in text

    # nowhere to write: it goes on, and says so
    forget()
    os.rmdir("cache/tuned")
    with open("cache/tuned", "w", encoding="utf-8"):  # where root may write anywhere, a file is in the way
        pass
    assert plan(times=SIMT, said="measured times are not kept: cannot make folder") == ({"simt"}, told, True)
    os.remove("cache/tuned")
    os.mkdir("cache/tuned")
    os.chmod("cache/tuned", stat.S_IRUSR | stat.S_IXUSR)
    if not os.access("cache/tuned", os.W_OK):
        assert plan(times=SIMT, said="measured times are not kept: cannot write") == ({"simt"}, told, True)
    os.chmod("cache/tuned", stat.S_IRWXU)

    # a run goes on with the entries that it was begun with, though the table says another by now
    run = ["train", *WORDS, "--out", "run"]
    griddle(*run, **SIMT)
    forget()
    assert plan("--set", "train.batch=16", times=MMA)[0] == {"mma"}
    done = griddle(*run, "--resume", "--set", "train.epochs=2", **MMA)
    assert "when the checkpoint was made" not in done.stderr, done.stderr
    with open("run/checkpoint.safetensors", "rb") as file:
        head = file.read(1 << 16)
    assert b"conv2d.2.fwd simt" in head and b"conv2d.2.fwd mma" not in head
