"""Peers' scripts and hxgpu as processes on some cores."""

import atexit
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = ROOT / "bffg" / "testdata"


def fail(message):
    sys.exit(f"bench/peers/run: {message}")


class Peer:
    """A script of a peer on some cores. It prints an object a line; after the limit it
    is stopped, and what it has printed counts."""

    def __init__(self, python, script, cores, limit, *flags):
        self.name = " ".join([script, *flags]) + f" on {len(cores)} core(s)"
        print(f"  {self.name}", file=sys.stderr)
        self.errors = tempfile.TemporaryFile("w+")
        # OpenBLAS, which jaxlib calls for every factorisation, would start threads of its
        # own beside XLA's; on two cores they wait for each other and are slower than one.
        self.process = subprocess.Popen([python, str(HERE / script), *flags], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
                                        start_new_session=True, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        atexit.register(self.kill)
        self.late = False
        self.limit, self.timer = limit, threading.Timer(limit, self.stop)
        self.timer.start()

    def stop(self):
        self.late = True
        self.kill()

    def kill(self):
        """Ends the script and the processes that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def until(self, what):
        """The objects until one that says what, or to the end."""
        found = []
        for line in self.process.stdout:
            found.append(json.loads(line))
            if found[-1]["what"] == what:
                break
        return found

    def go(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, and rest says why

    def rest(self):
        found = self.until(None)
        code = self.process.wait()
        self.timer.cancel()
        atexit.unregister(self.kill)
        if self.late:
            print(f"  stopped after {self.limit} s: {self.name}", file=sys.stderr)
        elif code != 0:
            self.errors.seek(0)
            fail(f"{self.name} failed:\n{self.errors.read()[-3000:]}")
        return found


def merged(objects):
    """One object for each thing that was timed."""
    out = {}
    for o in objects:
        out.setdefault(o["what"], {}).update(o)
    return out


def sample_hxgpu(command, cores):
    """The summary of hxgpu sample, with the time of the whole process."""
    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    began, processor = time.perf_counter(), spent()
    text, peak_mb = run_measured(command, cores)
    return json.loads(text) | {"process_s": time.perf_counter() - began, "processor_s": spent() - processor, "peak_mb": peak_mb}


def run_hxgpu(command, cores, folder=ROOT):
    return run_measured(command, cores, folder)[0]


def run_measured(command, cores, folder=ROOT):
    """What a command prints, and the largest resident size of its process in MB. That
    cannot be less than what this script has itself when it starts the command."""
    print(f"  {' '.join(Path(command[0]).name if i == 0 else c for i, c in enumerate(command))} on {len(cores)} core(s)", file=sys.stderr)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=errors, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        text = out.read()
        if process.returncode != 0:
            fail(f"{' '.join(command)} failed:\n{text[-2000:]}{errors.read()[-2000:]}")
    return text, usage.ru_maxrss / 1024


def add_effective(python, folders, summaries, cores):
    """Adds to hxgpu's summaries what ess.py makes of the draws in their folders."""
    for o, summary in zip(map(json.loads, run_hxgpu([python, str(HERE / "ess.py"), *folders], cores).splitlines()), summaries):
        summary |= {"ess": o["ess"], "max_rhat": o["rhat"], "leapfrogs": o["leapfrogs"], "off": o["off"]}
