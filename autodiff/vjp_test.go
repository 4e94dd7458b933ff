package autodiff_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/tensor"
)

// rule is one operation to differentiate: shapes of its inputs and the function.
type rule struct {
	name   string
	shapes []tensor.Shape
	build  func(x []tensor.Value) tensor.Value
	shift  float64 // added to random inputs, to stay inside a domain
}

func spd(x tensor.Value) tensor.Value {
	n := x.Shape()[0]
	return x.MatMul(x.Transpose()).Add(tensor.Identity(n))
}

func rules() []rule {
	v3, m3, s := tensor.Shape{3}, tensor.Shape{3, 3}, tensor.Shape{}
	one := func(name string, f func(tensor.Value) tensor.Value, shift float64) rule {
		return rule{name, []tensor.Shape{v3}, func(x []tensor.Value) tensor.Value { return f(x[0]) }, shift}
	}
	two := func(name string, f func(a, b tensor.Value) tensor.Value) rule {
		return rule{name, []tensor.Shape{v3, v3}, func(x []tensor.Value) tensor.Value { return f(x[0], x[1]) }, 0}
	}
	return []rule{
		one("neg", tensor.Value.Neg, 0), one("abs", tensor.Value.Abs, 0), one("sqrt", tensor.Value.Sqrt, 4),
		one("exp", tensor.Value.Exp, 0), one("log", tensor.Value.Log, 4), one("log1p", tensor.Value.Log1p, 3),
		one("expm1", tensor.Value.Expm1, 0), one("tanh", tensor.Value.Tanh, 0), one("sin", tensor.Value.Sin, 0),
		one("cos", tensor.Value.Cos, 0), one("sum", tensor.Value.Sum, 0), one("diag", tensor.Value.Diag, 0),
		two("add", tensor.Value.Add), two("sub", tensor.Value.Sub), two("mul", tensor.Value.Mul), two("div", tensor.Value.Div),
		two("min", tensor.Value.Min), two("max", tensor.Value.Max), two("outer", tensor.Value.Outer),
		two("select", func(a, b tensor.Value) tensor.Value { return tensor.Select(a.Less(b), a.Square(), b.Sin()) }),
		two("concat", func(a, b tensor.Value) tensor.Value { return tensor.Concat(a, b.Exp()).Square() }),
		{"spread", []tensor.Shape{s, v3}, func(x []tensor.Value) tensor.Value { return x[0].Mul(x[1]) }, 0},
		{"gather", []tensor.Shape{v3}, func(x []tensor.Value) tensor.Value { return x[0].Gather([]int{2, 0, 2, 1}, 2, 2).Sin() }, 0},
		{"scatter", []tensor.Shape{v3}, func(x []tensor.Value) tensor.Value { return x[0].Scatter([]int{1, 0, 1}, 2).Sin() }, 0},
		{"kronecker", []tensor.Shape{{2, 3}}, func(x []tensor.Value) tensor.Value { return x[0].KroneckerIdentity(2).Sin() }, 0},
		{"matmul", []tensor.Shape{{2, 3}, {3, 4}}, func(x []tensor.Value) tensor.Value { return x[0].MatMul(x[1]).Sin() }, 0},
		{"matvec", []tensor.Shape{m3, v3}, func(x []tensor.Value) tensor.Value { return x[0].MatMul(x[1]).Sin() }, 0},
		{"vecmat", []tensor.Shape{v3, m3}, func(x []tensor.Value) tensor.Value { return x[0].MatMul(x[1]).Sin() }, 0},
		{"cholesky", []tensor.Shape{m3}, func(x []tensor.Value) tensor.Value { return spd(x[0]).Cholesky().Sin() }, 0},
		{"cholesky 1", []tensor.Shape{{1, 1}}, func(x []tensor.Value) tensor.Value { return spd(x[0]).Cholesky().Sin() }, 0},
		{"solve lower", []tensor.Shape{m3, {3, 2}}, func(x []tensor.Value) tensor.Value { return spd(x[0]).Cholesky().SolveLower(x[1]) }, 0},
		{"solve lower transposed", []tensor.Shape{m3, v3}, func(x []tensor.Value) tensor.Value { return spd(x[0]).Cholesky().SolveLowerTransposed(x[1]) }, 0},
		{"solve lower 1", []tensor.Shape{{1, 1}, {1}}, func(x []tensor.Value) tensor.Value { return x[0].SolveLower(x[1]) }, 2},
		{"solve positive", []tensor.Shape{m3, v3}, func(x []tensor.Value) tensor.Value { return spd(x[0]).SolvePositive(x[1]) }, 0},
		{"solve", []tensor.Shape{m3, {3, 2}}, func(x []tensor.Value) tensor.Value { return x[0].Solve(x[1]) }, 0},
		{"inverse", []tensor.Shape{m3}, func(x []tensor.Value) tensor.Value { return x[0].Inverse() }, 0},
		{"log det", []tensor.Shape{m3}, func(x []tensor.Value) tensor.Value { return x[0].LogDet() }, 0},
		{"log det 1", []tensor.Shape{{1, 1}}, func(x []tensor.Value) tensor.Value { return x[0].LogDet() }, 0},
		{"log det positive", []tensor.Shape{m3}, func(x []tensor.Value) tensor.Value { return spd(x[0]).LogDetPositive() }, 0},
	}
}

