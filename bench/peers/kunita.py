"""hyperiax on the landmark model of its notebook 07: time of the forward map, of its
gradient, and of the notebook's sampler. Prints one JSON object a line, each as soon
as it is known, so that a run that is stopped has printed what it has.

The sweeps, the model and the sampler's steps are the notebook's own; the data and the
noise are those of hxgpu's golden files, so that the value can be checked.
"""

import argparse
import json
import os
import resource
import struct
import sys
import time
from collections import namedtuple
from importlib.metadata import version
from pathlib import Path

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--golden", type=Path, required=True, help="folder of kunita.json and kunita_z.f32")
arguments.add_argument("--precision", choices=["f32", "f64"], default="f32")
arguments.add_argument("--calls", type=int, default=20, help="timed calls of each function; 0 for none")
arguments.add_argument("--draws", type=int, default=10, help="timed draws of the sampler, nine times; 0 for none")
arguments.add_argument("--seed", type=int, default=1, help="of the sampler")
arguments.add_argument("--wait", action="store_true", help="wait for a line of input before the draws are timed")
options = arguments.parse_args()

# Before jax is imported.
os.environ["JAX_ENABLE_X64"] = str(options.precision == "f64")
os.environ["JAX_PLATFORMS"] = "cpu"

import hyperiax as hx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from hyperiax.prebuilt.bffg import continuous_bf_sweep, continuous_fg_sweep, continuous_refine_anchor, continuous_schema, init_continuous_tree
from numpyro.infer.mcmc import MCMCKernel
from numpyro.infer.util import initialize_model
from reports import report, spent

golden = json.loads((options.golden / "kunita.json").read_text())
STEPS, POINTS, OBS_VAR = golden["n_steps"], golden["n_landmarks"], golden["obs_var"]
D = 2 * POINTS
REAL = jnp.float64 if options.precision == "f64" else jnp.float32

topology = hx.symmetric_topology(depth=2, degree=3)
if [int(p) for p in topology.parents] != golden["topology"]["parents"]:
    sys.exit("the tree of hyperiax is not that of kunita.json")
NODES = topology.size
ROOT = jnp.asarray(golden["root_shape"], REAL)
LEAVES = jnp.asarray(golden["leaf_obs"], REAL)
raw = (options.golden / "kunita_z.f32").read_bytes()
NOISE = jnp.asarray(struct.unpack(f"<{len(raw) // 4}f", raw), REAL)
POINT = golden["points"][0]
LOG_THETA = jnp.asarray(POINT["log_theta"], REAL)


# The model, as in the notebook.
def diffusion(t, x, params):
    points = x.reshape((-1, 2))
    apart = points[:, None, :] - points[None, :, :]
    r = jnp.sqrt(jnp.sum((apart / params["k_sigma"]) ** 2, axis=-1) + 1e-8)
    covariance = params["k_alpha"] * (1.0 + r + (45 / 105) * r**2 + (10 / 105) * r**3 + (1 / 105) * r**4) * jnp.exp(-r)
    covariance = 0.5 * (covariance + covariance.T)
    jitter = 1e-6 * jnp.maximum(1.0, jnp.max(jnp.diag(covariance)))
    covariance = covariance + jitter * jnp.eye(POINTS, dtype=covariance.dtype)
    return jnp.kron(jax.scipy.linalg.cholesky(covariance, lower=True, check_finite=False), jnp.eye(2))


def drift(t, x, params):
    return jnp.zeros(D)


empty = hx.Tree.empty(topology, continuous_schema(d=D, n_steps=STEPS))
empty = empty.set(edge_len=jnp.full(NODES, golden["edge_len"]))
backward = continuous_bf_sweep(STEPS, None, None, diffusion)
refine = continuous_refine_anchor()
forward = continuous_fg_sweep(STEPS, drift, diffusion, None, None, diffusion)


def log_likelihood(log_theta, z):
    params = {"k_alpha": jnp.exp(log_theta[0]), "k_sigma": jnp.exp(log_theta[1])}
    t = init_continuous_tree(empty, LEAVES, obs_var=OBS_VAR, d=D, n_steps=STEPS, root_val=ROOT, anchor_init=ROOT)
    for _ in range(golden["linearisation_iterations"]):
        t = refine(backward(t, params=params), params=params)
    t = forward(t.set(zs=z.reshape((NODES, STEPS, D))), params=params)
    log_h = t.log_norm[0] + t.ptnl_v[0] @ ROOT - 0.5 * ROOT @ t.prec_v[0] @ ROOT
    return t.log_corr.sum() + log_h


def timed(what, function, *inputs):
    """Compiles, then times calls one by one; gives the last result."""
    began = time.perf_counter()
    compiled = jax.jit(function).lower(*inputs).compile()
    compile_s = time.perf_counter() - began
    report(what=what, compile_s=compile_s)
    jax.block_until_ready(compiled(*inputs))
    times, processor = [], spent()
    for _ in range(options.calls):
        began = time.perf_counter()
        result = jax.block_until_ready(compiled(*inputs))
        times.append(time.perf_counter() - began)
    report(what=what, min_s=min(times), median_s=float(np.median(times)), calls=len(times), cores_used=(spent() - processor) / sum(times))
    return result


