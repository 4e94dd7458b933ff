// Package amd64 writes machine code for 64-bit x86 processors with AVX2 and fused
// multiply-add, or with AVX-512 (F, VL, DQ, BW), and runs it.
//
// An [Assembler] appends instructions; labels are resolved and constants placed
// behind the code by [Assembler.Finish]. [Load] puts the bytes into memory that is
// written first and made executable then, never both, and [Memory.Call] enters it.
// Code is called with a pointer to its arguments in RDI and gives a status in RAX; it
// may change every register but RSP, RBP and R14, uses no stack, and must not run
// long: a goroutine cannot be stopped in it.
//
// Encodings are those of the Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2: VEX (section 2.3), EVEX (section 2.7).
package amd64
