# SPDX-License-Identifier: Apache-2.0
"""The installed tree is whole: a program compiled with nothing but pkg-config's flags answers, and so does the command."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import tiny  # noqa: E402

SOURCE, BUILD = os.environ["GRIDDLE_SOURCE"], os.environ["GRIDDLE_BUILD"]
if not shutil.which("pkg-config"):
    print("skipped: no pkg-config")
    sys.exit(77)


def run(*arguments, **more):
    return subprocess.run(arguments, check=True, capture_output=True, text=True, **more).stdout


with tempfile.TemporaryDirectory() as folder:
    # installed here, used there: nothing in it may remember where it was
    first, tree = os.path.join(folder, "first"), os.path.join(folder, "tree")
    run("cmake", "--install", BUILD, "--prefix", first)
    os.rename(first, tree)
    pc = next(where for where, _, files in os.walk(tree) if "griddle-infer.pc" in files)
    environment = dict(os.environ, PKG_CONFIG_PATH=pc)
    flags = run("pkg-config", "--cflags", "--libs", "griddle-infer", env=environment).split()
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as cache:
        if "GRIDDLE_SANITIZE:BOOL=ON" in cache.read():
            flags.append("-fsanitize=address,undefined")
    program = os.path.join(folder, "infer_example")
    example = os.path.join(SOURCE, "tests/e2e/infer_example.c")
    run("cc", "-std=c17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", example, "-o", program, *flags)

    model, pgm, png = (os.path.join(folder, name) for name in ("model.safetensors", "a.pgm", "a.png"))
    tiny.write_model(model)
    griddle = os.path.join(tree, "bin", "griddle")
    for seed in range(5):
        pixels = tiny.picture(seed)
        want = tiny.probabilities(pixels)
        tiny.write_pgm(pgm, pixels)
        tiny.write_png(png, pixels)
        lines = [line.split() for line in run(program, model, pgm).splitlines()]
        assert [line[1] for line in lines] == tiny.CLASSES, lines
        answer = json.loads(run(griddle, "predict", model, png, "--json"))["predictions"][0]["probabilities"]
        for got in ([float(line[0]) for line in lines], answer):
            assert max(abs(g - w) for g, w in zip(got, want)) < 1e-6, (got, want)

    # a session that exists allocates nothing
    wraps = ("gd_session_run", "malloc", "calloc", "realloc", "posix_memalign")
    counter = os.path.join(SOURCE, "tests/e2e/support/allocations.c")
    run("cc", "-std=c17", example, counter, "-o", program, *(f"-Wl,--wrap={name}" for name in wraps), *flags)
    counted = subprocess.run([program, model, pgm], capture_output=True, text=True, check=True).stderr
    assert counted == "0 allocations\n", counted

    here = json.loads(run(griddle, "info", "--json"))
    assert all(here[name].startswith(tree + os.sep) for name in ("griddle-engine", "griddle-stage")), here
    broken = subprocess.run([program, png, pgm], capture_output=True, text=True, check=False)
    assert broken.returncode == 1 and "not a safetensors file" in broken.stderr, broken
print("the example and the command answer alike from", len(flags), "flags")
