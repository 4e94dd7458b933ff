"""The built-in example for samplers of JAX, which is imported before this."""

import json
import sys

import jax
import jax.numpy as jnp
from ess import PARAMETERS


def filtered(leaves, depth, sigma_sq, tau_sq):
    """log h(root) at 0, the backward filter in canonical form on a balanced binary tree of
    some depth, a level at a time."""
    precision, potential = jnp.full_like(leaves, 1 / tau_sq), leaves / tau_sq
    constant = -0.5 * jnp.log(2 * jnp.pi * tau_sq) - 0.5 * leaves**2 / tau_sq
    for _ in range(depth):
        m = 1 + precision * sigma_sq
        constant = constant - 0.5 * jnp.log(m) + 0.5 * potential**2 * sigma_sq / m
        precision, potential, constant = (x.reshape((-1, 2)).sum(axis=1) for x in (precision / m, potential / m, constant))
    return constant[0]


class Example:
    """Data and density of the built-in example."""

    def __init__(self, folder, precision):
        self.golden = json.loads((folder / "seed.json").read_text())
        self.leaves = jnp.asarray(self.golden["leaf_obs"], jnp.float64 if precision == "f64" else jnp.float32)
        self.depth = self.golden["topology"]["depth"]
        self.nodes = len(self.golden["topology"]["parents"])

    def density(self, sigma_sq, tau_sq, z):
        """The weights of the guided sweep are 1 in this model, so that its states,
        functions of z, do not enter the density."""
        return filtered(self.leaves, self.depth, sigma_sq, tau_sq)

    def check(self, energy):
        """Stops unless minus the log posterior, a function of the logs of the parameters
        and z, and its derivatives are what the golden file says."""
        for point in self.golden["points"]:
            if point["case"] != "linear":
                continue
            at = dict(zip(PARAMETERS, jnp.asarray(point["log_theta"], self.leaves.dtype))) | {"z": jnp.asarray(point["z"], self.leaves.dtype)}
            got, slope = jax.value_and_grad(energy)(at)
            for name, x, want in (("potential", got, point["potential"]), *((f"derivative by {p}", slope[p], g) for p, g in zip(PARAMETERS, point["grad_log_theta"]))):
                if not abs(float(x) - want) <= (1e-9 if self.leaves.dtype == jnp.float64 else 2e-4) * max(1, abs(want)):
                    sys.exit(f"{name} is {x}, seed.json says {want}: not the same posterior would be sampled")
