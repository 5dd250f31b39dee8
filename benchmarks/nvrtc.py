# SPDX-License-Identifier: Apache-2.0
"""Compiles a .cu of cuda/kernel by NVRTC, the compiler of CUDA as a library, where nvcc no longer knows the architecture:
CUDA 13 has no sm_70, NVRTC 12.9 has. `tools/test --install-only` puts it and the headers of CUDA 12.9 into build/nvrtc, from
PyPI; no GPU and no driver is needed. What NVRTC lacks of a host compiler stands in cuda/nvrtc.h."""
import ctypes
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "nvrtc"
STANDARD = [name.encode() for name in "limits.h math.h stdarg.h stdbool.h stddef.h stdint.h stdlib.h string.h".split()]


def version():
    """As the list of what was installed has it (NVRTC itself says no more than 12.9); None: it is not here."""
    packages = HOME / "packages"
    return re.search(r"nvrtc-cu12==(\S+)", packages.read_text(encoding="utf-8"))[1] if packages.exists() else None


@functools.cache
def library():
    return ctypes.CDLL(str(next(HOME.glob("nvidia/cuda_nvrtc/lib/libnvrtc.so.*"))))


def strings(words):
    return (ctypes.c_char_p * len(words))(*words)


def text(program, name):
    """One of its outputs: `ProgramLog`, `CUBIN`."""
    size = ctypes.c_size_t()
    getattr(library(), f"nvrtcGet{name}Size")(program, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    getattr(library(), f"nvrtcGet{name}")(program, buffer)
    return buffer.raw


def cubin(source, arch, defines, folders):
    """The bytes of the source's cubin. Raises RuntimeError with what NVRTC says, where that is more than that the
    architecture is an old one."""
    options = [f"--gpu-architecture=sm_{arch}", "--std=c++17", "--device-as-default-execution-space",
               "--diag-suppress=20044",  # constants of the host's that are declared only, as nothing on the card reads them
               f"--pre-include={ROOT / 'cuda' / 'nvrtc.h'}", *(f"--define-macro={name}" for name in defines),
               *(f"--include-path={folder}" for folder in folders),
               *(f"--include-path={HOME / 'nvidia' / part / 'include'}" for part in ("cuda_runtime", "cuda_nvcc"))]
    program = ctypes.c_void_p()
    library().nvrtcCreateProgram(ctypes.byref(program), source.read_bytes(), str(source).encode(), len(STANDARD),
                                 strings([b""] * len(STANDARD)), strings(STANDARD))
    failed = library().nvrtcCompileProgram(program, len(options), strings([word.encode() for word in options]))
    said = [line for line in text(program, "ProgramLog").rstrip(b"\0").decode().splitlines()
            if line and not line.startswith("nvrtc: warning: Architectures prior to")]
    if failed or said:
        raise RuntimeError("\n".join(said) or f"NVRTC failed with {failed}")
    return text(program, "CUBIN")
