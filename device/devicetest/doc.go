// Package devicetest is the conformance suite that every backend passes. A
// backend's test opens the device and calls [RunAll]; nothing else is needed.
//
// Kernels run on the device and on an oracle: a plain interpreter in float64,
// lane by lane and instruction by instruction, the lanes of a group one after the
// other up to each barrier. Integers are compared exactly. The oracle carries a
// bound on the rounding error with every float (see [Tolerance]), so that a long
// kernel is compared as strictly as its own arithmetic allows and no test needs a
// tolerance of its own. Where the bound says nothing (a comparison of values that
// rounding may swap, an overflow of float32) the value is not compared; where it
// would decide which way a kernel goes, the oracle gives [ErrRounding].
package devicetest
