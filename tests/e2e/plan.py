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
