# SPDX-License-Identifier: Apache-2.0
"""Is there a card, and the build for it. Asked of the driver's library itself: nothing of ours is needed for that."""
import ctypes
import pathlib
import re
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "cuda"
KNOWN = (70, 75, 80, 86, 89, 90, 100, 120)
MAJOR, MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR


def find_card():
    """The architecture of the first card, as 75; a text that says why there is none."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "there is no NVIDIA driver on this machine (libcuda.so.1)"
    count, device, major, minor = (ctypes.c_int() for _ in range(4))
    code = driver.cuInit(0)
    if code or driver.cuDeviceGetCount(ctypes.byref(count)) or count.value == 0:
        return f"the NVIDIA driver finds no GPU (cuInit: {code})"
    driver.cuDeviceGet(ctypes.byref(device), 0)
    driver.cuDeviceGetAttribute(ctypes.byref(major), MAJOR, device)
    driver.cuDeviceGetAttribute(ctypes.byref(minor), MINOR, device)
    return 10 * major.value + minor.value


def make(folder, card):
    """Builds what is not built, in a fresh folder for this card alone; a text where that fails."""
    if folder:
        return None if (folder / "griddle").exists() else f"there is no griddle in {folder}"
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if not nvcc:
        return "there is no nvcc, and none in /usr/local/cuda/bin: install the CUDA toolkit (docs/verify-gpu.md)"
    release = re.search(r"release (\d+)", subprocess.run([nvcc, "--version"], capture_output=True, text=True, check=False).stdout)
    if release and int(release[1]) >= 13 and card < 75:
        return f"this card is of sm_{card}, which CUDA {release[1]} no longer serves: a toolkit of CUDA 12 is needed"
    began = time.monotonic()
    print("gpu-check: building (build/cuda); this is not in the 8 minutes", flush=True)
    commands = [["cmake", "--build", "--preset", "cuda"]]
    if not (FOLDER / "CMakeCache.txt").exists():
        only = [f"-DGRIDDLE_CUDA_ARCHITECTURES={card}-real"] if card in KNOWN else []
        commands.insert(0, ["cmake", "--preset", "cuda", f"-DCMAKE_CUDA_COMPILER={nvcc}", *only])
    for command in commands:
        try:
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        except OSError as why:
            return f"{command[0]}: {why.strerror} (tools/install installs it)"
        if done.returncode:
            return "\n".join([" ".join(command), *done.stdout.splitlines()[-30:]])
    print(f"gpu-check: built in {time.monotonic() - began:.0f} s", flush=True)
    return None
