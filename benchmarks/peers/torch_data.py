# SPDX-License-Identifier: Apache-2.0
"""Images for the peers: (n,H,W,C) bytes and labels, in the order in which Griddle stages them."""
import gzip
import pathlib
import tarfile

import numpy as np
from PIL import Image


def cifar100_binary(archive, classes):
    """CIFAR-100's binary layout in a tar.gz; fine labels by name."""
    with tarfile.open(archive) as tar:
        def member(name):
            return tar.extractfile(f"cifar-100-binary/{name}").read()

        names = member("fine_label_names.txt").decode().split("\n")
        splits = {}
        for split in ("train", "test"):
            records = np.frombuffer(member(f"{split}.bin"), np.uint8).reshape(-1, 2 + 3072)
            fine = [names[i] for i in records[:, 1]]
            rows = [i for i, name in enumerate(fine) if name in classes]
            splits[split] = (records[rows, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(),
                             np.array([classes.index(fine[i]) for i in rows]))
    return splits


def folder(root, classes):
    """ROOT/{train,test}/CLASS/*, by file name."""
    splits = {}
    for split in ("train", "test"):
        images, labels = [], []
        for label, name in enumerate(classes):
            for path in sorted((pathlib.Path(root) / split / name).iterdir()):
                with Image.open(path) as image:
                    images.append(np.asarray(image.convert("RGB")))
                labels.append(label)
        splits[split] = (np.stack(images), np.array(labels))
    return splits


def fashion_mnist(root):
    def idx(name, offset):
        with gzip.open(pathlib.Path(root) / name) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    return {split: (idx(f"{prefix}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1),
                    idx(f"{prefix}-labels-idx1-ubyte.gz", 8).astype(np.int64))
            for split, prefix in (("train", "train"), ("test", "t10k"))}
