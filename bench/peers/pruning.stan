// The built-in example of hxgpu: a Brownian motion on a tree, its tips observed with
// noise, the root's value known. The states are integrated out by the pruning
// recursion: a message H, F at a node is the likelihood of what lies below it, as
// exp(F x - H x^2 / 2) of the node's state x; constants are kept apart.
data {
  int<lower=2> nodes;                  // the root first, parents before children, leaves last
  int<lower=1> leaves;
  array[nodes] int<lower=0> parent;    // 0 for the root
  vector<lower=0>[nodes] edge;         // lengths; the root's is not used
  vector[leaves] y;
  real root;
  int<lower=0, upper=1> noise;         // 1: sample a standard normal coordinate for each node too
}
parameters {
  real<lower=0> sigma_sq;
  real<lower=0> tau_sq;
  vector[noise * nodes] z;             // of the states given the data, which do not enter the likelihood
}
model {
  array[nodes] real H = rep_array(0, nodes);
  array[nodes] real F = rep_array(0, nodes);
  vector[nodes - 1] m;
  vector[nodes - 1] gain;
  for (i in 1:leaves) {
    H[nodes - leaves + i] = 1 / tau_sq;
    F[nodes - leaves + i] = y[i] / tau_sq;
  }
  for (i in 1:(nodes - 1)) {
    int v = nodes + 1 - i;
    real q = sigma_sq * edge[v];
    real f;
    m[i] = 1 + H[v] * q;
    f = F[v] / m[i];
    gain[i] = F[v] * f * q;
    H[parent[v]] += H[v] / m[i];
    F[parent[v]] += f;
  }
  target += lognormal_lpdf(sigma_sq | 0, 2) + lognormal_lpdf(tau_sq | 0, 2) + std_normal_lpdf(z);
  target += -0.5 * (leaves * log(2 * pi() * tau_sq) + dot_self(y) / tau_sq);
  target += 0.5 * (sum(gain) - sum(log(m)));
  target += root * (F[1] - 0.5 * H[1] * root);
}
