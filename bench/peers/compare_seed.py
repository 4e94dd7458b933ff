"""NumPyro, BlackJAX, hyperiax and hxgpu on the built-in example."""

from processes import GOLDEN, Peer, add_effective, merged, sample_hxgpu
from tables import least, middle, most, table


def seed(python, scratch, options, both):
    """The built-in example: four chains for some seeds, 1,024 chains, and 64, as many as
    hyperiax's sweeps make in the time."""
    figures = {"peer": {}, "hxgpu": {}}
    common = ["--golden", str(GOLDEN)]
    many, fewer = (["--chains", n, "--warmup", "200", "--draws", "200"] for n in ("1024", "64"))
    for precision in ("f32", "f64"):
        flags = ["--precision", precision, *common]
        figures["peer"][precision] = {
            "four": merged(Peer(python, "seed.py", both, options.limit, *flags, "--seeds", str(options.seeds), "--api").rest()),
            "many": merged(Peer(python, "seed.py", both, options.limit, *flags, *many, "--chunk", "20", "--seeds", "1").rest()),
            "hyperiax": merged(Peer(python, "seed.py", both, options.limit, *flags, "--model", "hyperiax", "--seeds", "1", "--api").rest()),
            "blackjax": merged(Peer(python, "blackjax_seed.py", both, options.limit, *flags, "--seeds", str(options.seeds)).rest()),
            "blackjax many": merged(Peer(python, "blackjax_seed.py", both, options.limit, *flags, *many, "--seeds", "1").rest()),
            "hyperiax 64": merged(Peer(python, "seed.py", both, options.limit, *flags, "--model", "hyperiax", *fewer, "--chunk", "20", "--seeds", "1").rest())}
    base = [str(scratch / "hxgpu"), "sample", "--state-draws", "0", "--device", "cpu", "--precision", "f64", "--quiet", "--json"]
    folders = [str(scratch / f"seed-{i}") for i in range(1, options.seeds + 1)]
    four = [sample_hxgpu([*base, "--seed", str(i + 1), "--out", folder, *options.hxgpu], both) for i, folder in enumerate(folders)]
    add_effective(python, folders, four, both)
    figures["hxgpu"]["four"] = four
    for name, chains in (("many", many), ("64", fewer)):
        figures["hxgpu"][name] = [sample_hxgpu([*base, *chains, "--seed", str(i), *options.hxgpu], both) for i in range(1, 4)]

    def runs(of):
        return [o for what, o in of.items() if what.startswith("seed")]

    def peer_column(p, four, many):
        """The rows that any sampler of JAX has; the runs are those of some names."""
        processes = p[four], p[many]
        four, many = map(runs, processes)
        yield least(processes[0].get("api", {}).get("seconds"))
        yield least(*(o["begin_s"] + o["warmup_s"] + o["draws_s"] for o in four))
        yield least(*(o["processor_s"] for o in four))
        yield middle(o["leapfrogs"] / o["draws"] for o in four)
        yield middle(o["ess"] / (o["leapfrogs"] + o["warmup_leapfrogs"]) for o in four)
        yield middle(o["ess"] / o["leapfrogs"] for o in four)
        yield most(*(o["ess"] / (o["begin_s"] + o["warmup_s"] + o["draws_s"]) for o in four))
        yield most(*(o["rhat"] for o in four), digits=".4f")
        yield most(*(o["off"] for o in four))
        for process in processes:
            yield most(process.get("memory", {}).get("peak_mb"))
        yield most(*(o["draws"] / o["draws_s"] for o in many))
        yield most(*(o["draws"] / (o["begin_s"] + o["warmup_s"] + o["draws_s"]) for o in many))
        yield most(*(o["draws"] / o["processor_s"] for o in many))

    def sweeps_column(p):
        """The rows of hyperiax's sweeps."""
        yield least(p["hyperiax"].get("api", {}).get("seconds"))
        yield least(*(o["begin_s"] + o["warmup_s"] + o["draws_s"] for o in runs(p["hyperiax"])))
        yield least(*(o["begin_s"] + o["warmup_s"] + o["draws_s"] for o in runs(p["hyperiax 64"])))
        yield most(*(o["draws"] / (o["begin_s"] + o["warmup_s"] + o["draws_s"]) for o in runs(p["hyperiax 64"])))

    def own_column(four, many, fewer):
        def seconds(o):
            return o["timings"]["warmup_s"] + o["timings"]["draws_s"]

        def made(o):
            return o["chains"] * o["draws"]

        counted = [o for o in four if o["gradients"]]  # random walks take none
        yield least(*(o["process_s"] for o in four))
        yield least(*map(seconds, four))
        yield least(*(o["processor_s"] for o in four))
        yield middle(o["leapfrogs"] / made(o) for o in counted)
        yield middle(o["ess"] / o["gradients"] for o in counted)
        yield middle(o["ess"] / o["leapfrogs"] for o in counted)
        yield most(*(o["ess"] / seconds(o) for o in four))
        yield most(*(o["max_rhat"] for o in four), digits=".4f")
        yield most(*(o["off"] for o in four))
        yield most(*(o["peak_mb"] for o in four))
        yield most(*(o["peak_mb"] for o in many))
        yield most(*(made(o) / o["timings"]["draws_s"] for o in many))
        yield most(*(made(o) / seconds(o) for o in many))
        yield most(*(made(o) / o["processor_s"] for o in many))
        yield "-"
        yield "-"
        yield least(*map(seconds, fewer))
        yield most(*(made(o) / seconds(o) for o in fewer))

    names = ["4 chains x (1,000 + 4,000), s: all, with compilation", "  without compilation", "  the same in processor time", "leapfrog steps per draw",
             "effective draws per gradient, warm-up counted", "  warm-up not counted", "effective draws per second, without compilation", "largest R-hat",
             "largest distance of a mean from the exact one, standard errors", "largest resident size of the process, MB", "  with 1,024 chains",
             "1,024 chains x (200 + 200): draws per second of their phase", "  draws per second of the whole, without compilation", "  the same per second of processor time",
             "4 chains with hyperiax's sweeps, s: all, with compilation", "  without compilation",
             "64 chains x (200 + 200), the peer with hyperiax's sweeps, s: without compilation", "  draws per second of the whole"]
    print(f"\nBuilt-in example: 16 leaves, 33 coordinates; {options.seeds} seeds; of times the best, of ratios the median (smallest, largest)\n")
    peers = figures["peer"]["f32"], figures["peer"]["f64"]
    table([["", "NumPyro f32", "NumPyro f64", "BlackJAX f32", "BlackJAX f64", " ".join(["hxgpu f64", *options.hxgpu])],
           *map(list, zip(names, *([*peer_column(p, "four", "many"), *sweeps_column(p)] for p in peers),
                          *([*peer_column(p, "blackjax", "blackjax many"), *"----"] for p in peers),
                          own_column(four, figures["hxgpu"]["many"], figures["hxgpu"]["64"])))])
    return figures
