#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is in libgriddle-infer.a, by nm: no training, no oneDNN, OpenMP, CUDA or MPI; global names are the public ones;
it needs libc, libm and threads, and nothing else. Usage: archive.py libgriddle-infer.a"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

archive = sys.argv[1]
source = pathlib.Path(os.environ["GRIDDLE_SOURCE"])
MOST_BYTES = 1_000_000
complaints = []


def symbols(*arguments):
    """(kind, name) of nm's lines; a version behind @ is cut off."""
    out = subprocess.run(["nm", *arguments], check=True, capture_output=True, text=True).stdout
    lines = (line.split() for line in out.splitlines())
    return {(words[-2], words[-1].split("@")[0]) for words in lines if len(words) >= 2 and not words[-1].endswith(":")}


def library_names(library):
    path = subprocess.run(["cc", f"-print-file-name={library}"], check=True, capture_output=True, text=True).stdout
    return {name for _, name in symbols("-D", "--defined-only", path.strip())}


every = symbols(archive)
defined = {name for kind, name in every if kind != "U"}
undefined = {name for kind, name in every if kind == "U"}

# by name: what must not have got in
ops = (source / "src/op/op.def").read_text()
training = {f"gd_op_{name}" for name in re.findall(r"^OP_TRAIN\((\w+)\)", ops, re.M)}
foreign = re.compile(r"dnnl|onednn|gomp|omp_|kmp|cuda|cudnn|cublas|nccl|^mpi_", re.I)
complaints += [f"'{name}' is of a library that must not be in it" for name in defined | undefined if foreign.search(name)]
complaints += [f"'{name}' is training" for name in defined if name in training or "_bwd_" in name or re.search("_magnitude$|_ref_f64$", name)]

# global names: those of the public headers
public = set()
for header in (source / "include/griddle").glob("*.h"):
    public |= set(re.findall(r"\b(gd_\w+)\s*\(", header.read_text()))
visible = {name for kind, name in symbols("--extern-only", "--defined-only", archive)}
complaints += [f"'{name}' is global, but in no public header" for name in visible - public]
if not any(name.startswith("gd_infer_") for name in visible):
    complaints.append("no gd_infer_ function is global")

# what it needs
libgcc = subprocess.run(["cc", "-print-libgcc-file-name"], check=True, capture_output=True, text=True).stdout.strip()
system = library_names("libc.so.6") | library_names("libm.so.6") | {"_GLOBAL_OFFSET_TABLE_", "__tls_get_addr"}
system |= {name for _, name in symbols("--defined-only", libgcc)}  # the compiler's own, linked into every program
complaints += [f"needs '{name}', which is in neither libc nor libm" for name in undefined - defined - system]

with tempfile.TemporaryDirectory() as folder:
    stripped = f"{folder}/stripped.a"
    subprocess.run(["objcopy", "--strip-debug", archive, stripped], check=True)
    size = os.path.getsize(stripped)
if size > MOST_BYTES:
    complaints.append(f"is {size} bytes without debug information, more than {MOST_BYTES}")

for complaint in sorted(complaints):
    print(f"{archive}: {complaint}")
print(f"{len(visible)} global names, {len(undefined)} needed ones, {size} bytes without debug information")
sys.exit(1 if complaints else 0)