func TestRulesAgainstFiniteDifferences(t *testing.T) {
	for _, r := range append(rules(), loops()...) {
		t.Run(r.name, func(t *testing.T) {
			inputs := make([]tensor.Value, len(r.shapes))
			bound := map[*tensor.Node][]float64{}
			for i, shape := range r.shapes {
				inputs[i] = tensor.Input("x", shape...)
				x := random(uint64(7+i), shape.Size())
				for k := range x {
					x[k] += r.shift
				}
				bound[inputs[i].Node()] = x
			}
			y := r.build(inputs)
			weights := random(99, y.Shape().Size())
			weighted := y.Mul(tensor.ConstantVector(weights...).Reshape(y.Shape()...)).Sum()
			gradients := tensor.Simplify(autodiff.VJP([]tensor.Value{weighted}, []tensor.Value{tensor.Constant(1)}, inputs)...)
			value := func() float64 {
				out, err := tensor.Evaluate(tensor.Simplify(weighted), bound)
				require.NoError(t, err)
				return out[0][0]
			}
			got, err := tensor.Evaluate(gradients, bound)
			require.NoError(t, err)
			for i := range inputs {
				x := bound[inputs[i].Node()]
				for k := range x {
					x0, h := x[k], 1e-6
					x[k] = x0 + h
					up := value()
					x[k] = x0 - h
					down := value()
					x[k] = x0
					require.InDelta(t, (up-down)/(2*h), got[i][k], 2e-6*(1+math.Abs(got[i][k])), "input %d element %d", i, k)
				}
			}
		})
	}
}

// TestZeroCovariance: the factor of a zero matrix has a finite gradient.
func TestZeroCovariance(t *testing.T) {
	for _, n := range []int{1, 3} {
		scale := tensor.Input("scale")
		l := tensor.Identity(n).Mul(scale).Cholesky()
		y := l.MatMul(tensor.Fill(1, n)).Sum().Add(l.SolveLower(tensor.Fill(1, n)).Sum())
		g := tensor.Simplify(append(autodiff.VJP([]tensor.Value{y}, []tensor.Value{tensor.Constant(1)}, []tensor.Value{scale}), y)...)
		out, err := tensor.Evaluate(g, map[*tensor.Node][]float64{scale.Node(): {0}})
		require.NoError(t, err)
		require.Equal(t, []float64{0}, out[0])
		require.Equal(t, []float64{0}, out[1])
	}
}

// loops are functions with loops to differentiate.
func loops() []rule {
	v2, m2 := tensor.Shape{2}, tensor.Shape{2, 2}
	return []rule{
		{"carried", []tensor.Shape{v2, m2}, func(x []tensor.Value) tensor.Value {
			final, _ := tensor.Loop(5, []tensor.Value{x[0]}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
				return []tensor.Value{x[1].MatMul(s.Carried[0]).Sin().Add(s.Index.Scale(0.1))}, nil
			})
			return final[0]
		}, 0},
		{"sliced and stacked", []tensor.Shape{v2, {4, 2}, {}}, func(x []tensor.Value) tensor.Value {
			final, stacked := tensor.LoopBackwards(4, []tensor.Value{x[0], tensor.Constant(1)}, []tensor.Value{x[1]}, func(s tensor.Step) (next, stacked []tensor.Value) {
				y := s.Carried[0].Mul(x[2].Exp()).Add(s.Sliced[0].Square())
				return []tensor.Value{y.Tanh(), s.Carried[1].Mul(y.Sum())}, []tensor.Value{y.Outer(y), s.Carried[1]}
			})
			return tensor.Concat(final[0], final[1], stacked[0], stacked[1].Sin())
		}, 0},
		{"nested", []tensor.Shape{v2, {3, 2, 2}}, func(x []tensor.Value) tensor.Value {
			final, _ := tensor.Loop(3, []tensor.Value{x[0]}, []tensor.Value{x[1]}, func(s tensor.Step) (next, stacked []tensor.Value) {
				inner, _ := tensor.Loop(2, []tensor.Value{s.Carried[0]}, []tensor.Value{s.Sliced[0]}, func(t tensor.Step) (next, stacked []tensor.Value) {
					return []tensor.Value{t.Carried[0].Mul(t.Sliced[0]).Add(x[0]).Sin()}, nil
				})
				return inner, nil
			})
			return final[0]
		}, 0},
		{"cholesky adjoint", []tensor.Shape{{3, 3}, {3, 3}}, func(x []tensor.Value) tensor.Value {
			return spd(x[0]).Cholesky().CholeskyAdjoint(x[1])
		}, 0},
	}
}
