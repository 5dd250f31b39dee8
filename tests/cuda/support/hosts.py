# SPDX-License-Identifier: Apache-2.0
"""Hosts of SageMaker on one machine: a folder for each, with the file that says who is there, and a launcher in each."""
import json
import os
import pathlib
import subprocess

import ranks


def write(base, names, current, interface="lo"):
    """The file that the platform puts into each host."""
    folder = pathlib.Path(base) / "input" / "config"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resourceconfig.json").write_text(json.dumps(
        {"current_host": current, "hosts": names, "network_interface_name": interface}), encoding="utf-8")


def start(command, base, before=(), **more):
    """The launcher of the host whose folder that is."""
    return subprocess.Popen([*before, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env=ranks.environment(GRIDDLE_CACHE=f"{os.getcwd()}/cache", SAGEMAKER_BASE_DIR=str(base), **more))


def finish(processes, code, timeout=100):
    """What each host said, without the lines about epochs and processors."""
    try:
        said = [process.communicate(timeout=timeout)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [code] * len(processes), [(p.returncode, text) for p, text in zip(processes, said)]
    return [[line for line in text.splitlines() if line.startswith("griddle: ") and "processor" not in line] for text in said]
