# SPDX-License-Identifier: Apache-2.0
"""What the monitor's proof tries: harms and their strengths, models, how many windows of which sizes."""
import dataclasses

PICTURES = {  # every picture of a window: (what the numbers are, five of them)
    "brightness": ("factor", (0.97, 0.93, 0.85, 0.7, 0.4)),
    "blur": ("radius in pixels", (0.25, 0.35, 0.5, 0.7, 1.0)),
    "noise": ("deviation of 255", (1, 2, 4, 8, 16)),
    "JPEG": ("quality", (85, 70, 50, 30, 10)),
    "rotation": ("degrees", (2, 5, 10, 20, 45)),
    "colour cast": ("red more, blue less", (0.01, 0.03, 0.06, 0.12, 0.25)),
    "crop": ("pixels of 32 that are left", (31, 30, 28, 24, 16)),
}
SHARES = {  # a share of a window's pictures
    "class mix": ("share replaced by one class", (0.03, 0.06, 0.12, 0.25, 0.5)),
    "unknown classes": ("share replaced", (0.01, 0.03, 0.1, 0.3, 1.0)),
    "frozen frame": ("share replaced by one picture", (0.01, 0.03, 0.1, 0.3, 1.0)),
}
HARMS = {**PICTURES, **SHARES}
STRENGTHS = 5

# Of what griddle captures, what other monitors are given beside class, confidence, probabilities and features.
COLUMNS = ("brightness", "contrast", "saturation", "hue", "sharpness", "entropy", "red", "green", "blue", "bytes")

HOURS_A_MONTH = 720  # as griddle counts them
MONTHS = 12
SEED = 7


@dataclasses.dataclass(frozen=True)
class Plan:
    """Of a pool of pictures in a random order: the first `candidates` are those that a baseline is drawn from, the last
    `harmed` those that windows are drawn from where they are harmed. Undisturbed windows have all that are no candidates, or,
    where all are candidates, those that a partition's baseline left. Of a size there are in each partition so many windows
    that are undisturbed, which thresholds are set by, and so many per harm and strength."""
    train_per_class: int
    candidates: int
    baseline: int
    harmed: int
    sizes: tuple
    partitions: int
    undisturbed: int
    windows: int


MODELS = {
    "cifar10": Plan(train_per_class=2500, candidates=10000, baseline=5000, harmed=10000, sizes=(50, 200, 1000), partitions=10,
                    undisturbed=50, windows=5),
    # All there are. What a baseline left is as unlike it as can be, so there must be many baselines.
    "scones": Plan(train_per_class=300, candidates=600, baseline=350, harmed=600, sizes=(50, 100), partitions=100,
                   undisturbed=10, windows=1),
}


def cell(harm, strength, size):
    """The name of like windows: "undisturbed, 50", "noise 3, 200"."""
    return f"{harm} {strength + 1}, {size}" if harm else f"undisturbed, {size}"
