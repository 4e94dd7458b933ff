"""Reads the folder of a run with ArviZ and cmdstanpy, as python_test.go asks.

Prints JSON: versions, and for each reader the figures of each parameter.
"""

import glob
import json
import logging
import os
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import arviz as az
import numpy as np
import xarray as xr
import zarr


def figures(draws):
    """mean, sd, ess_bulk, ess_tail and r_hat of draws [chain, draw]."""
    draws = np.asarray(draws, dtype=float)
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "ess_bulk": float(az.ess(draws, method="bulk")),
        "ess_tail": float(az.ess(draws, method="tail", prob=(0.05, 0.95))),
        "rhat": float(az.rhat(draws)),
    }


def named(dataset):
    """All elements of a dataset's arrays, as name or name[label,label]."""
    for name, array in dataset.data_vars.items():
        dims = [d for d in array.dims if d not in ("chain", "draw")]
        stacked = array.transpose("chain", "draw", *dims)
        for place in np.ndindex(*stacked.shape[2:]):
            labels = [str(stacked[d].values[i]) for d, i in zip(dims, place)]
            yield name + ("[" + ",".join(labels) + "]" if labels else ""), stacked.values[(slice(None), slice(None)) + place]


def of(dataset):
    return {name: figures(draws) for name, draws in named(dataset) if np.ptp(draws) > 0}


def chains(folder):
    files = glob.glob(os.path.join(folder, "chain_*.csv"))
    return sorted(files, key=lambda f: int(os.path.basename(f)[6:-4]))


def read_zarr(path):
    if hasattr(az, "from_zarr") and int(zarr.__version__.split(".")[0]) < 3:
        return az.from_zarr(path), "az.from_zarr"
    return xr.open_datatree(path, engine="zarr"), "xarray.open_datatree"


folder = sys.argv[1]
result = {"versions": {m.__name__: m.__version__ for m in (az, xr, zarr)}, "readers": {}}

data, how = read_zarr(os.path.join(folder, "arviz.zarr"))
result["zarr_by"] = how
result["readers"]["zarr"] = of(data["posterior"])
stats = data["sample_stats"]
result["groups"] = sorted(g.strip("/") for g in (data.groups() if callable(data.groups) else data.groups) if g.strip("/"))
result["stats"] = {name: [str(v.dtype), float(v.values.astype(float).mean())] for name, v in stats.data_vars.items()}
observed = data["observed_data"]["traits"]
result["observed"] = {"dims": list(observed.dims), "taxa": [str(t) for t in observed["taxon"].values], "sum": float(np.nansum(observed.values))}

if hasattr(az, "from_cmdstan"):
    result["readers"]["cmdstan"] = of(az.from_cmdstan(chains(folder)).posterior)

try:
    import cmdstanpy
except ImportError:
    cmdstanpy = None
if cmdstanpy is not None:
    fit = cmdstanpy.from_csv(chains(folder))
    result["versions"]["cmdstanpy"] = cmdstanpy.__version__
    values = fit.draws(concat_chains=False)
    result["readers"]["cmdstanpy"] = {
        name: figures(values[:, :, i].T) for i, name in enumerate(fit.column_names) if not name.endswith("__")
    }
    result["warmup"] = fit.num_draws_warmup if fit._save_warmup else 0
    result["metric"] = fit.metric_type

json.dump(result, sys.stdout)
