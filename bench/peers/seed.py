"""NumPyro's NUTS on the built-in example of hxgpu, the model of hyperiax's notebooks 05
and 06: 16 leaves, two variances with log-normal (0, 2) priors, and the noise of the
guided sweep sampled with them. Prints one JSON object a line, each as soon as it is
known, so that a run that is stopped has printed what it has.

--model hyperiax is notebook 06 with hyperiax's sweeps; plain is the same density in a
few lines of JAX, which is the faster peer. Both are checked against hxgpu's golden
file.
"""

import argparse
import os
import resource
import time
from importlib.metadata import version
from pathlib import Path

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--golden", type=Path, required=True, help="folder of seed.json")
arguments.add_argument("--model", choices=["plain", "hyperiax"], default="plain")
arguments.add_argument("--precision", choices=["f32", "f64"], default="f32")
arguments.add_argument("--chains", type=int, default=4)
arguments.add_argument("--warmup", type=int, default=1000)
arguments.add_argument("--draws", type=int, default=4000)
arguments.add_argument("--chunk", type=int, default=100, help="transitions of the compiled program; a divisor of the above")
arguments.add_argument("--seeds", type=int, default=20, help="runs")
arguments.add_argument("--api", action="store_true", help="time MCMC.run as well, compilation included")
arguments.add_argument("--seconds", type=float, default=1e9, help="make no more draws after this time of them")
options = arguments.parse_args()

# Before jax is imported.
os.environ["JAX_ENABLE_X64"] = str(options.precision == "f64")
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from ess import PARAMETERS, effective
from numpyro.infer import MCMC, NUTS
from numpyro.infer.util import initialize_model
from reports import report, spent
from seed_density import Example

example = Example(options.golden, options.precision)
DEPTH, NODES, LEAVES = example.depth, example.nodes, example.leaves


def sweeps():
    """Notebook 06: hyperiax's sweeps for the weights, the marginal likelihood from the
    covariance of the leaves."""
    from discrete_sweeps import guided

    sweep, shared = guided(DEPTH), jnp.asarray(example.golden["mrca_depth"], LEAVES.dtype)

    def density(sigma_sq, tau_sq, z):
        t = sweep(LEAVES, sigma_sq, tau_sq, z)
        marginal = jax.scipy.stats.multivariate_normal.logpdf(LEAVES, jnp.zeros_like(LEAVES), sigma_sq * shared + tau_sq * jnp.eye(LEAVES.size))
        return marginal + t.log_corr.sum()

    return density


density = example.density if options.model == "plain" else sweeps()


def model():
    sigma_sq = numpyro.sample("sigma_sq", dist.LogNormal(0.0, 2.0))
    tau_sq = numpyro.sample("tau_sq", dist.LogNormal(0.0, 2.0))
    z = numpyro.sample("z", dist.Normal(jnp.zeros(NODES), 1.0).to_event(1))
    numpyro.factor("bffg", density(sigma_sq, tau_sq, z))


energy = initialize_model(jax.random.PRNGKey(0), model).potential_fn
example.check(energy)
report(what="start", versions={name: version(name) for name in ("numpyro", "jax", "hyperiax", "arviz")}, model=options.model, precision=options.precision,
       chains=options.chains, cores=sorted(os.sched_getaffinity(0)))

if options.api:
    sampler = MCMC(NUTS(model), num_warmup=options.warmup, num_samples=options.draws, num_chains=options.chains, chain_method="vectorized", progress_bar=False)
    began = time.perf_counter()
    sampler.run(jax.random.PRNGKey(1), extra_fields=("num_steps",))
    jax.block_until_ready(sampler.get_samples())
    report(what="api", seconds=time.perf_counter() - began)

# MCMC.run would compile again at every call; what follows is its loop with vectorised
# chains, some transitions of it compiled once for all seeds.
def begin(key):
    global kernel  # begin is traced once, and a kernel learns from it how many chains it has
    kernel = NUTS(potential_fn=energy)
    keys = jax.random.split(key, 4)
    shape = (options.chains,)
    start = {name: jax.random.uniform(k, shape + tail, minval=-2, maxval=2)  # NumPyro's default, init_to_uniform
             for name, k, tail in zip((*PARAMETERS, "z"), keys, ((), (), (NODES,)))}
    return kernel.init(jax.random.split(keys[3], options.chains), options.warmup, start, (), {})


def transitions(state):
    def transition(state, _):
        state = kernel.sample(state, (), {})
        return state, (state.z["sigma_sq"], state.z["tau_sq"], state.num_steps, state.diverging)

    return jax.lax.scan(transition, state, length=options.chunk)


def sample(state, count, seconds=float("inf")):
    """Makes draws in chunks; gives the state, arrays [draw, chain] and the time."""
    began, chunks = time.perf_counter(), []
    for _ in range(count // options.chunk):
        state, chunk = jax.block_until_ready(transitions(state))
        chunks.append(chunk)
        if time.perf_counter() - began > seconds:
            break
    took = time.perf_counter() - began
    return state, [np.concatenate([np.asarray(chunk[i]) for chunk in chunks]) for i in range(4)], took


began = time.perf_counter()
begin = jax.jit(begin)
state = begin(jax.random.PRNGKey(0))
transitions = jax.jit(transitions).lower(state).compile()
report(what="compile", compile_s=time.perf_counter() - began)
for seed in range(1, options.seeds + 1):
    began, processor = time.perf_counter(), spent()
    state = jax.block_until_ready(begin(jax.random.PRNGKey(seed)))
    began, begin_s = time.perf_counter(), time.perf_counter() - began
    state, warm, warmup_s = sample(state, options.warmup)
    state, (sigma_sq, tau_sq, steps, diverging), draws_s = sample(state, options.draws, options.seconds)
    report(what=f"seed {seed}", begin_s=begin_s, warmup_s=warmup_s, draws_s=draws_s, processor_s=spent() - processor, draws=steps.size, warmup_leapfrogs=int(warm[2].sum()), leapfrogs=int(steps.sum()),
           longest_leapfrogs=int(steps.max(axis=1).sum() + warm[2].max(axis=1).sum()), divergences=int(diverging.sum()),
           **effective({"sigma_sq": np.exp(sigma_sq.T), "tau_sq": np.exp(tau_sq.T)}))
report(what="memory", peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
