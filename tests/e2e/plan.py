# SPDX-License-Identifier: Apache-2.0
"""griddle plan: what it prints adds up."""
import os
import re
import subprocess

GRIDDLE, SOURCE = os.environ["GRIDDLE"], os.environ["GRIDDLE_SOURCE"]


def plan(*words):
    config = os.path.join(SOURCE, "configs", "fashion-mnist.yaml")
    answer = subprocess.run([GRIDDLE, "plan", config, "--input", "28x28x1", "--classes", "10", *words], check=True,
                            capture_output=True, text=True)
    return answer.stdout.splitlines()


lines = plan("--set", "train.precision=fp32")
count = int(re.match(r"plan train\(\d+\): (\d+) steps on cpu", lines[0])[1])
steps = [line for line in lines if re.match(r" *\d+ (pack|forward|backward|reduce|update) ", line)]
assert [int(step.split()[0]) for step in steps] == list(range(count))
phases = [step.split()[1] for step in steps]
assert phases == sorted(phases, key=["pack", "forward", "backward", "reduce", "update"].index)

# MFLOP (blank where packed) and MB stand before stream and operands
columns = [re.search(r"\s\d+x[\dx]*\d\s+([\d.]+)?\s+([\d.]+)  |\s\d+\s+([\d.]+)?\s+([\d.]+)  ", step) for step in steps]
assert all(columns)
mflop = sum(float(c[1] or c[3] or 0) for c in columns)
megabytes = sum(float(c[2] or c[4]) for c in columns)
total = re.match(r"a run of it: ([\d.]+) GFLOP, ([\d.]+) GB moved", lines[-1])
assert abs(float(total[1]) - mflop / 1000) <= 0.006 + 1e-5 * count, (total[0], mflop)
assert abs(float(total[2]) - megabytes / 1000) <= 0.006 + 1e-5 * count, (total[0], megabytes)

memory = re.findall(r"([\d.]+) MB", lines[-2])
assert abs(sum(map(float, memory[:-1])) - float(memory[-1])) < 0.01 * len(memory), memory

# Ranks: shares that make up the batch, sums that make up the gradients, in the order of the communication stream.
RESNET = ("--set", "model.network=resnet-34", "--set", "train.batch=160", "--set", "train.precision=fp32")


def ranks(*words):
    lines = plan(*RESNET, "--ranks", *words)
    share = re.match(r"rank (\d+) of (\d+): images (\d+) to (\d+) of every 160$", lines[0])
    sums = [re.match(r"  (all_reduce\.\d+) +([\d.]+) MB  ready with (\S+) \(event (\d+)\)", line) for line in lines]
    return lines, [int(word) for word in share.groups()], [found for found in sums if found]


def check_shares(n):
    first = 0
    for rank in range(n):
        _, share, _ = ranks(str(n), "--rank", str(rank))
        assert share[:3] == [rank, n, first], share
        first = share[3] + 1
    assert first == 160


check_shares(2)
check_shares(5)
lines, _, sums = ranks("4")
reduced = [line for line in lines if re.match(r" *\d+ reduce ", line)]
assert len(sums) == len(reduced) > 4
backward = [line.split()[1:3] for line in lines if re.match(r" *\d+ ", line)]
for step, found in zip(reduced, sums, strict=True):
    number, _, name, _, entry, _, _, _, _, stream, wait, event = step.split()[:12]
    assert (name, entry, stream, wait, event) == (found[1], "comm", "1", "wait", found[4]), step
    assert backward.index(["backward", found[3]]) < int(number), step  # what fills it stands before it
assert int(reduced[1].split()[0]) < backward.index(["backward", "stem.conv.bwd_weight"])  # while backward goes on
megabytes = sum(float(found[2]) for found in sums)
total = re.match(rf"{len(sums)} sums an update, of ([\d.]+) MB: each rank sends ([\d.]+) MB and receives as much$", lines[-3])
gradients = float(re.search(r"GRAD ([\d.]+) MB", lines[-2])[1])
assert abs(float(total[1]) - megabytes) < 0.001 * len(sums) and abs(megabytes - gradients) < 0.01, (total[0], megabytes)
assert abs(float(total[2]) - 2 * 3 / 4 * megabytes) < 0.001 * len(sums), total[0]

refused = subprocess.run([GRIDDLE, "plan", os.path.join(SOURCE, "configs", "fashion-mnist.yaml"), "--input", "28x28x1", *RESNET,
                          "--ranks", "6"], capture_output=True, text=True)
assert refused.returncode == 2 and "6 ranks cannot share a batch of 160 images in 5 groups of 32" in refused.stderr, refused
