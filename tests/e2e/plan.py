# SPDX-License-Identifier: Apache-2.0
"""griddle plan: what it prints adds up."""
import json
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

# Predictions: for people and as JSON, the same; of the rank with most images; what makes no sense is refused.
def predict(*words):
    said = plan(*RESNET, "--machine", "p3.16xlarge", *words)
    found = json.loads(plan(*RESNET, "--machine", "p3.16xlarge", "--json", *words)[0])
    assert said[0].startswith("PREDICTION, nothing of this was measured"), said[0]
    throughput = re.match(r"  throughput +(\d+) images/s  between (\d+) and (\d+)$", said[1])
    assert [round(found["throughput"][i]) for i in (1, 0, 2)] == [int(word) for word in throughput.groups()], (said, found)
    assert found["prediction"] is True and said[-2] == f"  what dominates: {found['dominates']}"
    seconds = found["seconds"]
    parts = sum(seconds[name] for name in ("arithmetic", "memory", "least", "exposed", "slowest"))
    assert abs(seconds["update"] - parts) < 1e-7, seconds
    return found


def complaint(*words):
    found = subprocess.run([GRIDDLE, "plan", os.path.join(SOURCE, "configs", "fashion-mnist.yaml"), "--input", "28x28x1",
                            *RESNET, *words], capture_output=True, text=True)
    assert found.returncode == 2 and len(found.stderr.splitlines()) == 1, found
    return found.stderr


one, five, sixteen = predict(), predict("--ranks", "5"), predict("--ranks", "16", "--set", "train.batch=512")
assert one["efficiency"][1] == 1 and one["seconds"]["exposed"] == 0 == one["seconds"]["slowest"]
assert one["throughput"][1] < five["throughput"][1] < 5 * one["throughput"][1]
assert sixteen["seconds"]["sums"] > 5 * five["seconds"]["sums"]  # over a network
# 5 groups of 32, the last of 12: ranks 1 and 2 of 3 have 2 groups, and all wait for rank 1
uneven, even = predict("--ranks", "3", "--set", "train.batch=140"), predict("--ranks", "3", "--set", "train.batch=192")
computing = [sum(p["seconds"][name] for name in ("arithmetic", "memory", "least")) for p in (uneven, even)]
assert computing[0] == computing[1] and uneven["efficiency"][1] < 0.8 * even["efficiency"][1], (uneven, even)
assert "no bf16; use --set train.precision=fp16" in complaint("--machine", "p3.16xlarge", "--set", "train.precision=bf16")
assert "there are p3.16xlarge, p3dn, dgx-1" in complaint("--machine", "p4")
assert "leave out --rank and --eval" in complaint("--machine", "p3dn", "--rank", "0")
assert "add --machine" in complaint("--json")
assert "6 ranks cannot share" in complaint("--machine", "p3dn", "--ranks", "6")
