"""hyperiax on a large balanced tree: time of the backward filter and the guided sweep of
its notebooks 05 and 06, and of the gradient in both variances and all noise. Prints one
JSON object a line, each as soon as it is known."""

import argparse
import os
import resource
import time
from importlib.metadata import version

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--precision", choices=["f32", "f64"], default="f32")
arguments.add_argument("--depth", type=int, default=17, help="of the tree; it has 2^depth leaves")
arguments.add_argument("--calls", type=int, default=5, help="timed calls of each function")
options = arguments.parse_args()

# Before jax is imported.
os.environ["JAX_ENABLE_X64"] = str(options.precision == "f64")
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
from discrete_sweeps import guided
from reports import report
from seed_density import filtered

REAL = jnp.float64 if options.precision == "f64" else jnp.float32
LEAVES = jnp.asarray(np.sin(np.arange(2**options.depth)), REAL)
NODES, sweep = 2 * LEAVES.size - 1, guided(options.depth)


def density(logs, z):
    """log h(root) at 0 and the sum of the weights. The density of the data alone has no
    noise in it; the weights, 1 in this model, have."""
    t = sweep(LEAVES, *jnp.exp(logs), z)
    return t.log_norm[0] + t.log_corr.sum()


def timed(what, function, *at):
    began = time.perf_counter()
    compiled = jax.jit(function).lower(*at).compile()
    compile_s, times = time.perf_counter() - began, []
    for _ in range(options.calls):
        began = time.perf_counter()
        result = jax.block_until_ready(compiled(*at))
        times.append(time.perf_counter() - began)
    report(what=what, compile_s=compile_s, min_s=min(times), median_s=sorted(times)[len(times) // 2], ns_per_node=min(times) / NODES * 1e9)
    return result


report(what="start", versions={name: version(name) for name in ("hyperiax", "jax")}, precision=options.precision, nodes=NODES, cores=sorted(os.sched_getaffinity(0)))
at = jnp.asarray([np.log(0.5), np.log(0.1)], REAL), jnp.zeros(NODES, REAL)
got, want = float(timed("forward", density, *at)), float(filtered(LEAVES, options.depth, jnp.exp(at[0][0]), jnp.exp(at[0][1])))
if not abs(got - want) <= (1e-9 if REAL == jnp.float64 else 1e-3) * abs(want):
    raise SystemExit(f"hyperiax's log density is {got}, the filter's in plain JAX {want}: not the same thing would be timed")
timed("gradient", jax.grad(density, argnums=(0, 1)), *at)
report(what="memory", peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
