"""Effective draws, by the same code for every program: ArviZ's bulk ESS, the smaller of
the two parameters; and how far the means are from the exact posterior's. As a script it
reads folders of CmdStan files, chain_1.csv and so on, and prints an object for each."""

import csv
import json
import sys
from pathlib import Path

import arviz
import numpy as np

PARAMETERS = ("sigma_sq", "tau_sq")

# Exact posterior means of the built-in example, by quadrature (bench/slow_test.go).
EXACT = {"sigma_sq": 0.46736839091816756, "tau_sq": 0.3769852530623836}


def effective(draws):
    """The smaller bulk ESS, the larger R-hat, and the means of arrays [chain, draw] by
    name; off is the larger distance of a mean from the exact one, in standard errors."""
    return {"ess": min(float(arviz.ess(draws[name], method="bulk")) for name in PARAMETERS),
            "rhat": max(float(arviz.rhat(draws[name])) for name in PARAMETERS),
            "mean": {name: float(np.mean(draws[name])) for name in PARAMETERS},
            "off": max(abs(float(np.mean(draws[name])) - EXACT[name]) / float(arviz.mcse(draws[name], method="mean")) for name in PARAMETERS)}


def read(folder):
    """Draws and leapfrog steps of a folder, as arrays [chain, draw]."""
    columns = {}
    for file in sorted(Path(folder).glob("chain_*.csv"), key=lambda f: int(f.stem.split("_")[1])):
        with open(file) as lines:
            rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
        for name in (*PARAMETERS, "n_leapfrog__"):
            columns.setdefault(name, []).append([float(row[name]) for row in rows])
    return {name: np.array(values) for name, values in columns.items()}


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        draws = read(folder)
        print(json.dumps(effective(draws) | {"what": folder, "leapfrogs": int(draws["n_leapfrog__"].sum())}), flush=True)
