#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The container images, without docker: what a Dockerfile copies is there and let in by .dockerignore; what that lets in is
enough to configure a build, with CUDA where there is nvcc; what the programs load is in packages that the image installs
(asked of dpkg)."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

source, build = pathlib.Path(os.environ["GRIDDLE_SOURCE"]), pathlib.Path(os.environ["GRIDDLE_BUILD"])
PROGRAMS = ("griddle", *(f"libexec/griddle/griddle-{name}" for name in ("engine", "stage", "serve")))
IN_ANY_DEBIAN = {"libc6", "libgcc-s1"}
NOT_IN = {"Dockerfile.p3": {"libdnnl2"}}  # Debian 13 has oneDNN 3
complaints = []

rules = (source / ".dockerignore").read_text().split("\n")
allowed = [rule[1:] for rule in rules if rule.startswith("!")]
if "*" not in rules:
    sys.exit(".dockerignore: no '*': it should shut everything out and let names in again")
present = [name for name in allowed if (source / name).exists()]
complaints += [f".dockerignore: lets in '{name}', which is not there" for name in allowed if name not in present]


def is_let_in(name):
    return name == "." or any(name == a or name.startswith(a + "/") for a in allowed)


def needed_packages():
    """{package: a library of it that a program asks for}; those of Debian 13 have a t64 behind some names, left out here."""
    names = set()
    for program in PROGRAMS:
        out = subprocess.run(["objdump", "-p", build / program], capture_output=True, text=True, check=True).stdout
        names |= set(re.findall(r"NEEDED\s+(\S+)", out))
    packages = {}
    for name in names:
        found = subprocess.run(["dpkg", "-S", f"*-linux-gnu/{name}"], capture_output=True, text=True, check=True).stdout
        packages[found.split(":")[0].removesuffix("t64")] = name
    return packages


on_debian = shutil.which("dpkg") and "VERSION_CODENAME=bookworm" in pathlib.Path("/etc/os-release").read_text()
needed = needed_packages() if on_debian else {}
for path in sorted(source.glob("Dockerfile*")):
    text = re.sub(r"\\\n", " ", path.read_text())
    for words in re.findall(r"^COPY +(?!--from)(.+)$", text, re.M):
        for name in words.split()[:-1]:
            if not (source / name).exists():
                complaints.append(f"{path.name}: copies '{name}', which is not there")
            elif not is_let_in(name):
                complaints.append(f"{path.name}: copies '{name}', which .dockerignore shuts out")
    installed = {word.removesuffix("t64") for word in re.findall(r"\S+", text.split("\nFROM ", 2)[2])}  # not for building
    for package in sorted(needed.keys() - installed - IN_ANY_DEBIAN - NOT_IN.get(path.name, set())):
        complaints.append(f"{path.name}: no package '{package}', which has {needed[package]}")

with tempfile.TemporaryDirectory() as folder:
    for name in present:
        (pathlib.Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (source / name).is_dir() else shutil.copy2
        copy(source / name, pathlib.Path(folder) / name)
    preset = "cuda" if shutil.which("nvcc") else "release"
    configured = subprocess.run(["cmake", "--preset", preset], cwd=folder, capture_output=True, text=True)
    if configured.returncode:
        complaints.append(f"what .dockerignore lets in cannot be configured:\n{configured.stderr}")

for complaint in complaints:
    print(complaint)
print(f"packages of {len(needed)} libraries looked at" if on_debian else "packages not looked at: this is not Debian 12")
sys.exit(1 if complaints else 0)
