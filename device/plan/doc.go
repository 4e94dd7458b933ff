// Package plan binds a tree program to a topology, a device and a number of
// chains: it removes what nobody reads, moves work that is the same for all
// nodes to the chains, compiles one kernel per statement and kind of slab, lays
// out the buffers, and records the dispatches.
//
// State fields are stored [component][node][chain], data fields
// [component][node], chain fields [component][chain]; the chain runs fastest.
package plan
