//go:build linux || darwin || freebsd

#include "textflag.h"

// func enter(code, arguments unsafe.Pointer) int
TEXT ·enter(SB), NOSPLIT, $8-24
	MOVQ code+0(FP), AX
	MOVQ arguments+8(FP), DI
	CALL AX
	MOVQ AX, ret+16(FP)
	RET

// func enterAll(calls *Prepared, n int) (status, left int)
TEXT ·enterAll(SB), NOSPLIT, $16-32
	MOVQ calls+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ SI, 0(SP)
	MOVQ CX, 8(SP)
again:
	MOVQ 0(SI), AX
	MOVQ 8(SI), DI
	CALL AX
	MOVQ 0(SP), SI
	MOVQ 8(SP), CX
	TESTQ AX, AX
	JNE done
	ADDQ $16, SI
	DECQ CX
	MOVQ SI, 0(SP)
	MOVQ CX, 8(SP)
	JNE again
done:
	MOVQ AX, status+16(FP)
	MOVQ CX, left+24(FP)
	RET
