package amd64

import "golang.org/x/sys/cpu"

// HasAVX2 reports whether this processor, and the operating system on it, has AVX2,
// BMI and fused multiply-add.
func HasAVX2() bool { return cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT }

// HasAVX512 reports whether it has AVX-512 F, VL, DQ and BW.
func HasAVX512() bool {
	return HasAVX2() && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW
}
