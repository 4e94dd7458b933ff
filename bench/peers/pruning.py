"""Stan's NUTS on the built-in example of hxgpu, by PyStan: pruning.stan, which
integrates the states out, so that two parameters are left; with --noise the 31
coordinates of noise that hxgpu samples as well. Prints one JSON object a line, each as
soon as it is known.

The density and its derivatives have to be those of hxgpu's golden file, and the means
of the draws those of the exact posterior.
"""

import argparse
import json
import multiprocessing
import os
import re
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

BEGAN = time.perf_counter()

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--golden", type=Path, required=True, help="folder of seed.json")
arguments.add_argument("--cache", type=Path, required=True, help="empty folder for what PyStan compiles, so that compilation is timed")
arguments.add_argument("--noise", action="store_true", help="sample hxgpu's 33 coordinates, not two")
arguments.add_argument("--chains", type=int, default=4)
arguments.add_argument("--warmup", type=int, default=1000)
arguments.add_argument("--draws", type=int, default=4000)
arguments.add_argument("--seeds", type=int, default=20, help="runs")
options = arguments.parse_args()

# Before stan is imported. Setuptools compiles in the current folder.
cache, golden, program = options.cache.resolve(), options.golden.resolve(), Path(__file__).resolve().parent / "pruning.stan"
cache.mkdir(parents=True, exist_ok=True)
os.environ["XDG_CACHE_HOME"] = str(cache)
os.chdir(cache)

import numpy as np
import stan
from ess import PARAMETERS, effective

# PyStan writes its progress to either stream; what is reported here is to stand alone.
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def report(**fields):
    print(json.dumps(fields), file=out, flush=True)


def spent():
    """Processor time of this process and of the ones that run the chains."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    total = usage.ru_utime + usage.ru_stime
    for child in multiprocessing.active_children():
        fields = Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def peak(pid):
    """The largest resident size of a process so far, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) / 1024


golden = json.loads((golden / "seed.json").read_text())
nodes = len(golden["topology"]["parents"])
data = {"nodes": nodes, "leaves": len(golden["leaf_obs"]), "parent": [0] + [p + 1 for p in golden["topology"]["parents"][1:]],
        "edge": [1.0] * nodes, "y": golden["leaf_obs"], "root": 0.0, "noise": int(options.noise)}
program = program.read_text()

report(what="start", versions={name: version(name) for name in ("pystan", "httpstan", "arviz")}, noise=options.noise,
       chains=options.chains, cores=sorted(os.sched_getaffinity(0)))
imported = time.perf_counter() - BEGAN
began = time.perf_counter()
posterior = stan.build(program, data=data, random_seed=1)
compile_s = time.perf_counter() - began
report(what="compile", compile_s=compile_s, compiler_mb=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)

for point in golden["points"]:
    if point["case"] != "linear":
        continue
    at = [*point["log_theta"], *(point["z"] if options.noise else [])]
    # Without the noise, its part of the potential is missing.
    missing = 0 if options.noise else sum(z * z + np.log(2 * np.pi) for z in point["z"]) / 2
    slope = posterior.grad_log_prob(at)
    for name, x, want in (("potential", -posterior.log_prob(at) + missing, point["potential"]),
                          *((f"derivative by {p}", -s, g) for p, s, g in zip(PARAMETERS, slope, point["grad_log_theta"]))):
        if not abs(x - want) <= 1e-9 * max(1, abs(want)):
            sys.exit(f"{name} is {x}, seed.json says {want}: not the same posterior would be sampled")

for seed in range(1, options.seeds + 1):
    posterior = stan.build(program, data=data, random_seed=seed)  # found in the cache
    began, processor = time.perf_counter(), spent()
    fit = posterior.sample(num_chains=options.chains, num_warmup=options.warmup, num_samples=options.draws)
    seconds = time.perf_counter() - began
    # What Stan itself says of each chain: its sampling, without what PyStan does around it.
    # It says so to its log and to its two files.
    log = [line for output in fit.stan_outputs for line in output.splitlines() if b'"logger"' in line]
    own = [float(s) for line in log for s in re.findall(rb"([\d.e+-]+) seconds \((?:Warm-up|Sampling)\)", line)]
    if len(own) != 2 * options.chains:
        sys.exit(f"Stan reports {len(own)} times for {options.chains} chains, expected two each")
    by_chain = lambda name: fit[name].reshape(options.draws, options.chains).T  # noqa: E731
    report(what=f"seed {seed}", seconds=seconds, own_s=sum(own), processor_s=spent() - processor, draws=options.chains * options.draws,
           leapfrogs=int(fit["n_leapfrog__"].sum()), divergences=int(fit["divergent__"].sum()),
           with_compilation_s=imported + compile_s + seconds if seed == 1 else None,
           **effective({name: by_chain(name) for name in PARAMETERS}))
workers = multiprocessing.active_children()
report(what="memory", peak_mb=peak(os.getpid()), workers=len(workers), worker_mb=max((peak(w.pid) for w in workers), default=0))
