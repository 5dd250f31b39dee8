# SPDX-License-Identifier: Apache-2.0
"""Two machines on one: network namespaces with a name of their own each, and a cable between them that can be cut."""
import os
import shutil
import subprocess
import sys

NAMES = [f"griddle-{os.getpid()}-{side}" for side in "ab"]
ADDRESSES = ["10.213.7.1", "10.213.7.2"]


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def inside(side, command):
    """A command line of the shell, in that namespace, by that machine's name, with mounts of its own."""
    return ["ip", "netns", "exec", NAMES[side], "unshare", "--uts", "--mount", "sh", "-c", f"hostname side-{'ab'[side]}; {command}"]


def lay_cable():
    for name in NAMES:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("link", "add", "cable-a", "netns", NAMES[0], "type", "veth", "peer", "name", "cable-b", "netns", NAMES[1])
    for name, end, address in zip(NAMES, ("cable-a", "cable-b"), ADDRESSES):
        ip("-n", name, "address", "add", f"{address}/24", "dev", end)
        ip("-n", name, "link", "set", end, "up")


def cut_cable():
    ip("-n", NAMES[0], "link", "set", "cable-a", "down")


def processes(side):
    """Launchers and ranks there."""
    found = []
    for pid in ip("netns", "pids", NAMES[side]).split():
        try:
            found += [int(pid)] if "griddle-engine" in os.readlink(f"/proc/{pid}/exe") else []
        except OSError:
            pass
    return found


def clean():
    for name in NAMES:
        for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout.split():
            subprocess.run(["kill", "-9", pid], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def make():
    """Skips the test where there can be none."""
    if not shutil.which("ip") or not shutil.which("unshare"):
        print("skipped: no ip or no unshare (apt-get install iproute2 util-linux)")
        sys.exit(77)
    try:
        lay_cable()
        subprocess.run(inside(0, "true"), check=True, capture_output=True)
    except subprocess.CalledProcessError as refusal:
        clean()
        print(f"skipped: no network namespaces here: {(refusal.stderr or '').strip()}")
        sys.exit(77)