def near(name, got, want, scale):
    tolerance = (1e-8 if options.precision == "f64" else 5e-3) * max(1.0, abs(scale))
    if not abs(got - want) <= tolerance:
        sys.exit(f"{name} is {got}, kunita.json says {want}: not the same thing would be timed")
    report(what="check", name=name, got=got, want=want)


report(what="start", versions={name: version(name) for name in ("hyperiax", "jax", "numpyro")}, precision=options.precision,
       cores=sorted(os.sched_getaffinity(0)))
if options.calls:
    value = timed("forward", log_likelihood, LOG_THETA, NOISE)
    near("log likelihood", float(value), POINT["log_likelihood"], POINT["log_likelihood"])
    value, (slope, slope_z) = timed("gradient", jax.value_and_grad(log_likelihood, argnums=(0, 1)), LOG_THETA, NOISE)
    for i in range(2):
        near(f"gradient {i}", float(slope[i]), POINT["grad_log_theta"][i], float(np.hypot(*POINT["grad_log_theta"])))
    near("norm of the gradient of z", float(jnp.linalg.norm(slope_z)), POINT["grad_z_norm"], POINT["grad_z_norm"])


# The sampler, as in the notebook: a Crank-Nicolson step of the noise and a random walk
# of the parameters, one forward map each. A kernel with one state per chain.
def model():
    k_alpha = numpyro.sample("k_alpha", dist.InverseGamma(2.0, 0.5))
    k_sigma = numpyro.sample("k_sigma", dist.InverseGamma(3.0, 2.0))
    z = numpyro.sample("z", dist.Normal(jnp.zeros(NOISE.size), 1.0).to_event(1))
    numpyro.factor("bffg", log_likelihood(jnp.log(jnp.stack([k_alpha, k_sigma])), z))


State = namedtuple("State", ["u", "energy", "accept", "rng_key"])


class Walk(MCMCKernel):
    sample_field = "u"

    def __init__(self, energy, beta=0.1, scales={"k_alpha": 0.05, "k_sigma": 0.04}):
        self.energy, self.beta, self.scales = jax.jit(energy), beta, scales

    def init(self, rng_key, num_warmup, init_params, model_args, model_kwargs):
        return State(init_params, self.energy(init_params), jnp.zeros(2), rng_key)

    def sample(self, state, model_args, model_kwargs):
        u, energy = dict(state.u), state.energy
        step, choose, walk, accept, rng_key = jax.random.split(state.rng_key, 5)

        z = u["z"]
        proposed = jnp.sqrt(1 - self.beta**2) * z + self.beta * jax.random.normal(step, z.shape)
        after = self.energy({**u, "z": proposed})
        # The energy holds the noise's prior, which the proposal keeps: take it out.
        moved = jnp.log(jax.random.uniform(choose)) < energy - after + 0.5 * (jnp.sum(proposed**2) - jnp.sum(z**2))
        u["z"], energy = jnp.where(moved, proposed, z), jnp.where(moved, after, energy)

        proposal = dict(u)
        for (site, scale), key in zip(self.scales.items(), jax.random.split(walk, 2)):
            proposal[site] = u[site] + scale * jax.random.normal(key, u[site].shape)
        after = self.energy(proposal)
        walked = jnp.log(jax.random.uniform(accept)) < energy - after
        u = {site: jnp.where(walked, proposal[site], u[site]) for site in u}
        energy = jnp.where(walked, after, energy)
        return State(u, energy, jnp.array([moved, walked], dtype=state.accept.dtype), rng_key)


kernel = Walk(initialize_model(jax.random.PRNGKey(0), model, validate_grad=False).potential_fn)


def draws(state):
    """Draws of one chain. NumPyro's MCMC.run would compile again at every call; this
    is its loop, compiled once."""

    def draw(state, _):
        state = kernel.sample(state, (), {})
        return state, (state.u, state.accept)

    return jax.lax.scan(draw, state, length=options.draws)[1]


if options.draws:
    start = kernel.init(jax.random.PRNGKey(options.seed), 0, {"k_alpha": LOG_THETA[0], "k_sigma": LOG_THETA[1], "z": NOISE}, (), {})
    began = time.perf_counter()
    compiled = jax.jit(draws).lower(start).compile()
    report(what="draws", compile_s=time.perf_counter() - began)
    jax.block_until_ready(compiled(start))
    if options.wait:
        report(what="ready")
        sys.stdin.readline()
    seconds, processor = [], spent()
    for _ in range(9):
        began = time.perf_counter()
        _, accepted = jax.block_until_ready(compiled(start))
        seconds.append(time.perf_counter() - began)
    report(what="draws", per_second=options.draws / min(seconds), median_per_second=options.draws / float(np.median(seconds)),
           draws=options.draws, accepted=np.asarray(accepted).mean(axis=0).tolist(), cores_used=(spent() - processor) / sum(seconds))
report(what="memory", peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
