"""Reads an annotated NEXUS tree with DendroPy, as dendropy_test.go asks.

Prints JSON: the version, the taxa, and of every node the names of the tips below it, the
length of the edge above it and its annotations.
"""

import json
import sys

import dendropy

tree = dendropy.Tree.get(
    path=sys.argv[1],
    schema="nexus",
    preserve_underscores=True,
    extract_comment_metadata=True,
)
nodes = []
for node in tree.preorder_node_iter():
    nodes.append(
        {
            "tips": sorted(leaf.taxon.label for leaf in node.leaf_iter()),
            "length": node.edge.length,
            "annotations": {a.name: a.value for a in node.annotations},
        }
    )
print(
    json.dumps(
        {
            "version": dendropy.__version__,
            "rooted": tree.is_rooted,
            "taxa": [taxon.label for taxon in tree.taxon_namespace],
            "nodes": nodes,
        }
    )
)
