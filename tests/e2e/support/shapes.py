# SPDX-License-Identifier: Apache-2.0
"""A small set of pictures in IDX files, that a small net learns in a second: bars that lie, stand and lean, in noise."""
import gzip
import os
import random
import struct

SIDE, CLASSES = 12, 3


def picture(generator, label):
    at, pixels = generator.randrange(2, SIDE - 2), []
    for y in range(SIDE):
        for x in range(SIDE):
            on = (abs(y - at) < 2, abs(x - at) < 2, abs(x - y) < 2)[label]
            pixels.append(min(255, max(0, int(generator.gauss(170 if on else 80, 40)))))
    return bytes(pixels)


def write(folder, train=240, test=60, seed=1):
    generator = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    for part, n in (("train", train), ("t10k", test)):
        labels = bytes(i % CLASSES for i in range(n))
        pixels = b"".join(picture(generator, label) for label in labels)
        with gzip.open(f"{folder}/{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">4I", 0x803, n, SIDE, SIDE) + pixels)
        with gzip.open(f"{folder}/{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">2I", 0x801, n) + labels)


CONFIG = """data:
  source: {folder}
  format: idx
  classes:
    - "0"
    - "1"
    - "2"
  validation: 0.2
model:
  network: layers
  layers:
    - conv2d:
        filters: 8
        kernel: 3
        pad: 1
    - batch_norm:
        activation: relu
    - pool2d:
        kind: max
        kernel: 2
        stride: 2
    - dropout:
        rate: 0.1
    - conv2d:
        filters: 16
        kernel: 3
    - batch_norm:
        activation: relu
    - global_pool:
        kind: average
augment:
  crop: 1
  cutout: 2
train:
  epochs: 6
  batch: 32
  accumulate: 2
  learning_rate: 0.1
  average: 0.9
  clip_norm: 5
"""


def write_lenet(folder):
    """80 pictures to train on, and bars.yaml with lenet for them, in `folder`."""
    write(f"{folder}/bars", train=80, test=30)
    config = CONFIG.format(folder=f"{folder}/bars")
    with open(f"{folder}/bars.yaml", "w", encoding="utf-8") as file:
        file.write(config[:config.index("model:")] + "model:\n  network: lenet\n" + config[config.index("train:"):])
