// Package native compiles kernels to machine code for 64-bit x86 processors.
//
// A lane kernel runs on vectors of lanes, 64 bytes of floats at a time with AVX-512
// and 32 with AVX2. Integers that are the same for all lanes of a vector, and those
// that count up from lane to lane, are kept in general registers ([shapes]), so that
// most loads and stores are of whole vectors; conditions that differ between lanes
// become masks. A vector that holds the chains of several items is put together from
// their rows ([compiler.rows]), and what is left behind the last whole vector is computed
// by shorter ones where that needs no masks. Between two jumps values live in registers,
// given out as the code is written and taken back from the value that is needed last; at a
// jump what is still needed stands in the frame.
//
// An array kernel runs one lane at a time, vectors along the elements of its arrays
// ([CompileArrays]). Neighbouring elementwise instructions on arrays of one size become a
// straight-line kernel of their own, whose lanes are the elements: what one computes and
// the next reads stays in a register, what nobody reads afterwards is not stored.
// Operations on matrices call routines, each written once for its sizes. Between two
// instructions everything stands in the lane's memory, so that code can return from a
// long loop and be called again.
//
// Every operation rounds by itself, as the portable engine's do: a multiplication and
// an addition are never fused, because then a kernel's results would depend on which
// statements share it. Within products, factors and solutions of matrices they are.
package native
