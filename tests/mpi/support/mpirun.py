# SPDX-License-Identifier: Apache-2.0
"""Several ranks on this machine by OpenMPI's mpirun: as root, more of them than cores, over shared memory and loopback
alone."""
import os
import shutil
import subprocess
import sys

ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "ASAN_OPTIONS": "detect_leaks=0",  # MPI keeps what it has until the process ends
}

if not os.path.exists(os.path.join(os.environ["GRIDDLE_BUILD"], "libgriddle-mpi.so")):
    print("skipped: built without MPI (tools/install --tests, then configure again)")
    sys.exit(77)
if not shutil.which("mpirun"):
    print("skipped: no mpirun (apt-get install openmpi-bin)")
    sys.exit(77)


def start(ranks, *words, environment=None):
    command = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none", *words]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, **ENVIRONMENT, **(environment or {})})


def run(ranks, *words, timeout=60, environment=None):
    process = start(ranks, *words, environment=environment)
    try:
        out, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.terminate()  # mpirun ends its ranks
        raise AssertionError(f"{ranks} ranks of {words} hang: {process.communicate()}") from None
    return subprocess.CompletedProcess(words, process.returncode, out, said)


def pids(process):
    """Of the ranks that this mpirun has started, in order."""
    found = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{name}/environ", "rb") as file:
                variables = dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
        except (OSError, IndexError):
            continue  # gone, or no process
        if parent == process.pid:
            found[int(variables[b"OMPI_COMM_WORLD_RANK"])] = int(name)
    return [found[rank] for rank in sorted(found)]
