package cpu

import "github.com/hxgpu/hxgpu/shaders"

// linear runs an operation of linear algebra on n lanes. A block of one lane, as
// large matrices have, takes the routines below; several lanes run one by one
// through the same routines with strides.
func (r *arrayRunner[T]) linear(i *shaders.ArrayInstruction, n int) {
	if n == 1 {
		r.linearOne(i)
		return
	}
	for l := range n {
		r.linearLane(i, l, n)
	}
}

// linearOne is linear for one lane.
func (r *arrayRunner[T]) linearOne(i *shaders.ArrayInstruction) {
	switch size := i.N * i.N; i.Op {
	case shaders.ArrayMatMul:
		product(i, r.span(&i.Out, i.N*i.M, 1), r.span(&i.A, i.N*i.K, 1), r.span(&i.B, i.K*i.M, 1))
	case shaders.ArrayCholesky:
		cholesky(r.span(&i.Out, size, 1), r.span(&i.A, size, 1), i.N)
	case shaders.ArrayCholeskyAdjoint:
		choleskyAdjoint(r.span(&i.Out, size, 1), r.span(&i.A, size, 1), r.span(&i.B, size, 1), i.N)
	case shaders.ArraySolveLow:
		solveLow(r.span(&i.Out, i.N*i.M, 1), r.span(&i.A, size, 1), r.span(&i.B, i.N*i.M, 1), i.N, i.M)
	case shaders.ArraySolveLowT:
		solveLowT(r.span(&i.Out, i.N*i.M, 1), r.span(&i.A, size, 1), r.span(&i.B, i.N*i.M, 1), i.N, i.M)
	case shaders.ArraySolve:
		solve(r.span(&i.Out, i.N*i.M, 1), r.span(&i.A, size, 1), r.span(&i.B, i.N*i.M, 1), r.span(&i.C, size, 1), i.N, i.M)
	case shaders.ArrayLogDet:
		r.span(&i.Out, 1, 1)[0] = logDet(r.span(&i.A, size, 1), r.span(&i.C, size, 1), i.N)
	}
}

// linearLane copies one lane's matrices aside, computes and copies back.
func (r *arrayRunner[T]) linearLane(i *shaders.ArrayInstruction, lane, n int) {
	sizeA, sizeB, sizeOut := i.N*i.N, 0, i.N*i.N
	switch i.Op {
	case shaders.ArrayMatMul:
		sizeA, sizeB, sizeOut = i.N*i.K, i.K*i.M, i.N*i.M
	case shaders.ArrayCholeskyAdjoint:
		sizeB = i.N * i.N
	case shaders.ArraySolveLow, shaders.ArraySolveLowT, shaders.ArraySolve:
		sizeB, sizeOut = i.N*i.M, i.N*i.M
	case shaders.ArrayLogDet:
		sizeOut = 1
	}
	need := sizeA + sizeB + sizeOut + i.N*i.N
	if len(r.aside) < need {
		r.aside = make([]T, need)
	}
	a, b, out, scratch := r.aside[:sizeA], r.aside[sizeA:sizeA+sizeB], r.aside[sizeA+sizeB:sizeA+sizeB+sizeOut], r.aside[sizeA+sizeB+sizeOut:need]
	pick(a, r.span(&i.A, sizeA, n), lane, n)
	if sizeB > 0 {
		pick(b, r.span(&i.B, sizeB, n), lane, n)
	}
	switch i.Op {
	case shaders.ArrayMatMul:
		product(i, out, a, b)
	case shaders.ArrayCholesky:
		cholesky(out, a, i.N)
	case shaders.ArrayCholeskyAdjoint:
		choleskyAdjoint(out, a, b, i.N)
	case shaders.ArraySolveLow:
		solveLow(out, a, b, i.N, i.M)
	case shaders.ArraySolveLowT:
		solveLowT(out, a, b, i.N, i.M)
	case shaders.ArraySolve:
		solve(out, a, b, scratch, i.N, i.M)
	case shaders.ArrayLogDet:
		out[0] = logDet(a, scratch, i.N)
	}
	to := r.span(&i.Out, sizeOut, n)
	for e, x := range out {
		to[e*n+lane] = x
	}
}

func pick[T float](one, all []T, lane, n int) {
	for e := range one {
		one[e] = all[e*n+lane]
	}
}
