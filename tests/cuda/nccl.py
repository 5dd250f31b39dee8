# SPDX-License-Identifier: Apache-2.0
"""NCCL as a communicator: what is called is there in the oldest version and in recent ones, our declarations are NVIDIA's; what
cannot be used, and ranks that do not come together, are told in a line; 1, 2 and 4 ranks add up right, at once and out of a graph;
what a rank does wrong is found, and one that is gone ends the others' waits."""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import ranks  # noqa: E402
from libraries import TOOLKITS, exported, read  # noqa: E402

SOURCE, BUILD, FOLDER = ranks.SOURCE, ranks.BUILD, ranks.FOLDER
HOST = os.uname().nodename

# ---- names and declarations ----
used = set(re.findall(r"^    X\([\w ]+ ?\*?, (nccl[A-Z]\w+), *(?:\\\n *)?\(", read(f"{SOURCE}/cuda/nccl/abi.h"), re.M))
lines = read(f"{SOURCE}/tests/cuda/nccl.symbols").splitlines()
known = {line.split()[0]: line.split()[1:] for line in lines[1:]}
assert {"ncclGetErrorString", "ncclBroadcast"} <= used and len(used) == 11, sorted(used)
assert [name for name in sorted(used) if known.get(name) != ["2.18.3", "2.28.9", "2.32.3"]] == []
assert used <= exported(ranks.DOUBLE), used - exported(ranks.DOUBLE)
for real in {os.path.realpath(path) for toolkit in TOOLKITS for path in glob.glob(f"{toolkit}/lib64/libnccl.so.2")}:
    print("names held against", real)
    assert used <= exported(real), used - exported(real)
for include in (f"{toolkit}/include" for toolkit in TOOLKITS if os.path.exists(f"{toolkit}/include/nccl.h")):
    print("declarations held against", include)
    subprocess.run(["cc", "-std=c17", "-fsyntax-only", f"-I{SOURCE}/cuda", f"-I{include}", f"{SOURCE}/tests/cuda/nccl_abi.c"], check=True)


# ---- what cannot be used ----
def alone(*words, code, **more):
    [(got, said, complaint)] = ranks.finish(ranks.start(1, *words, **more))
    assert got == code, (more, got, said, complaint)
    return (said + complaint).strip()


with tempfile.TemporaryDirectory() as folder:
    with open(f"{folder}/one.c", "w", encoding="utf-8") as file:
        file.write("int ncclGetVersion(int *version) { *version = 21800; return 0; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", f"{folder}/one.so", f"{folder}/one.c"], check=True)
    for why, more in {
            "cannot load /nowhere.so: .*GRIDDLE_NCCL_LIBRARY.*": {"GRIDDLE_NCCL_LIBRARY": "/nowhere.so"},
            "GRIDDLE_NCCL_LIBRARY is empty: not wanted": {"GRIDDLE_NCCL_LIBRARY": ""},
            "NCCL 2.17.1 is too old: 2.18 or later is needed": {"GRIDDLE_DOUBLE_NCCL_VERSION": "21701"},
            "NCCL 2.4.8 is too old: .*": {"GRIDDLE_DOUBLE_NCCL_VERSION": "2408"},
            "'.*' has no ncclGetErrorString": {"GRIDDLE_NCCL_LIBRARY": f"{folder}/one.so"},
    }.items():
        assert re.fullmatch("skipped: " + why, alone("check", code=77, **more)), (why, alone("check", code=77, **more))

    # a library of ours that was built with other tables is refused, not called
    with open(f"{folder}/stale.c", "w", encoding="utf-8") as file:
        file.write("void gd_cuda_open(void) {}\nconst struct { int layout; char version[16]; } gd_cuda_library = {1, \"0.1.0\"};\n")
    for flags, symbol in ((["-Dgd_cuda_library=none"], "another"), ([], "stale")):
        library = f"{folder}/{symbol}.so"
        subprocess.run(["cc", "-shared", "-fPIC", *flags, "-o", library, f"{folder}/stale.c"], check=True)
        assert alone("check", code=1, GRIDDLE_CUDA_LIBRARY=library) == \
            f"griddle: '{library}' is no CUDA device of this griddle: build both from one tree"

# ---- ranks that do not come together ----
assert "2 ranks cannot find one another: NCCL_COMM_ID is not set" in alone("check", code=2, WORLD_SIZE="2", NCCL_COMM_ID="")
assert "Invalid NCCL_COMM_ID" in alone("check", code=1, NCCL_COMM_ID="nonsense")
assert re.search(rf"rank 0 on {HOST}: NCCL: the meeting of the ranks is not done after 0.5 s: do all ranks take part",
                 alone("check", code=1, WORLD_SIZE="2", GRIDDLE_NCCL_TIMEOUT="0.5"))
