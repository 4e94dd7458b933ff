package sde_test

import (
	"fmt"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/sde"
	"github.com/hxgpu/hxgpu/tensor"
)

// Exponential decay, y' = -rate y, and how the end depends on the rate.
func ExampleSolveODE() {
	rate := tensor.Input("rate")
	final, _ := sde.SolveODE(sde.RK4, func(_, y tensor.Value) tensor.Value { return y.Mul(rate).Neg() },
		tensor.Constant(1), tensor.Constant(0), tensor.Constant(2), 50)
	slope := autodiff.VJP([]tensor.Value{final}, []tensor.Value{tensor.Constant(1)}, []tensor.Value{rate})[0]
	out, err := tensor.Evaluate(tensor.Simplify(final, slope), map[*tensor.Node][]float64{rate.Node(): {0.5}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("y(2) = %.6f, dy(2)/drate = %.6f\n", out[0][0], out[1][0])
	// Output: y(2) = 0.367879, dy(2)/drate = -0.735759
}

// Geometric Brownian motion by Milstein's scheme, with four steps of given noise.
func ExampleSolveSDE() {
	z := tensor.ConstantVector(0.5, -1, 0.25, 1.5)
	_, path := sde.SolveSDE(sde.Milstein,
		func(_, x tensor.Value) tensor.Value { return x.Scale(0.1) },
		sde.Diagonal(func(_, x tensor.Value) tensor.Value { return x.Scale(0.2) }),
		tensor.Constant(1), tensor.Constant(0), tensor.Constant(1), z)
	out, err := tensor.Evaluate([]tensor.Value{path}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", out[0])
	// Output: [1.0000 1.0713 0.9909 1.0358 1.2235]
}

// Two points in the plane that one three-dimensional noise per coordinate moves, in
// a loop of one's own that also gathers the length of the way.
func ExampleSDE_Step() {
	z := tensor.Fill(1, 4, 3, 2)
	sigma := tensor.ConstantMatrix([][]float64{{1, 0.5, 0}, {0, 0.5, 1}})
	still := func(_, x tensor.Value) tensor.Value { return tensor.Zeros(x.Shape()...) }
	noise := sde.General(func(_, _ tensor.Value) tensor.Value { return sigma })
	h := tensor.Constant(0.25)
	start := []tensor.Value{tensor.Zeros(2, 2), tensor.Constant(0)}
	final, _ := tensor.Loop(4, start, []tensor.Value{z}, func(s tensor.Step) (next, stacked []tensor.Value) {
		x := sde.EulerMaruyama.Step(still, noise, s.Index.Mul(h), s.Carried[0], h, s.Sliced[0])
		way := x.Sub(s.Carried[0]).Square().Sum().Sqrt()
		return []tensor.Value{x, s.Carried[1].Add(way)}, nil
	})
	out, err := tensor.Evaluate(final, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f after a way of %.1f\n", out[0], out[1])
	// Output: [3.0 3.0 3.0 3.0] after a way of [6.0]
}
