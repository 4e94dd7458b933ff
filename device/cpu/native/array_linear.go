package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// arrayRoutine is a routine for matrices of certain sizes: it is written once, and
// called with the addresses of the result and of the operands.
type arrayRoutine struct {
	what       routineKind
	n, k, m    int
	transposeA bool
	transposeB bool
	from, to   int // of a transposition: how far rows are apart
	triangle   triangleKind
}

// triangleKind says which part of a matrix to transpose.
type triangleKind uint8

const (
	wholeMatrix   triangleKind = iota
	lowerTriangle              // what is above the diagonal need not be transposed
	upperTriangle              // what is below the diagonal becomes zero
)

type routineKind uint8

const (
	routineProduct   routineKind = iota // out (n,m) = left (n,k) right (k,m)
	routineTranspose                    // out (m,n) = left (n,m)
	routineCholesky                     // out (n,n) = the factor of left
	routineAdjoint                      // out (n,n) = the cotangent of a matrix for its factor left and that one's cotangent right
	routineLow                          // left (n,n) out = right (n,m)
	routineLowT                         // left' out = right
	routineSolve                        // left out = right; third has n*n elements
	routineEliminate                    // out (n) = the diagonal of left brought to triangular form; third has n*n elements
)

// call calls a routine.
func (c *arrayCompiler) call(r arrayRoutine) {
	l, ok := c.routines[r]
	if !ok {
		l = c.NewLabel()
		c.routines[r] = l
		c.pending = append(c.pending, r)
	}
	c.Call(l)
}

// routine writes a routine.
func (c *arrayCompiler) routine(r arrayRoutine) {
	switch r.what {
	case routineProduct:
		c.product(r)
	case routineTranspose:
		c.transpose(r)
	case routineCholesky:
		c.cholesky(r.n)
	case routineAdjoint:
		c.choleskyAdjoint(r.n)
	case routineLow:
		c.triangular(r.n, r.m, false)
	case routineLowT:
		c.triangular(r.n, r.m, true)
	case routineSolve:
		c.solve(r.n, r.m)
	case routineEliminate:
		c.diagonal(r.n)
	}
}

// linear writes an operation of linear algebra.
func (c *arrayCompiler) linear(i *shaders.ArrayInstruction) {
	r := arrayRoutine{n: i.N}
	third := false
	switch i.Op {
	case shaders.ArrayMatMul:
		r.what, r.k, r.m, r.transposeA, r.transposeB = routineProduct, i.K, i.M, i.TransposeA, i.TransposeB
	case shaders.ArrayCholesky:
		r.what = routineCholesky
	case shaders.ArrayCholeskyAdjoint:
		r.what = routineAdjoint
	case shaders.ArraySolveLow:
		r.what, r.m = routineLow, i.M
	case shaders.ArraySolveLowT:
		r.what, r.m = routineLowT, i.M
	case shaders.ArraySolve:
		r.what, r.m, third = routineSolve, i.M, true
	default:
		c.Fail("no code for array operation %d", i.Op)
		return
	}
	c.address(&i.Out, arrayOut)
	c.address(&i.A, arrayLeft)
	if i.Op != shaders.ArrayCholesky {
		c.address(&i.B, arrayRight)
	}
	if third {
		c.address(&i.C, arrayThird)
	}
	c.call(r)
}

// logDeterminant writes the sum of the logarithms of the diagonal of a matrix that is
// brought to triangular form.
func (c *arrayCompiler) logDeterminant(i *shaders.ArrayInstruction) {
	place := c.reserve(i.N*c.size + lineBytes)
	c.Address(arrayOut, amd64.At(arrayFrame, place))
	c.address(&i.A, arrayLeft)
	c.address(&i.C, arrayThird)
	c.call(arrayRoutine{what: routineEliminate, n: i.N})
	span := shaders.Span{Offset: place / c.size}
	g := &arrayGroup{c: c, n: i.N, known: map[spanKey]shaders.Value{}}
	g.kernel.Chains = 1
	none := shaders.NoValue
	g.emit(shaders.Instruction{Op: shaders.OpItem, Type: shaders.Int})
	x := g.load(&span)
	x = g.emit(shaders.Instruction{Op: shaders.OpAbs, Type: shaders.Float, A: x, B: none, C: none})
	x = g.emit(shaders.Instruction{Op: shaders.OpLog, Type: shaders.Float, A: x, B: none, C: none})
	g.emit(shaders.Instruction{Op: shaders.OpStore, A: 0, B: x, C: none, Buffer: g.operand(&span, false, nil)})
	g.write()
	c.Address(arrayLeft, amd64.At(arrayFrame, place))
	c.address(&i.Out, arrayOut)
	c.sum(i.N)
}
