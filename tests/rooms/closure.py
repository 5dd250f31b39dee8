#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the programs load when they start, by ldd: which libraries, and how many bytes beyond libc and libm. Start-up is
a feature, so each program links only what its verbs need."""
import os
import re
import subprocess
import sys
import tempfile

build = os.environ["GRIDDLE_BUILD"]
MB = 1_000_000
SYSTEM = r"linux-vdso|ld-linux|libc\.so|libm\.so|libpthread|libdl|librt"
PROGRAMS = [
    # program, libraries that it may load ("": any), most bytes
    ("griddle", r"libpng16|libjpeg|libz\.so", 3 * MB),
    ("libexec/griddle/griddle-engine", "", 50 * MB),
    ("libexec/griddle/griddle-stage", "", 105 * MB),
    ("libexec/griddle/griddle-serve",  # GnuTLS brings what is behind the line's end
     r"libpng16|libjpeg|libz\.so|libmicrohttpd|libgnutls|"
     r"lib(p11-kit|idn2|unistring|tasn1|nettle|hogweed|gmp|ffi)\.so", 12 * MB),
    ("libexec/griddle/griddle-monitor", r"libpng16|libjpeg|libz\.so|libyaml", 5 * MB),
    ("libexec/griddle/griddle-webhook", "", 20 * MB),
]


def libraries(path):
    """Name and file of everything that the program loads, through other libraries too."""
    out = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    missing = re.findall(r"(\S+) => not found", out)
    if missing:
        sys.exit(f"{path}: {', '.join(missing)} not found")
    return [(name, os.path.realpath(file)) for name, file in re.findall(r"(\S+) => (/\S+)", out)]


def own_bytes(path):
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "program")
        subprocess.run(["objcopy", "--strip-all", path, stripped], check=True)
        return os.path.getsize(stripped)


failed = False
for name, allowed, most in PROGRAMS:
    path = os.path.join(build, name)
    loaded = [(lib, file) for lib, file in libraries(path) if not re.search(SYSTEM, lib)]
    strangers = [lib for lib, _ in loaded if allowed and not re.search(allowed, lib)]
    total = own_bytes(path) + sum(os.path.getsize(file) for _, file in loaded)
    print(f"{name}: {total / MB:.2f} MB of {most / MB:.0f} in {len(loaded)} libraries and itself")
    for lib, file in sorted(loaded, key=lambda entry: -os.path.getsize(entry[1])):
        print(f"  {os.path.getsize(file) / MB:8.2f} MB  {lib}")
    if strangers:
        print(f"{name}: loads {', '.join(strangers)}, which it may not")
    if total > most:
        print(f"{name}: {total} bytes, more than {most}")
    failed |= bool(strangers) or total > most
sys.exit(1 if failed else 0)
