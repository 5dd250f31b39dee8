# SPDX-License-Identifier: Apache-2.0
"""Bytes of code that a command needs: its programs, stripped, and every library that the loader maps while it runs,
linked or dlopened, as LD_DEBUG reports; libc, libm and the loader itself are not counted. PyTorch's `installed` is the
disk space of its virtual environment."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from bench import Absent, Case, Reading, run
from scratch import SCONES, griddle_run, scones_image, scones_run, scones_source

EVERYWHERE = re.compile(r"/(libc|libm|ld-linux[^/]*)\.so")
ENGINE = "libexec/griddle/griddle-engine"
MB = 1e6


def loaded(command, folder_of_programs, known):
    """Paths of programs and libraries of a command and its children. The loader tells a program by argv[0] alone, which
    `griddle` hands on to what it becomes: `known` says which programs run in any case."""
    with tempfile.TemporaryDirectory() as folder:
        run(command, {"LD_DEBUG": "files,libs", "LD_DEBUG_OUTPUT": f"{folder}/log"})
        paths = {str(folder_of_programs / name) for name in known}
        for log in pathlib.Path(folder).iterdir():
            tried = ""
            for line in log.read_text(errors="replace").split("\n"):
                if found := re.search(r"trying file=(\S+)", line):
                    tried = found.group(1)
                elif found := re.search(r"file=(\S+) \[\d+\];  generating link map", line):
                    paths.add(found.group(1) if "/" in found.group(1) else tried)
                elif found := re.search(r"transferring control: (\S+)", line):
                    name = pathlib.Path(found.group(1)).name
                    paths.update(str(p) for p in folder_of_programs.glob(f"libexec/griddle/{name}"))
    return {os.path.realpath(p) for p in paths if not EVERYWHERE.search(p)}


def stripped(path, *flags):
    with tempfile.NamedTemporaryFile() as copy:
        if shutil.which("strip") and subprocess.run(["strip", *flags, "-o", copy.name, path], capture_output=True,
                                                    check=False).returncode == 0:
            return os.path.getsize(copy.name)
    return os.path.getsize(path)


def cases(bench):
    programs = bench.griddle.parent

    def closure(command, *known):
        version = bench.griddle_version()
        parts = loaded(command, programs, ["griddle", *known])
        size = sum(stripped(p) if pathlib.Path(p).is_relative_to(programs) else os.path.getsize(p) for p in parts)
        return Reading(version, {"closure": (size / MB, "MB")})

    def predict(_):
        return closure([bench.griddle, "predict", scones_run(bench), scones_image(bench)])

    def train(_):
        settings = {"data.source": scones_source(bench), "train.epochs": 1}
        out, _ = griddle_run(bench, SCONES, "size", **settings)
        words = [w for path, value in settings.items() for w in ("--set", f"{path}={value}")]
        for left in ("checkpoint.safetensors", "best.safetensors", "model.safetensors", "metrics.jsonl"):
            (out / left).unlink(missing_ok=True)  # what is staged stays
        return closure([bench.griddle, "train", SCONES, "--out", out, *words], ENGINE)

    def stage(_):
        out = bench.scratch / "size"
        shutil.rmtree(out, ignore_errors=True)
        return closure(["env", f"GRIDDLE_CACHE={out}/cache", bench.griddle, "run", SCONES, "--out", out, "--set",
                        f"data.source={scones_source(bench)}", "--set", "train.epochs=1"], ENGINE)

    def archive(_):
        version, path = bench.griddle_version(), programs / "libgriddle-infer.a"
        if not path.exists():
            raise Absent(f"no {path}: cmake --build --preset release")
        return Reading(version, {"file": (stripped(path, "--strip-debug") / MB, "MB")})

    def torch(_):
        process = bench.peer("torch_train.py", "--network", "resnet-20", "--seconds", 0, "--maps")
        output = process.json()
        venv = pathlib.Path(subprocess.run([bench.peers_python, "-c", "import sys; print(sys.prefix)"],
                                           capture_output=True, text=True, check=True).stdout.strip())
        installed = sum(os.lstat(p).st_blocks * 512 for p in venv.rglob("*"))
        mapped = {os.path.realpath(p) for p in output["mapped"] if not EVERYWHERE.search(p)}
        return Reading(output["version"], {"closure": (sum(map(os.path.getsize, mapped)) / MB, "MB"),
                                           "installed": (installed / MB, "MB")})

    yield Case("predict", {"griddle": predict}, rounds=1)
    yield Case("train on a staged set", {"griddle": train, "torch": torch}, rounds=1)
    yield Case("stage and train", {"griddle": stage}, rounds=1)
    yield Case("libgriddle-infer.a", {"griddle": archive}, rounds=1)
