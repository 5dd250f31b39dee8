# SPDX-License-Identifier: Apache-2.0
"""Two hosts of SageMaker with a network between them, as network namespaces: their names have no addresses yet when griddle
begins, ranks get the network's interface, and when the cable is cut both sides end within 10 s, with one line each."""
import json
import os
import pathlib
import re
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "support"), os.path.join(here, "..", "e2e", "support")]
import hosts  # noqa: E402
import machines  # noqa: E402
import shapes  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
NAMES = ["algo-1", "algo-2"]
machines.make()

with tempfile.TemporaryDirectory() as folder:
    try:
        os.chdir(folder)
        shapes.write("bars", train=60, test=12)
        pathlib.Path("bars.yaml").write_text(
            shapes.CONFIG.format(folder=f"{folder}/bars").replace("augment:", "batch_norm:\n  group: 4\naugment:"), encoding="utf-8")
        command = (f"mount --bind names /etc/hosts; exec {GRIDDLE} train bars.yaml --procs 2 --set train.tune=0 --set train.epochs=100000 "
                   "--set train.checkpoint_every=1 --out run-")
        pathlib.Path("names").write_text("127.0.0.1 localhost\n", encoding="utf-8")
        processes = []
        for side, name in enumerate(NAMES):
            hosts.write(f"opt-{name}", NAMES, name, interface=f"cable-{'ab'[side]}")
            processes.append(hosts.start(machines.inside(side, command + name), f"opt-{name}"))
        time.sleep(1.5)
        assert all(process.poll() is None for process in processes) and not os.path.exists("run-algo-1"), hosts.finish(processes, 0)
        with open("names", "a", encoding="utf-8") as file:
            file.writelines(f"{address} {name}\n" for address, name in zip(machines.ADDRESSES, NAMES))
        began = time.monotonic()
        while not os.path.exists("run-algo-1/checkpoint.safetensors") or not os.path.exists("run-algo-1/ranks.json"):
            assert all(process.poll() is None for process in processes), hosts.finish(processes, 0)
            assert time.monotonic() - began < 60
            time.sleep(0.05)
        listed = json.loads(pathlib.Path("run-algo-1/ranks.json").read_text(encoding="utf-8"))["ranks"]
        assert [rank["host"] for rank in listed] == ["algo-1", "algo-1", "algo-2", "algo-2"], listed
        environment = pathlib.Path(f"/proc/{listed[3]['pid']}/environ").read_bytes().split(b"\0")
        assert b"NCCL_SOCKET_IFNAME=cable-b" in environment and b"GRIDDLE_RANK=3" in environment, environment
        assert any(re.fullmatch(rb"NCCL_COMM_ID=algo-1:\d+", line) for line in environment), environment
        assert [len(machines.processes(side)) for side in range(2)] == [3, 3]
        time.sleep(1)
        machines.cut_cable()
        cut = time.monotonic()
        said = hosts.finish(processes, 1)
        took = time.monotonic() - cut
        assert not machines.processes(0) and not machines.processes(1) and took < 12, took  # 10, and two for a loaded machine
        print(f"both sides ended after {took:.1f} s: {said}")
        assert len(said[0]) == 1 and re.match(r"griddle: rank [23] on algo-2, at step \d+: it is (stuck|gone)", said[0][0]), said
        assert said[1] == ["griddle: algo-1, which leads the run, is gone; go on with --resume"], said
        assert not os.path.exists("run-algo-1/ranks.json")
    finally:
        machines.clean()
