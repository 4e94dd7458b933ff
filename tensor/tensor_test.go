package tensor_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tensor"
)

func evaluate(t *testing.T, v tensor.Value, inputs map[*tensor.Node][]float64) []float64 {
	t.Helper()
	plain, err := tensor.Evaluate([]tensor.Value{v}, inputs)
	require.NoError(t, err)
	simplified, err := tensor.Evaluate(tensor.Simplify(v), inputs)
	require.NoError(t, err)
	for i := range plain[0] {
		require.InDelta(t, plain[0][i], simplified[0][i], 1e-12*(1+math.Abs(plain[0][i])), "simplified")
	}
	return plain[0]
}

func TestLinearAlgebra(t *testing.T) {
	a := tensor.ConstantMatrix([][]float64{{0, 2, 1}, {1, 0, 3}, {2, 1, 0}}) // needs row exchanges
	x := tensor.ConstantVector(1, -2, 3)
	require.InDeltaSlice(t, []float64{1, -2, 3}, evaluate(t, a.Solve(a.MatMul(x)), nil), 1e-14)
	require.InDelta(t, math.Log(13), evaluate(t, a.LogDet(), nil)[0], 1e-14)
	identity := evaluate(t, a.MatMul(a.Inverse()), nil)
	for k, v := range identity {
		want := 0.0
		if k%4 == 0 {
			want = 1
		}
		require.InDelta(t, want, v, 1e-14)
	}
	spd := a.MatMul(a.Transpose())
	l := spd.Cholesky()
	require.InDeltaSlice(t, evaluate(t, spd, nil), evaluate(t, l.MatMul(l.Transpose()), nil), 1e-13)
	require.InDelta(t, 2*math.Log(13), evaluate(t, spd.LogDetPositive(), nil)[0], 1e-13)
	require.InDeltaSlice(t, evaluate(t, spd.Solve(x), nil), evaluate(t, spd.SolvePositive(x), nil), 1e-12)
	require.InDeltaSlice(t, evaluate(t, x, nil), evaluate(t, l.SolveLowerTransposed(l.Transpose().MatMul(x)), nil), 1e-13)
}

func TestShapes(t *testing.T) {
	m := tensor.ConstantMatrix([][]float64{{1, 2, 3}, {4, 5, 6}})
	require.Equal(t, []float64{1, 4, 2, 5, 3, 6}, evaluate(t, m.Transpose(), nil))
	require.Equal(t, []float64{6}, evaluate(t, m.At(1, 2), nil))
	require.Equal(t, []float64{21}, evaluate(t, m.Sum(), nil))
	require.Equal(t, []float64{1, 0, 0, 2}, evaluate(t, tensor.ConstantVector(1, 2).Diag(), nil))
	require.Equal(t, []float64{1, 4}, evaluate(t, tensor.ConstantMatrix([][]float64{{1, 2}, {3, 4}}).Diagonal(), nil))
	require.Equal(t, []float64{3, 4, 6, 8}, evaluate(t, tensor.ConstantVector(1, 2).Outer(tensor.ConstantVector(3, 4)), nil))
	require.Equal(t, []float64{1, 0, 2, 0, 0, 1, 0, 2}, evaluate(t, tensor.ConstantMatrix([][]float64{{1, 2}}).KroneckerIdentity(2), nil))
	require.Equal(t, tensor.Shape{2, 4}, tensor.ConstantMatrix([][]float64{{1, 2}}).KroneckerIdentity(2).Shape())
	require.Equal(t, []float64{1, 2, 3}, evaluate(t, tensor.Concat(tensor.Constant(1), tensor.ConstantVector(2, 3)), nil))
	require.Equal(t, []float64{5, 7}, evaluate(t, tensor.Constant(4).Add(tensor.ConstantVector(1, 3)), nil))
}

