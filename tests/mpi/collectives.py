# SPDX-License-Identifier: Apache-2.0
"""The communicator over MPI, between processes that mpirun starts: sums of every type and length are right, the same on
all ranks and the same each time; what goes wrong is told in one line that names rank and host, and hangs nobody."""
import os
import socket
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import mpirun  # noqa: E402

PROGRAM = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-mpi-test")
os.environ["GRIDDLE_MPI_LIBRARY"] = os.path.join(os.environ["GRIDDLE_BUILD"], "libgriddle-mpi.so")


def lines(said):
    return [line for line in said.splitlines() if line.startswith("griddle: ")]


with tempfile.TemporaryDirectory() as folder:
    os.environ["GRIDDLE_TEST_FILE"] = f"{folder}/came"
    for ranks in (1, 2, 3, 5):
        answers = set()
        for ways in ("vader,self", "tcp,self")[:ranks]:  # memory that is shared; what goes between machines
            done = mpirun.run(ranks, PROGRAM, "all", environment={"OMPI_MCA_btl": ways})
            assert done.returncode == 0, done
            answers.add(done.stdout)
            os.remove(f"{folder}/came")
        assert len(answers) == 1, answers  # two runs, the same bits
        print(answers.pop().strip())

for word in ("patient", "refused"):
    done = mpirun.run(2, PROGRAM, word)
    assert done.returncode == 0, done

# a length on which ranks do not agree: MPI's own words, rank and host
done = mpirun.run(2, PROGRAM, "short")
said = lines(done.stderr)
assert done.returncode == 1 and len(said) == 1, done
assert said[0].startswith(f"griddle: rank 0 on {socket.gethostname()}: ") and "all_reduce: MPI_ERR_" in said[0], said

# the end of all, from a thread of one while the others, and itself, wait for a rank that does not come
began = time.monotonic()
done = mpirun.run(3, PROGRAM, "abort")
said = lines(done.stderr)
assert done.returncode == 1 and said == [f"griddle: rank 2 on {socket.gethostname()}: enough of it"], done
assert time.monotonic() - began < 10