for rank, (code, _, complaint) in enumerate(ranks.finish(ranks.start(2, "check", GRIDDLE_DOUBLE_CARD="0"))):
    assert code == 1 and re.fullmatch(rf"griddle: rank {rank} on {HOST}: NCCL: the meeting of the ranks: invalid usage \(Duplicate GPU "
                                      r"detected : rank 0 and rank 1 both on CUDA device 0\); each rank needs a GPU of its own "
                                      r"\(CUDA_VISIBLE_DEVICES\)\n", complaint), (code, complaint)

# ---- sums ----
OKS = ["ok two"] + [f"ok {kind} {number}" for kind in ("all_reduce", "broadcast") for number in ("F32", "F16", "BF16", "F64")] + ["ok host"]
for n in (1, 2, 4):
    for rank, (_, said, _) in enumerate(ranks.run(n, "check", GRIDDLE_EMULATED_SEED=lambda rank: str(rank + n - 1))):
        assert said.splitlines() == [f"nccl 2.28.9: rank {rank} of {n}", *OKS], said
# they find one another over MPI, where it is here
if os.path.exists(f"{BUILD}/libgriddle-mpi.so") and shutil.which("mpirun"):
    done = subprocess.run(["mpirun", "-n", "2", "--oversubscribe", "--bind-to", "none", f"{BUILD}/griddle-collective", "check"],
                          capture_output=True, text=True, check=False, timeout=100,
                          env=ranks.environment(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1"))
    assert done.returncode == 0 and done.stdout.count("ok host") == 2, done
else:
    print("not tried over MPI: it is not here")
# the order of additions is left to rings and trees, unless somebody has said otherwise
with tempfile.TemporaryDirectory() as home:
    for told, more in (("Ring,Tree", {}), ("NVLS", {"NCCL_ALGO": "NVLS"}), ("", {"NCCL_CONF_FILE": f"{home}/conf"})):
        with open(f"{home}/conf", "w", encoding="utf-8") as file:
            file.write("NCCL_DEBUG=WARN\nNCCL_ALGO=Tree\n")
        alone("abort", code=0, HOME=home, GRIDDLE_DOUBLE_RECORD=f"{home}/record", **more)
        assert read(f"{home}/record") == f"NCCL_ALGO={told}\n", (told, read(f"{home}/record"))

# ---- faults of one rank: the double tells what ranks call otherwise; of a group that is never ended nothing comes ----
WRONG = "a wrong call of a library: nccl"
FOUND = {"order": (4, f"{WRONG}AllReduce: collective 0 is all_reduce of 1000 F32 on rank 0 and all_reduce of 700 F32 on rank 1"),
         "count": (4, f"{WRONG}AllReduce: collective 0 is all_reduce of 1000 F32 on rank 0 and all_reduce of 999 F32 on rank 1"),
         "type": (4, f"{WRONG}AllReduce: collective 0 is all_reduce of 1000 F32 on rank 0 and all_reduce of 1000 F16 on rank 1"),
         "group": (1, f"rank 1 on {HOST}: all_reduce of 1000 F32, one of two: element 0 is -1, not -7")}
for fault, (wanted, finding) in FOUND.items():
    done = ranks.finish(ranks.start(2, "check", GRIDDLE_DOUBLE_PLANT=fault, GRIDDLE_NCCL_TIMEOUT="5"), timeout=60)
    assert any(code == wanted and finding in complaint for code, _, complaint in done), (fault, done)

# ---- the end of a rank ends the others' waits ----
for n in (1, 2):
    for rank, (_, said, complaint) in enumerate(ranks.run(n, "abort", GRIDDLE_DOUBLE_SILENT="1")):
        assert rank or (re.fullmatch(r"ok abort: the wait ended after \d\.\d s\n", said) and
                        complaint == f"griddle: rank 0 on {HOST}: the launcher has lost rank 1\n"), (said, complaint)
processes = ranks.start(3, "hang")
assert [process.stdout.readline() for process in processes] == ["adding\n"] * 3
processes[1].send_signal(signal.SIGKILL)
began = time.monotonic()
done = ranks.finish(processes, timeout=30)
assert time.monotonic() - began < 5
for rank in (0, 2):
    assert done[rank][0] == 1 and re.fullmatch(
        rf"griddle: rank {rank} on {HOST}: NCCL: (all_reduce|another rank or the way to it failed): remote process exited or there was a "
        r"network error \(NET/Socket : peer has closed the connection\)\n", done[rank][2]), done[rank]
assert not ranks.left_over(), ranks.left_over()
