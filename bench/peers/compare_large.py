"""hyperiax and hxgpu on a large tree."""

import re

from processes import ROOT, Peer, merged, run_hxgpu
from tables import number, table

DEPTH = 17


def large(python, scratch, options, both):
    """The model of the built-in example on a balanced tree of 2^17 leaves, one chain on one
    core: forward map and gradient."""
    one, nodes = both[:1], 2 ** (DEPTH + 1) - 1
    figures = {"peer": {p: merged(Peer(python, "large.py", one, options.limit, "--precision", p, "--depth", str(DEPTH)).rest()) for p in ("f32", "f64")}}
    tests = str(scratch / "large.test")
    run_hxgpu(["go", "test", "-c", "-o", tests, "./bench"], both)
    printed = run_hxgpu([tests, "-test.run", "^$", "-test.bench", f"^BenchmarkLargeTree$/^leaves={2**DEPTH}$", "-test.count", "5"], one, ROOT / "bench")
    figures["hxgpu"] = {"gradient": {"ns_per_node": min(map(float, re.findall(r"([\d.]+) ns/op", printed))) / nodes}}
    ours = figures["hxgpu"]["gradient"]["ns_per_node"]
    peers = [figures["peer"][p] for p in ("f32", "f64")]

    def of(what, key):
        return [p.get(what, {}).get(key) for p in peers]

    gradients = of("gradient", "ns_per_node")
    print(f"\nBalanced tree of {2**DEPTH:,} leaves, one chain, one core; of times the best\n")
    table([["", "hyperiax f32", "hyperiax f64", "hxgpu f64"],
           ["backward filter and guided sweep, ns a node", *map(number, of("forward", "ns_per_node")), ""],
           ["gradient, ns a node", *map(number, (*gradients, ours))],
           ["hxgpu is so many times as fast", *(number(x and x / ours) for x in gradients), ""],
           ["compilation of both, s", *(number(a and b and a + b) for a, b in zip(of("forward", "compile_s"), of("gradient", "compile_s"))), ""]])
    return figures
