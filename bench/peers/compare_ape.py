"""R's ape and nlme, and hxgpu, on the likelihood of a Brownian motion."""

import json
import os
import shutil
import subprocess
import time

from processes import HERE, fail, merged, run_hxgpu, run_measured, sample_hxgpu
from tables import least, number, table

SIZES = (100, 1000, 10000)
DENSE = 1000  # tips up to which the dense matrix is tried
REPEATS = 5


def likelihoods(python, scratch, options, both):
    """The largest likelihood of a Brownian motion on random trees, the root's state
    estimated: whole processes, from files to the likelihood, and the calls alone."""
    if shutil.which("Rscript") is None or subprocess.run(["Rscript", "-e", "library(ape); library(nlme)"], capture_output=True).returncode != 0:
        message = "there is no R with ape and nlme here (Debian: apt-get install --no-install-recommends r-cran-ape r-cran-nlme)"
        if options.only == "ape":
            fail(message)
        print(f"\nLikelihoods by ape: left out, {message}")
        return None
    hxgpu, figures, rows = str(scratch / "hxgpu"), {}, []
    for tips in SIZES:
        folder = scratch / f"tree-{tips}"
        run_hxgpu([hxgpu, "simulate", "--tips", str(tips), "--random-tree", "--height", "10", "--set", "sigma_sq=0.5", "--no-tip-noise", "--out", str(folder), "--quiet"], both)
        files = ["--tree", str(folder / "tree.nwk"), "--traits", str(folder / "traits.csv"), "--trait", "x"]
        load = os.getloadavg()[0]
        fits = [sample_hxgpu([hxgpu, "fit", *files, "--model", "bm", "--quiet", "--json"], both[:1]) for _ in range(REPEATS)]
        # 0 tips for the dense matrix: its time and memory are not the contrasts'.
        contrasts = [sample_r(folder, 0, both[:1]) for _ in range(REPEATS)]
        dense = sample_r(folder, DENSE, both[:1]) if tips <= DENSE else {}
        ours = fits[0]["log_likelihood"]
        for what, found in (("contrasts", contrasts[0]), ("least squares", dense)):
            if what in found and not abs(found[what]["log_likelihood"] - ours) <= 1e-6 * max(1, abs(ours)):
                fail(f"{tips} tips: R's log-likelihood by {what} is {found[what]['log_likelihood']}, hxgpu's {ours}")
        figures[tips] = {"hxgpu": fits, "contrasts": contrasts, "dense": dense, "load": load}
        peer, own = min(o["process_s"] for o in contrasts), min(o["process_s"] for o in fits)
        rows.append([f"{tips:,}", f"{ours:.4f}", number(own), number(peer), number(peer / own), number(dense.get("process_s")),
                     least(*(1000 * o["contrasts"]["seconds"] for o in contrasts)), number(dense.get("least squares", {}).get("seconds")),
                     number(max(o["peak_mb"] for o in fits)), number(max(o["peak_mb"] for o in contrasts)), number(dense.get("peak_mb")), number(load)])
    print(f"\nBrownian motion on random trees, maximum likelihood, 1 core; smallest of {REPEATS} processes, the dense matrix once\n")
    table([["tips", "log-likelihood", "hxgpu fit, s", "R contrasts, s", "ratio", "R gls, s", "pic alone, ms", "gls alone, s", "hxgpu MB", "pic MB", "gls MB", "load"], *rows])
    return figures


def sample_r(folder, dense, cores):
    """What likelihoods.R prints, with the time and the memory of its process."""
    began = time.perf_counter()
    text, peak_mb = run_measured(["Rscript", "--vanilla", str(HERE / "likelihoods.R"), str(folder), str(dense), "3"], cores)
    seconds = time.perf_counter() - began
    return merged(map(json.loads, text.splitlines())) | {"process_s": seconds, "peak_mb": peak_mb}
