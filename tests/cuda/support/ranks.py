# SPDX-License-Identifier: Apache-2.0
"""A process for each rank, each with an emulated card of its own; they meet by NCCL_COMM_ID over the double of NCCL."""
import glob
import os
import socket
import subprocess
import sys

SOURCE, BUILD, FOLDER = os.environ["GRIDDLE_SOURCE"], os.environ["GRIDDLE_BUILD"], sys.argv[1]
DOUBLE = f"{FOLDER}/libnccl-double.so"


def environment(**more):
    return os.environ | {"GRIDDLE_CUDA_LIBRARY": f"{FOLDER}/libgriddle-cuda-on-cpu-80.so", "GRIDDLE_NCCL_LIBRARY": DOUBLE,
                         "GRIDDLE_NCCL_TIMEOUT": "20"} | more


ports = []


def left_over():
    """What communicators of this test have left in memory."""
    return [path for port in ports for path in glob.glob(f"/dev/shm/nccl-double-*:{port}")]


def free_port():
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        ports.append(end.getsockname()[1])
        return ports[-1]


def start(n, *words, **more):
    """The processes. What is said to one rank alone is a function of the rank."""
    shared = {"WORLD_SIZE": str(n), "NCCL_COMM_ID": f"127.0.0.1:{free_port()}"} | more

    def begin(rank):
        own = {name: value(rank) if callable(value) else value for name, value in shared.items()}
        return subprocess.Popen([f"{BUILD}/griddle-collective", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=environment(RANK=str(rank), **own))

    return [begin(rank) for rank in range(n)]


def finish(processes, timeout=100):
    """[(exit code, standard output, standard error)]; none of them outlives this."""
    try:
        said = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *texts) for process, texts in zip(processes, said)]


def run(n, *words, codes=(0,), **more):
    done = finish(start(n, *words, **more))
    assert all(code in codes for code, _, _ in done), (words, done)
    return done
