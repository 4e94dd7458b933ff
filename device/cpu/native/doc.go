// Package native compiles kernels to machine code for 64-bit x86 processors.
//
// A lane kernel runs on vectors of lanes, 64 bytes of floats at a time with AVX-512
// and 32 with AVX2. Integers that are the same for all lanes of a vector, and those
// that count up from lane to lane, are kept in general registers ([shapes]), so that
// most loads and stores are of whole vectors; conditions that differ between lanes
// become masks. Between two jumps values live in registers, given out as the code is
// written and taken back from the value that is needed last; at a jump what is still
// needed stands in the frame.
//
// Every operation rounds by itself, as the portable engine's do: a multiplication and
// an addition are never fused, because then a kernel's results would depend on which
// statements share it.
package native
