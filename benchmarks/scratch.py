# SPDX-License-Identifier: Apache-2.0
"""What several suites prepare once, under build/bench: a small trained run, a picture, CIFAR-10 as a folder."""
import json
import shutil
import tarfile

from bench import ROOT, run

SCONES = ROOT / "configs" / "scones.yaml"


def griddle_run(bench, config, out, **settings):
    """`griddle run` from nothing into build/bench/OUT, which is returned."""
    out = bench.scratch / out
    shutil.rmtree(out, ignore_errors=True)
    words = [word for path, value in settings.items() for word in ("--set", f"{path}={value}")]
    process = run([bench.griddle, "run", config, "--out", out, *words], {"OMP_NUM_THREADS": str(bench.threads)})
    return out, process


def scones_source(bench):
    return f"file:{bench.data_file('cifar-100-binary-vehicles.tar.gz')}"


def scones_run(bench):
    """A run whose model predicts quickly and badly: one epoch. Made once for a build of griddle."""
    out = bench.scratch / "start"
    bench.griddle_version()
    if not (out / "model.safetensors").exists() or out.stat().st_mtime < bench.griddle.stat().st_mtime:
        griddle_run(bench, SCONES, "start", **{"data.source": scones_source(bench), "train.epochs": 1})
    return out


def scones_image(bench):
    path = bench.scratch / "bicycle.png"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(bench.data_file("scones-unlimited.tar.gz")) as tar:
            name = min(n for n in tar.getnames() if "/test/" in f"/{n}" and n.endswith(".png"))
            path.write_bytes(tar.extractfile(name).read())
    return path


def scones_pictures(bench):
    """The 200 test images as PNGs of RGBA with an opaque alpha: a folder with 0.png to 199.png."""
    out = bench.scratch / "pictures"
    if not out.exists():
        part = out.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        with tarfile.open(bench.data_file("scones-unlimited.tar.gz")) as tar:
            names = sorted(n for n in tar.getnames() if "/test/" in f"/{n}" and n.endswith(".png"))
            for i, name in enumerate(names):
                (part / f"{i}.png").write_bytes(tar.extractfile(name).read())
        part.replace(out)
    return out


def compiled(out, inputs, command):
    """A program, made by a compiler's command where it is older than what it is made from."""
    if not out.exists() or out.stat().st_mtime < max(path.stat().st_mtime for path in inputs):
        out.parent.mkdir(parents=True, exist_ok=True)
        run([*command, "-o", out])
    return out


def pairs():
    return json.loads((ROOT / "benchmarks" / "pairs.json").read_text(encoding="utf-8"))


def cifar10_folder(bench):
    """The images that the pairs use, as {train,test}/CLASS/NNNN.jpg; `data.classes` takes two of the ten."""
    out, chosen = bench.scratch / "cifar10", pairs()
    if out.exists():
        return out
    part = out.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(bench.data_file(chosen["archive"])) as tar:
        for member in tar:
            split, _, rest = member.name.partition("/")
            _, _, file = rest.partition("/")
            if member.isfile() and (split == "test" or int(file.split(".")[0]) < chosen["train_per_class"]):
                (part / member.name).parent.mkdir(parents=True, exist_ok=True)
                (part / member.name).write_bytes(tar.extractfile(member).read())
    part.replace(out)
    return out
