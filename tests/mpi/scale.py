# SPDX-License-Identifier: Apache-2.0
"""griddle bench dist on two ranks: its figures fit together, what it writes of this machine predicts what it has measured,
and what is wrong is said once."""
import json
import os
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import mpirun  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
BENCH = (GRIDDLE, "bench", "dist", "--device", "cpu", "--network", "lenet", "--batch", "64", "--precision", "fp32", "--threads",
         "1", "--set", "batch_norm.group=32")


def predict(machine, config, ranks):
    done = mpirun.run(1, GRIDDLE, "plan", config, "--device", "cpu", "--input", "28x28x1", "--ranks", str(ranks), "--json",
                      "--machine", machine)
    return done


with tempfile.TemporaryDirectory() as folder:
    machine, config = f"{folder}/here.json", f"{folder}/lenet.yaml"
    with open(config, "w", encoding="utf-8") as file:
        file.write("data: {source: none}\nmodel: {network: lenet}\ntrain: {batch: 64, precision: fp32, threads: 1}\n")
    done = mpirun.run(2, *BENCH, "--json", "--describe", machine)
    assert done.returncode == 0, done
    said = json.loads(done.stdout)  # once: by rank 0
    assert (said["communicator"], said["ranks"], said["batch"], said["threads"]) == ("mpi", 2, 64, 1), said
    assert [sum_of["bytes"] for sum_of in said["sums"]] == [4096 * 4**i for i in range(8)]
    for sum_of in said["sums"]:
        assert abs(sum_of["algorithm_gb_s"] * sum_of["seconds"] * 1e9 / sum_of["bytes"] - 1) < 0.01, sum_of
        assert sum_of["bus_gb_s"] == sum_of["algorithm_gb_s"], sum_of  # 2 (n - 1) / n of two ranks is 1
    assert said["sums"][-1]["seconds"] > said["sums"][0]["seconds"]

    done = predict(machine, config, 2)
    assert done.returncode == 0, done
    found, seconds = json.loads(done.stdout), said["seconds"]
    computing = sum(found["seconds"][name] for name in ("arithmetic", "memory", "least"))
    assert abs(computing / seconds["without_sums"] - 1) < 0.15, (found, said)
    print(f"an update: measured {1e3 * seconds['update']:.2f} ms, predicted {1e3 * found['seconds']['update']:.2f} ms")
    # what was measured a moment later on a busy machine may be far away; how near it is shows benchmarks/run scaling
    assert found["throughput"][0] / 2 <= said["images_per_second"] <= found["throughput"][2] * 2, (found, said)
    assert found["seconds"]["update"] >= computing and found["seconds"]["exposed"] >= 0, found

    done = predict(machine, config, 3)
    assert done.returncode == 2 and "nothing is known of its network" in done.stderr, done

# a batch of one group is no work for two
done = mpirun.run(2, *BENCH, "--batch", "1")
lines = [line for line in done.stderr.splitlines() if line.startswith("griddle: ")]
assert done.returncode == 2 and len(lines) == 1 and "2 ranks cannot share a batch of 1" in lines[0], done

# a signal to one of them stops both
process = mpirun.start(2, *BENCH, "--batch", "4096")
try:
    deadline = time.monotonic() + 20
    while len(ranks := mpirun.pids(process)) < 2:
        assert time.monotonic() < deadline and process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(1)
    os.kill(ranks[1], signal.SIGTERM)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM and "stopped" in errors and not out, (process.returncode, out, errors)
finally:
    process.kill()
