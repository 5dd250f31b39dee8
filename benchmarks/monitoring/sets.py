#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two sets of pictures of the monitor's proof: sets.py GRIDDLE_DATA POOL

POOL, a folder called as the set, gets train.tar, which a model is trained and tried on (train/CLASS/*.jpg, test/CLASS/*.jpg),
and pool.npz: pictures that it is not trained on, shuffled, with their labels, and `strangers` of classes that it does not
know.

cifar10  trained on the first 2,500 pictures of each class; the pool is the other 25,000 and the 10,000 test pictures
scones   trained on the first 300 of each of the two classes; the pool is the other 400 and the 200 test pictures

Strangers are those of the other set. CIFAR-10 is there as JPEG, the scones without loss; these are compressed alike, so that
strangers differ by what they show and not by how they were kept. Needs numpy and Pillow."""
import io
import pathlib
import sys
import tarfile

import numpy as np
from PIL import Image

from harm import generator
from plan import MODELS

QUALITY = 75  # of the JPEGs made of scones; sets.py checks that CIFAR-10's are of this quality
STRANGERS = 1200


def pixels_of(file):
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


def tables(file):
    return Image.open(io.BytesIO(file)).quantization


def as_jpeg(png):
    file = io.BytesIO()
    Image.fromarray(pixels_of(png)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def cifar10(data):
    """(split, class, file) of all pictures, in the archive's order."""
    with tarfile.open(data / "cifar10-jpeg.tar.xz") as tar:
        for member in tar:
            if member.isfile():
                split, name, _ = member.name.split("/")
                yield split, name, tar.extractfile(member).read()


def scones(data):
    with tarfile.open(data / "scones-unlimited.tar.gz") as tar:
        found = {member.name.lstrip("./"): member for member in tar if member.isfile()}
        root = next(name.rpartition("train.lst")[0] for name in found if name.endswith("train.lst"))
        for split in ("train", "test"):
            for line in tar.extractfile(found[f"{root}{split}.lst"]).read().decode().split("\n"):
                if line.strip():
                    _, label, file = line.split("\t")
                    png = tar.extractfile(found[f"{root}{split}/{file.strip()}"]).read()
                    yield split, ("bicycle", "motorcycle")[int(float(label))], as_jpeg(png)


def divided(files, train_per_class):
    """What is trained on, by class, and the pool: (label, file)."""
    train, pool, names = {}, [], sorted({name for _, name, _ in files})
    for split, name, file in files:
        mine = train.setdefault(name, [])
        if split == "train" and len(mine) < train_per_class:
            mine.append(file)
        else:
            pool.append((names.index(name), file))
    return names, train, pool


def add(tar, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def main():
    data, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    name = out.name
    files = {"cifar10": list(cifar10(data)), "scones": list(scones(data))}
    if tables(files["cifar10"][0][2]) != tables(files["scones"][0][2]):
        sys.exit(f"sets: the pictures of cifar10-jpeg.tar.xz are not JPEGs of quality {QUALITY}: set QUALITY to theirs")
    others = [file for _, _, file in files["scones" if name == "cifar10" else "cifar10"]]
    names, train, pool = divided(files[name], MODELS[name].train_per_class)
    draw = generator("sets", name)
    pool = [pool[i] for i in draw.permutation(len(pool))]
    strangers = [others[i] for i in draw.permutation(len(others))[:STRANGERS]]
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(out / "train.tar", "w") as tar:
        for label, members in train.items():
            for i, file in enumerate(members):
                add(tar, f"train/{label}/{i:04}.jpg", file)
        for i, (label, file) in enumerate(pool):
            add(tar, f"test/{names[label]}/{i:05}.jpg", file)
    np.savez(out / "pool.part.npz", pictures=np.stack([pixels_of(file) for _, file in pool]),
             labels=np.array([label for label, _ in pool], np.int32), names=names,
             strangers=np.stack([pixels_of(file) for file in strangers]))
    (out / "pool.part.npz").replace(out / "pool.npz")


if __name__ == "__main__":
    main()
