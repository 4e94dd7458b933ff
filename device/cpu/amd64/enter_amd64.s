//go:build linux || darwin || freebsd

#include "textflag.h"

// func enter(code, arguments unsafe.Pointer) int
TEXT ·enter(SB), NOSPLIT, $8-24
	MOVQ code+0(FP), AX
	MOVQ arguments+8(FP), DI
	CALL AX
	MOVQ AX, ret+16(FP)
	RET
