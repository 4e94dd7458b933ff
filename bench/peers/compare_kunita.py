"""hyperiax and hxgpu on the landmark model."""

import json

from processes import GOLDEN, ROOT, Peer, merged, run_hxgpu, sample_hxgpu
from tables import number, table


def kunita(python, scratch, options, both):
    """The landmark model: forward map and gradient of one chain on one core and on two,
    draws of one chain on one core and of two chains on two."""
    figures = {"peer": {}, "hxgpu": {}}
    common = ["--golden", str(GOLDEN)]
    one = both[:1]
    tests = str(scratch / "bench.test")
    run_hxgpu(["go", "test", "-c", "-tags", "slow", "-o", tests, "./bench"], both)
    for cores in (one, both) if len(both) > 1 else (one,):
        n = len(cores)
        for precision in ("f32", "f64"):
            # A chain a process: two chains in one process block each other.
            flags = ["--precision", precision, *common, "--calls", str(options.calls)]
            if n == 1:
                flags += ["--draws", str(options.draws)]
                figures["peer"][f"{precision} {n}"] = merged(Peer(python, "kunita.py", cores, options.limit, *flags).rest())
                continue
            figures["peer"][f"{precision} {n}"] = merged(Peer(python, "kunita.py", cores, options.limit, *flags, "--draws", "0").rest())
            chains = [Peer(python, "kunita.py", [core], options.limit, "--precision", precision, *common, "--calls", "0", "--draws", str(options.draws), "--wait",
                           "--seed", str(core + 1)) for core in cores]
            compiled = [chain.until("ready") for chain in chains]
            for chain in chains:
                chain.go()
            rates = [merged(before + chain.rest()).get("draws", {}) for before, chain in zip(compiled, chains)]
            if all("per_second" in rate for rate in rates):
                figures["peer"][f"{precision} {n}"]["draws"] = {"per_second": sum(rate["per_second"] for rate in rates), "compile_s": max(rate["compile_s"] for rate in rates)}
        written = scratch / "kunita.json"
        run_hxgpu([tests, "-test.run", "^TestPeerKunita$", "-peer-json", str(written)], cores, ROOT / "bench")
        for o in json.loads(written.read_text()):
            figures["hxgpu"].setdefault(f"{o['bridge']} {n}", {})[o["what"]] = o
        for bridge in ("continuous", "discrete"):
            rates = []
            for _ in range(9):  # as often as the peer's draws are timed
                summary = sample_hxgpu([str(scratch / "hxgpu"), "sample", "--model", "kunita", "--algorithm", "rw", "--bridge", bridge,
                                        "--chains", str(n), "--warmup", "10", "--draws", "30", "--state-draws", "0",
                                        "--device", "cpu", "--precision", "f64", "--quiet", "--json"], cores)
                rates.append(n * summary["draws"] / summary["timings"]["draws_s"])
            figures["hxgpu"][f"{bridge} {n}"]["draws"] = {"per_second": max(rates), "peak_mb": summary["peak_mb"]}

    rows = []
    for n in (1, 2):
        for what, name, key, scale in (("forward", "forward map, ms", "min_s", 1000), ("gradient", "gradient, ms", "min_s", 1000), ("draws", "draws per second", "per_second", 1)):
            for bridge in ("continuous", "discrete"):
                if f"{bridge} {n}" not in figures["hxgpu"]:
                    continue
                peer = [figures["peer"][f"{precision} {n}"].get(what, {}).get(key) for precision in ("f32", "f64")]
                ours = figures["hxgpu"][f"{bridge} {n}"][what][key]
                ratios = [x and (ours / x if what == "draws" else x / ours) for x in peer]
                where = f", {n} chain{'s'[:n - 1]} on {n} core{'s'[:n - 1]}" if what == "draws" else f", {n} core{'s'[:n - 1]}"
                rows.append([name + where + (" (hxgpu's default bridge)" if bridge == "discrete" else "")]
                            + [number(x and x * scale) for x in (*peer, ours)] + [" / ".join(number(x) for x in ratios)])
    for what in ("forward", "gradient", "draws"):
        peer = [figures["peer"][f"{precision} 1"].get(what, {}).get("compile_s") for precision in ("f32", "f64")]
        rows.append([f"compilation of the {what.replace('draws', 'sampler')}, s, 1 core"] + [number(x) for x in (*peer, figures["hxgpu"]["continuous 1"][what].get("compile_s"))] + [""])
    peer = [figures["peer"][f"{precision} 1"].get("memory", {}).get("peak_mb") for precision in ("f32", "f64")]
    ours = figures["hxgpu"]["continuous 1"]["draws"]["peak_mb"]
    rows.append(["largest resident size, MB, 1 core (hxgpu's of draws)"] + [number(x) for x in (*peer, ours)] + [" / ".join(number(x and x / ours) for x in peer)])
    print("\nLandmarks of hyperiax's notebook 07: 13 nodes, 16 landmarks, 100 steps an edge; smallest of several times\n")
    table([["", "hyperiax f32", "hyperiax f64", "hxgpu f64", "times faster than f32 / f64"], *rows])
    return figures
