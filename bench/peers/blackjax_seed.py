"""BlackJAX's NUTS on the built-in example of hxgpu, the density in a few lines of JAX.
Prints one JSON object a line, each as soon as it is known."""

import argparse
import os
import resource
import time
from importlib.metadata import version
from pathlib import Path

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--golden", type=Path, required=True, help="folder of seed.json")
arguments.add_argument("--precision", choices=["f32", "f64"], default="f32")
arguments.add_argument("--chains", type=int, default=4)
arguments.add_argument("--warmup", type=int, default=1000)
arguments.add_argument("--draws", type=int, default=4000)
arguments.add_argument("--seeds", type=int, default=20, help="runs")
options = arguments.parse_args()

# Before jax is imported.
os.environ["JAX_ENABLE_X64"] = str(options.precision == "f64")
os.environ["JAX_PLATFORMS"] = "cpu"

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
from ess import PARAMETERS, effective
from jax.scipy.stats import norm
from reports import report, spent
from seed_density import Example

example = Example(options.golden, options.precision)


def log_density(at):
    logs = jnp.stack([at[name] for name in PARAMETERS])
    sigma_sq, tau_sq = jnp.exp(logs)
    return example.density(sigma_sq, tau_sq, at["z"]) + norm.logpdf(logs, 0.0, 2.0).sum() + norm.logpdf(at["z"]).sum()


example.check(lambda at: -log_density(at))
report(what="start", versions={name: version(name) for name in ("blackjax", "jax")}, precision=options.precision, chains=options.chains, cores=sorted(os.sched_getaffinity(0)))


def start(key):
    """A chain's start, uniform in (-2, 2), and the keys of its warm-up and of its draws."""
    keys = jax.random.split(key, 5)
    at = {name: jax.random.uniform(k, shape, example.leaves.dtype, -2, 2) for name, k, shape in zip((*PARAMETERS, "z"), keys, ((), (), (example.nodes,)))}
    return at, keys[3], keys[4]


def warm(at, key):
    (state, tuned), info = blackjax.window_adaptation(blackjax.nuts, log_density, target_acceptance_rate=0.8).run(key, at, options.warmup)
    return state, tuned, info.info.num_integration_steps.sum()


def draw(state, tuned, key):
    kernel = blackjax.nuts(log_density, **tuned)

    def transition(state, key):
        state, info = kernel.step(key, state)
        return state, (state.position["sigma_sq"], state.position["tau_sq"], info.num_integration_steps, info.is_divergent)

    return jax.lax.scan(transition, state, jax.random.split(key, options.draws))[1]


starts = jax.jit(jax.vmap(start))
at, first, second = starts(jax.random.split(jax.random.PRNGKey(0), options.chains))
began = time.perf_counter()
warm = jax.jit(jax.vmap(warm)).lower(at, first).compile()
compile_s = time.perf_counter() - began
state, tuned, _ = warm(at, first)
began = time.perf_counter()
draw = jax.jit(jax.vmap(draw)).lower(state, tuned, second).compile()
report(what="compile", compile_s=compile_s + time.perf_counter() - began)
for seed in range(1, options.seeds + 1):
    at, first, second = jax.block_until_ready(starts(jax.random.split(jax.random.PRNGKey(seed), options.chains)))
    began, processor = time.perf_counter(), spent()
    state, tuned, warmup_steps = jax.block_until_ready(warm(at, first))
    warmed = time.perf_counter()
    sigma_sq, tau_sq, steps, diverging = map(np.asarray, draw(state, tuned, second))
    report(what=f"seed {seed}", begin_s=0, warmup_s=warmed - began, draws_s=time.perf_counter() - warmed, processor_s=spent() - processor, draws=steps.size,
           warmup_leapfrogs=int(warmup_steps.sum()), leapfrogs=int(steps.sum()), divergences=int(diverging.sum()),
           **effective({"sigma_sq": np.exp(sigma_sq), "tau_sq": np.exp(tau_sq)}))
report(what="memory", peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
