// Package plan binds a tree program to a topology, a device and a number of
// chains.
//
// It removes what nobody reads, folds constants across statements, and moves work
// that is the same for all nodes to the chains. Statements are then cut into
// pieces, one per slab where they have an order. A piece joins a step that it can
// share a kernel with; steps that do not depend on each other share a stage. Each
// step becomes a dispatch, or a [Schedule] fuses the steps of small slabs, or of
// the whole tree, into one.
//
// State fields are stored [component][node][chain], data fields
// [component][node], chain fields [component][chain]; the chain runs fastest.
//
// Sums over nodes are added in runs of 128, and then the sums of the runs; those
// over more than 256 children in runs of 256. The order is fixed by the topology
// alone, so that all schedules and numbers of workers give the same bits.
package plan
