"""Stan and hxgpu on the built-in example."""

import os
import shutil

from processes import GOLDEN, Peer, add_effective, fail, merged, sample_hxgpu
from tables import least, middle, most, number, table


def stan(python, scratch, options, both):
    """The built-in example by Stan, which integrates the states out, and by hxgpu."""
    if shutil.which("g++") is None and shutil.which("c++") is None:
        fail("Stan compiles its models, and there is no C++ compiler on the path (Debian: apt-get install g++)")
    figures = {"peer": {}, "hxgpu": {}}
    for name, flags in (("2", []), ("33", ["--noise"])):
        load = os.getloadavg()[0]
        figures["peer"][name] = merged(Peer(python, "pruning.py", both, options.limit, "--golden", str(GOLDEN), "--cache", str(scratch / f"stan-{name}"), "--seeds", str(options.seeds), *flags).rest()) | {"load": load}
    base = [str(scratch / "hxgpu"), "sample", "--state-draws", "0", "--device", "cpu", "--precision", "f64", "--warmup", "1000", "--quiet", "--json"]
    for algorithm in ("nuts", "hmc"):
        folders = [str(scratch / f"{algorithm}-{i}") for i in range(1, options.seeds + 1)]
        load = os.getloadavg()[0]
        runs = [sample_hxgpu([*base, "--algorithm", algorithm, "--seed", str(i + 1), "--out", folder, *options.hxgpu], both) for i, folder in enumerate(folders)]
        add_effective(python, folders, runs, both)
        figures["hxgpu"][algorithm] = {"runs": runs, "load": load}

    def peer_column(p):
        runs = [o for what, o in p.items() if what.startswith("seed")]
        if not runs:  # stopped before its first run ended
            return
        yield least(*(o["with_compilation_s"] for o in runs))
        yield number(p["compile"]["compile_s"])
        yield least(*(o["seconds"] for o in runs))
        yield least(*(o["own_s"] / len(both) for o in runs))
        yield least(*(o["processor_s"] for o in runs))
        yield middle(o["leapfrogs"] / o["draws"] for o in runs)
        yield middle(o["ess"] / o["draws"] for o in runs)
        yield most(*(o["ess"] / o["seconds"] for o in runs))
        yield most(*(o["ess"] * len(both) / o["own_s"] for o in runs))
        yield most(*(o["rhat"] for o in runs), digits=".4f")
        yield most(*(o["off"] for o in runs))
        memory = p.get("memory")
        yield f"{memory['peak_mb']:.0f} + {memory['workers']} x {memory['worker_mb']:.0f}" if memory else "-"
        yield number(p["compile"]["compiler_mb"])
        yield number(p["load"])

    def own_column(of):
        def seconds(o):
            return o["timings"]["warmup_s"] + o["timings"]["draws_s"]

        def made(o):
            return o["chains"] * o["draws"]

        runs = of["runs"]
        yield least(*(o["process_s"] for o in runs))
        yield least(*(o["timings"]["compile_s"] for o in runs))
        yield least(*map(seconds, runs))
        yield least(*map(seconds, runs))
        yield least(*(o["processor_s"] for o in runs))
        yield middle(o["leapfrogs"] / made(o) for o in runs)
        yield middle(o["ess"] / made(o) for o in runs)
        yield most(*(o["ess"] / seconds(o) for o in runs))
        yield most(*(o["ess"] / seconds(o) for o in runs))
        yield most(*(o["max_rhat"] for o in runs), digits=".4f")
        yield most(*(o["off"] for o in runs))
        yield most(*(o["peak_mb"] for o in runs))
        yield "-"
        yield number(of["load"])

    names = ["4 chains x (1,000 + 4,000), s: all, with compilation", "  compilation", "  without compilation", "  the same by Stan's own clock, shared by the cores", "  the same in processor time",
             "leapfrog steps per draw", "effective draws per draw", "effective draws per second, without compilation", "  by Stan's own clock", "largest R-hat",
             "largest distance of a mean from the exact one, standard errors", "largest resident size, MB (Stan: and of the processes of its chains)", "  of the compiler", "load when it began"]
    columns = [[*c] for c in (peer_column(figures["peer"]["2"]), peer_column(figures["peer"]["33"]), own_column(figures["hxgpu"]["nuts"]), own_column(figures["hxgpu"]["hmc"]))]
    columns = [c + ["-"] * (len(names) - len(c)) for c in columns]
    print(f"\nBuilt-in example by Stan: 16 leaves; {options.seeds} seeds; of times the best, of ratios the median (smallest, largest)\n")
    table([["", "Stan, 2 coordinates", "Stan, 33", *(" ".join(["hxgpu", a, *options.hxgpu]) for a in ("nuts", "hmc"))], *map(list, zip(names, *columns))])
    return figures