// TestErrors: a mistake names the operation, the shapes and the line.
func TestErrors(t *testing.T) {
	v2, v3, m := tensor.Zeros(2), tensor.Zeros(3), tensor.Zeros(2, 3)
	cases := map[string]func(){
		"Add: shapes (2) and (3) do not fit":                                         func() { v2.Add(v3) },
		"MatMul: shapes (2,3) and (2) do not fit":                                    func() { m.MatMul(v2) },
		"MatMul: shapes (2) and (2) do not fit":                                      func() { v2.MatMul(v2) },
		"Cholesky: needs a square matrix, has shape (2,3)":                           func() { m.Cholesky() },
		"LogDet: needs a matrix, has a value of shape (2)":                           func() { v2.LogDet() },
		"Solve: a matrix of shape (3,3) does not fit a right-hand side of shape (2)": func() { tensor.Identity(3).Solve(v2) },
		"At: index [2] is outside shape (2)":                                         func() { v2.At(2) },
		"At: 1 indices for a value of shape (2,3)":                                   func() { m.At(0) },
		"Reshape: shape (2,3) has 6 elements, (5) has 5":                             func() { m.Reshape(5) },
		"Dot: shapes (2) and (3) do not fit":                                         func() { v2.Dot(v3) },
		"Gather: index 2 is outside a value of shape (2)":                            func() { v2.Gather([]int{2}) },
		"Scatter: 1 indices for a value of shape (2)":                                func() { v2.Scatter([]int{0}) },
		"Spread: a value of shape (2) is not a scalar":                               func() { v2.Spread(3) },
		"Select: a condition of shape (2) does not fit values of shape (3)":          func() { tensor.Select(v2.Less(v2), v3, v3) },
		"ConstantMatrix: row 2 has 1 elements, row 1 has 2":                          func() { tensor.ConstantMatrix([][]float64{{1, 2}, {3}}) },
		"ConstantMatrix: a matrix needs at least one row":                            func() { tensor.ConstantMatrix(nil) },
		"Exp: the operand is the zero Value":                                         func() { tensor.Value{}.Exp() },
		"Add: an operand is the zero Value":                                          func() { v2.Add(tensor.Value{}) },
		"Diag: needs a vector":                                                       func() { m.Diag() },
	}
	for want, mistake := range cases {
		err := tensor.Trace(mistake)
		require.Error(t, err, want)
		require.Regexp(t, `^tensor_test\.go:\d+: `, err.Error())
		require.ErrorContains(t, err, want)
	}
	require.NoError(t, tensor.Trace(func() {}))
	require.Panics(t, func() { _ = tensor.Trace(func() { panic("not a mistake of shape") }) })
	x := tensor.Input("x", 2)
	_, err := tensor.Evaluate([]tensor.Value{x}, map[*tensor.Node][]float64{x.Node(): {1}})
	require.ErrorContains(t, err, `input "x" of shape (2) has 1 elements bound`)
}

// TestSimplify: structure that follows from the algebra disappears.
func TestSimplify(t *testing.T) {
	x, y := tensor.Input("x", 2), tensor.Input("y", 2)
	same := func(want, v tensor.Value) {
		t.Helper()
		s := tensor.Simplify(want, v)
		require.Same(t, s[0].Node(), s[1].Node())
	}
	same(x, x.Add(tensor.Zeros(2)))
	same(x, x.Mul(tensor.Constant(1)))
	same(x, tensor.Identity(2).MatMul(x))
	same(x, tensor.Identity(2).Solve(x))
	same(x, x.Exp().Log())
	same(x, x.Neg().Neg())
	same(x, x.Reshape(2, 1).Transpose().Reshape(2))
	same(x, tensor.Concat(x, y).Gather([]int{0, 1}, 2))
	same(tensor.Zeros(2), x.Sub(x))
	same(tensor.Zeros(2), x.Mul(tensor.Zeros(2)))
	same(x.Add(y), y.Add(x))
	same(x.Sub(y), x.Add(y.Neg()))
	same(tensor.Constant(6), tensor.Constant(2).Mul(tensor.Constant(3)))
	same(x, tensor.Select(tensor.Constant(1).Less(tensor.Constant(2)), x, y))
	a := tensor.Input("a", 1, 1)
	same(a.Sqrt(), a.Cholesky())
	same(a.Scalar().Abs().Log(), a.LogDet())
	// Equal subexpressions are shared.
	s := tensor.Simplify(x.Exp().Add(y), x.Exp().Sub(y))
	require.Same(t, s[0].Node().Operands[0], s[1].Node().Operands[0])
}

// TestZeroPivots: the factor of a zero covariance is zero, and so are solutions with it.
func TestZeroPivots(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		l := tensor.Zeros(n, n).Cholesky()
		require.Equal(t, make([]float64, n*n), evaluate(t, l, nil))
		require.Equal(t, make([]float64, n), evaluate(t, l.SolveLower(tensor.Fill(1, n)), nil))
	}
}
