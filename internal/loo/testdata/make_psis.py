# Makes psis.json: log ratios, and what ArviZ 0.23.4 makes of them.
import json
import arviz as az
import numpy as np
from arviz.stats.stats import _gpdfit

random = np.random.default_rng(1)
cases = []


def add(name, ratios, reff):
    ratios = np.round(ratios, 10)
    weights, k = az.psislw(ratios.copy(), reff)
    cases.append({"name": name, "ratios": ratios.tolist(), "efficiency": reff, "weights": weights.tolist(), "k": float(k) if np.isfinite(k) else None})


add("normal", random.normal(size=400), 1.0)
add("wide normal", 3 * random.normal(size=300) + 700, 0.4)
add("heavy tail", 0.9 * random.exponential(size=500), 1.0)
add("very heavy tail", 2.5 * random.exponential(size=200) - 1000, 1.3)
add("bounded", np.log(random.uniform(size=250)), 1.0)
add("ties", np.round(random.normal(size=300), 1), 1.0)
add("few", random.normal(size=20), 1.0)
add("short", random.normal(size=40), 0.2)

fits = []
for k in (-0.5, 0.2, 0.7, 1.5):
    x = np.sort(2 * (random.uniform(size=120) ** -k - 1) / k)
    x = np.round(x, 10)
    shape, scale = _gpdfit(x)
    fits.append({"sample": x.tolist(), "shape": float(shape), "scale": float(scale)})

log_likelihood = np.round(random.normal(size=(4, 100, 6)) * np.array([0.1, 0.3, 1, 0.5, 2, 0.2]) - 1, 10)
data = az.from_dict(posterior={"a": np.zeros((4, 100))}, log_likelihood={"y": log_likelihood})
result = az.loo(data, pointwise=True, reff=0.7)
points = {"log_likelihood": log_likelihood.reshape(400, 6).T.tolist(), "efficiency": 0.7, "elpd": result.loo_i.values.tolist(), "k": result.pareto_k.values.tolist(),
          "sum": float(result.elpd_loo), "se": float(result.se), "p_loo": float(result.p_loo), "good_k": float(result.good_k)}

# Three models of 60 observations; az.compare stacks their pointwise densities.
locations = (0.0, 0.6, 3.0)
y = random.normal(size=60) * 1.2
densities = [np.round(-0.5 * (y - m) ** 2 - 0.92, 10) for m in locations]


def constant(d):  # the same in all draws, so that leave-one-out gives it back
    return az.from_dict(posterior={"a": np.zeros((4, 100))}, log_likelihood={"y": np.broadcast_to(d, (4, 100, 60)) + 0.001 * random.normal(size=(4, 100, 1))})


table = az.compare({str(i): constant(d) for i, d in enumerate(densities)}, method="stacking")
stack = {"elpd": [d.tolist() for d in densities], "weights": [float(table.weight[str(i)]) for i in range(3)]}
json.dump({"smooth": cases, "fits": fits, "loo": points, "stack": stack}, open("psis.json", "w"), indent=None)
