"""hyperiax's sweeps for the model of its notebooks 05 and 06. JAX is imported before this."""

import hyperiax as hx
import jax.numpy as jnp
from hyperiax.prebuilt.bffg import discrete_bf_sweep, discrete_fg_sweep, discrete_schema, init_discrete_tree


def guided(depth):
    """A function of leaves, variances and noise that filters and guides on a balanced
    binary tree of some depth, and gives the tree."""
    one = jnp.eye(1)
    empty = hx.Tree.empty(hx.symmetric_topology(depth=depth, degree=2), discrete_schema(d=1))
    mean, scale = lambda x, params: x, lambda anchor, params: one
    shift, covariance = lambda anchor, params: jnp.zeros(1), lambda x, params: params["sigma_sq"] * one
    backward, forward = discrete_bf_sweep(scale, shift, covariance), discrete_fg_sweep(mean, covariance, scale, shift, covariance)

    def sweep(leaves, sigma_sq, tau_sq, z):
        params = {"sigma_sq": sigma_sq}
        t = backward(init_discrete_tree(empty, leaves[:, None], obs_var=tau_sq, d=1, root_val=jnp.zeros(1)), params=params)
        return forward(t.set(z=z[:, None]), params=params)

    return sweep
