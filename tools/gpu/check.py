# SPDX-License-Identifier: Apache-2.0
"""What the parts of tools/gpu-check share. A part is a module with BUDGET, in seconds, and run(check), which returns a
sentence and details, or raises Failed or Skipped; its first line of documentation is its title."""
import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """What was found to be wrong; `details` as a part returns them."""

    def __init__(self, text, details=None):
        super().__init__(text)
        self.details = details or {}


class OutOfTime(Failed):
    """A part's time ended before a command did."""


class Skipped(Exception):
    """What is missing here."""


class Check:
    """A card, the programs, a scratch folder; a context, which takes the folder away in the end."""

    def __init__(self, build, is_rehearsal):
        self.build, self.is_rehearsal = pathlib.Path(build).resolve(), is_rehearsal
        self.card, self.ends = {}, 0.0
        self.data = pathlib.Path(os.environ["GRIDDLE_DATA"]) if os.environ.get("GRIDDLE_DATA") else None
        self.environment = dict(os.environ)
        if not is_rehearsal:
            self.environment.pop("GRIDDLE_CUDA_LIBRARY", None)  # the one beside griddle

    def __enter__(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="gpu-check-"))
        self.environment["GRIDDLE_CACHE"] = str(self.scratch / "cache")  # what was tuned before has no say
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.scratch, ignore_errors=True)

    @property
    def sm(self):
        return int(self.card["architecture"].partition("_")[2])

    @property
    def precisions(self):
        return ("fp16", "fp32", "bf16") if self.sm >= 80 else ("fp16", "fp32")

    def left(self):
        """Seconds until the part's budget is used up."""
        return self.ends - time.monotonic()

    def carry_out(self, part):
        """Runs a part; the record of it, with its outcome."""
        name, began = part.__name__, time.monotonic()
        self.ends = began + part.BUDGET
        record = {"part": name, "title": part.__doc__.splitlines()[0].rstrip("."), "budget_s": part.BUDGET, "details": {}}
        try:
            record["summary"], record["details"] = part.run(self)
            record["outcome"] = "passed"
        except Skipped as why:
            record |= {"outcome": "skipped", "summary": str(why)}
        except Failed as why:
            record |= {"outcome": "failed", "summary": str(why), "details": why.details}
        except Exception as why:  # the other parts are not to suffer from a fault in this one
            record |= {"outcome": "failed", "summary": f"gpu-check itself: {type(why).__name__}: {why}"}
        record["seconds"] = round(time.monotonic() - began, 1)
        print(f"gpu-check: {name}: {record['outcome']} in {record['seconds']:.0f} s: {record['summary']}", flush=True)
        return record

    def run(self, *words, code=0, seconds=float("inf"), **environment):
        """A command's output; Failed where it exits otherwise than with `code` (None: any), OutOfTime where `seconds` or the
        budget end first: what it had printed is in the details."""
        words = [str(word) for word in words]
        if self.left() <= 0:
            raise OutOfTime(f"no time for {' '.join(words)}")
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              env=self.environment | environment, start_new_session=True) as process:
            try:
                out, complaint = process.communicate(timeout=max(1, min(seconds, self.left())))
            except subprocess.TimeoutExpired as why:
                os.killpg(process.pid, signal.SIGKILL)  # with what it has started, as compute-sanitizer does
                said = (why.output or b"").decode(errors="replace").splitlines()
                raise OutOfTime(f"not finished within the part's time: {' '.join(words)}", {"said": said}) from why
        if code is not None and process.returncode != code:
            said = (complaint.strip() or out.strip()).splitlines()
            raise Failed(f"{' '.join(words)}: exit code {process.returncode}: {said[-1] if said else ''}", {"said": said[-20:]})
        return subprocess.CompletedProcess(words, process.returncode, out, complaint)

    def run_each(self, jobs, command):
        """[(job, output, or what was raised)] of command(job) for each, on all cores; any exit code."""
        def work(job):
            try:
                return job, self.run(*command(job), code=None)
            except Failed as why:
                return job, why

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(work, jobs))

    def griddle(self, *words, **environment):
        return self.run(self.build / "griddle", *words, **environment)

    def settings(self, **values):
        """--set words; a key's `__` is a dot."""
        return [word for key, value in values.items() for word in ("--set", f"{key.replace('__', '.')}={value}")]
