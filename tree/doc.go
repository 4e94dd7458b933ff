// Package tree holds rooted trees, the files they come in, and tree programs.
//
// A [Topology] is a rooted tree in level order: the nodes of one depth form a
// contiguous slab and the children of a node are contiguous. A [Program] is a
// list of statements over fields that live on the nodes: sweeps from the leaves
// to the root ([Program.Up]) and back ([Program.Down]), maps ([Program.Map]),
// sums over all nodes ([Program.Total]) and arithmetic on chain scalars
// ([Program.Scalars]). The function of a statement is plain Go over traced
// values; it is called once, when the statement is added, and never per node.
//
// A program knows no tree and no device: package plan binds it to both, package
// autodiff turns it into the program of its gradient, and [Evaluate] runs it
// node by node in plain float64 Go, as the definition of what it means.
package tree
