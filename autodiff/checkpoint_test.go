package autodiff_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// longLoop is a function of a vector, a row for every step and a matrix by a loop
// that uses everything a loop has.
func longLoop(steps int, backwards bool, x []tensor.Value) (final, stacked []tensor.Value) {
	loop := tensor.Loop
	if backwards {
		loop = tensor.LoopBackwards
	}
	return loop(steps, []tensor.Value{x[0], tensor.Constant(0.1)}, []tensor.Value{x[1]}, func(s tensor.Step) (next, stacked []tensor.Value) {
		y := x[2].MatMul(s.Carried[0]).Add(s.Sliced[0].Scale(0.2)).Add(s.Index.Scale(0.01)).Sin()
		return []tensor.Value{y, s.Carried[1].Add(y.Square().Sum().Tanh())}, []tensor.Value{y.Mul(s.Carried[1]), s.Index.Add(y.At(0))}
	})
}

// TestSegment: a loop in segments has the values and the gradient of the loop, for
// every length of the segments, remainders among them.
func TestSegment(t *testing.T) {
	const steps = 7
	for _, backwards := range []bool{false, true} {
		x := []tensor.Value{tensor.Input("start", 2), tensor.Input("slices", steps, 2), tensor.Input("matrix", 2, 2)}
		inputs := map[*tensor.Node][]float64{x[0].Node(): random(1, 2), x[1].Node(): random(2, 2*steps), x[2].Node(): random(3, 4)}
		final, stacked := longLoop(steps, backwards, x)
		loop := final[0].Node().Operands[0]
		require.Equal(t, tensor.OpLoop, loop.Op)
		want := append(final, stacked...)
		weighted := func(values []tensor.Value) []tensor.Value { // values, then the gradient of a sum of them
			sum := tensor.Constant(0)
			for i, v := range values {
				sum = sum.Add(v.Mul(tensor.ConstantVector(random(uint64(9+i), v.Shape().Size())...).Reshape(v.Shape()...)).Sum())
			}
			return tensor.Simplify(append(values, autodiff.VJP([]tensor.Value{sum}, []tensor.Value{tensor.Constant(1)}, x)...)...)
		}
		expected, err := tensor.Evaluate(weighted(want), inputs)
		require.NoError(t, err)
		for every := 1; every <= steps; every++ {
			final, stacked := autodiff.Segment(loop, every)
			got, err := tensor.Evaluate(weighted(append(final, stacked...)), inputs)
			require.NoError(t, err)
			for i := range expected {
				require.InDeltaSlice(t, expected[i], got[i], 1e-13, "segments of %d, backwards %v, result %d", every, backwards, i)
			}
		}
	}
	require.ErrorContains(t, tensor.Trace(func() { autodiff.Segment(tensor.Zeros(2).Node(), 1) }), "Segment: the node is a Const, not a loop")
	x := []tensor.Value{tensor.Zeros(2), tensor.Zeros(3, 2), tensor.Zeros(2, 2)}
	final, _ := longLoop(3, false, x)
	for _, every := range []int{0, 4} {
		require.ErrorContains(t, tensor.Trace(func() { autodiff.Segment(final[0].Node().Operands[0], every) }), fmt.Sprintf("segments of %d steps in a loop of 3", every))
	}
}

// TestSegmentLength holds the rule: short loops and loops that keep much of a step
// anyhow are left whole, others need about twice the square root of their steps.
func TestSegmentLength(t *testing.T) {
	length := func(steps, carried, sliced int) int {
		var l *tensor.LoopBody
		require.NoError(t, tensor.Trace(func() {
			final, _ := tensor.Loop(steps, []tensor.Value{tensor.Zeros(carried)}, []tensor.Value{tensor.Zeros(steps, sliced)}, func(s tensor.Step) (next, stacked []tensor.Value) {
				return []tensor.Value{s.Carried[0].Add(s.Sliced[0].Sum())}, nil
			})
			l = final[0].Node().Operands[0].Loop
		}))
		return autodiff.SegmentLength(l)
	}
	require.Equal(t, 0, length(15, 100, 1))
	require.Equal(t, 4, length(16, 100, 1))
	require.Equal(t, 10, length(100, 5, 1))
	require.Equal(t, 0, length(100, 4, 1))
	require.Equal(t, 8, length(97, 100, 1), "12 segments of 8 and one step more")
	for steps := 16; steps < 400; steps++ {
		every := length(steps, 5, 1)
		states := steps/every + steps%every + every
		require.LessOrEqual(t, states*states, 7*steps, "%d steps", steps)
	}
}

// riccati is a tree program with the loop of a matrix that grows along every edge: n
// x n elements carried and none sliced. A second loop starts where the first ends.
func riccati(t testing.TB, n, steps int) *tree.Program {
	schema, err := tree.NewSchema(tree.Field{Name: "H", Shape: tensor.Shape{n, n}}, tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{2}})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Up("filter", func(v *tree.UpView) {
		v.Write("H", v.Field("H").Add(v.Children(func(c *tree.ChildView) tensor.Value {
			a := tensor.Identity(n).Mul(c.Parameter("theta").At(0).Exp())
			loop := func(loop func(int, []tensor.Value, []tensor.Value, func(tensor.Step) (next, stacked []tensor.Value)) (final, stacked []tensor.Value), h tensor.Value) tensor.Value {
				final, _ := loop(steps, []tensor.Value{h}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
					h := s.Carried[0]
					drift := h.MatMul(a).MatMul(h).Sub(h.Mul(c.Parameter("theta").At(1)))
					return []tensor.Value{h.Sub(drift.Scale(0.1 / float64(steps)).Mul(s.Index.Scale(1 / float64(steps)).Shift(1)))}, nil
				})
				return final[0]
			}
			return loop(tensor.LoopBackwards, loop(tensor.Loop, c.Field("H")))
		}).Sum().Sin()))
	})
	p.Scalars("target", func(v *tree.ScalarView) { v.Write("target", v.AtRoot("H").Square().Sum()) })
	require.NoError(t, p.Err())
	return p
}

// starts is how many numbers a program stores of what steps began with, per node
// and chain.
func starts(p *tree.Program) int {
	size := 0
	for _, v := range p.Variables() {
		if strings.HasPrefix(v.Name, "starts of ") {
			size += v.Shape.Size()
		}
	}
	return size
}

// TestCheckpointedPrograms: the gradient of a program with segments is that without,
// and central differences', and needs memory for the square root of the steps.
func TestCheckpointedPrograms(t *testing.T) {
	const n, steps = 2, 39
	p := riccati(t, n, steps)
	for shape, topology := range topologies(t) {
		t.Run(shape, func(t *testing.T) {
			inputs := map[string][]float64{"H": random(4, n*n*topology.Size()), "theta": {0.2, -0.3}}
			for i := range inputs["H"] { // the equation blows up from large matrices
				inputs["H"][i] *= 0.3
			}
			for i := range inputs["H"] {
				inputs["H"][i] *= 0.3 // larger ones of the wrong sign grow without bound
			}
			checkProgram(t, p, topology, inputs, "H", "theta")
			whole, err := autodiff.GradientEvery(p, "target", storeAll, "H", "theta")
			require.NoError(t, err)
			segmented, err := autodiff.Gradient(p, "target", "H", "theta")
			require.NoError(t, err)
			require.Equal(t, 2*steps*n*n, starts(whole))
			require.Equal(t, 2*(6+3)*n*n, starts(segmented), "6 segments of 6 and 3 steps more, in each loop")
			want, err := tree.Evaluate(whole, topology, inputs)
			require.NoError(t, err)
			got, err := tree.Evaluate(segmented, topology, inputs)
			require.NoError(t, err)
			for _, name := range []string{"target", autodiff.GradientName("H"), autodiff.GradientName("theta")} {
				require.InDeltaSlice(t, want[name], got[name], 1e-11, name)
			}
			require.InDeltaSlice(t, want[autodiff.GradientName("H")], onCPU(t, segmented, topology, inputs, autodiff.GradientName("H")), 1e-11)
		})
	}
}

func storeAll(*tensor.LoopBody) int { return 0 }

// open compiles a program for one chain of the CPU with its inputs set.
func open(t testing.TB, p *tree.Program, topology *tree.Topology, inputs map[string][]float64, output string) *plan.Executable {
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(t, err)
	run, err := plan.Compile(dev, p, topology, plan.Options{Chains: 1, Outputs: []string{output}})
	require.NoError(t, err)
	for name, x := range inputs {
		require.NoError(t, run.Set(name, x))
	}
	return run
}

func onCPU(t testing.TB, p *tree.Program, topology *tree.Topology, inputs map[string][]float64, output string) []float64 {
	run := open(t, p, topology, inputs, output)
	defer run.Close()
	require.NoError(t, run.Run(context.Background()))
	out := make([]float64, run.Size(output))
	require.NoError(t, run.Get(output, out))
	return out
}

// TestLoopOfOneVector: a loop whose only result is one vector is used as it is, not
// through a part of it.
func TestLoopOfOneVector(t *testing.T) {
	schema, err := tree.NewSchema(tree.Field{Name: "x", Kind: tree.Chain, Shape: tensor.Shape{3}})
	require.NoError(t, err)
	topology, err := tree.Symmetric(0, 2)
	require.NoError(t, err)
	for _, steps := range []int{3, 20} {
		p := tree.NewProgram(schema)
		p.Scalars("target", func(v *tree.ScalarView) {
			final, _ := tensor.Loop(steps, []tensor.Value{v.Parameter("x")}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
				return []tensor.Value{s.Carried[0].Sin().Shift(0.1)}, nil
			})
			v.Write("target", final[0].Exp().Sum())
		})
		checkProgram(t, p, topology, map[string][]float64{"x": {0.3, -0.2, 1.1}}, "x")
	}
}

// BenchmarkCheckpoints compares the time of a gradient and the numbers stored per
// node and chain, with every start stored and with segments.
func BenchmarkCheckpoints(b *testing.B) {
	topology, err := tree.Symmetric(2, 2)
	require.NoError(b, err)
	for _, n := range []int{4, 16} {
		for _, steps := range []int{100, 400} {
			p := riccati(b, n, steps)
			inputs := map[string][]float64{"H": random(4, n*n*topology.Size()), "theta": {-1, -0.3}}
			for name, every := range map[string]func(*tensor.LoopBody) int{"whole": storeAll, "segments": autodiff.SegmentLength} {
				b.Run(fmt.Sprintf("%s/n=%d/steps=%d", name, n, steps), func(b *testing.B) {
					g, err := autodiff.GradientEvery(p, "target", every, "H", "theta")
					require.NoError(b, err)
					run := open(b, g, topology, inputs, autodiff.GradientName("theta"))
					defer run.Close()
					b.ResetTimer()
					for range b.N {
						require.NoError(b, run.Run(context.Background()))
					}
					b.ReportMetric(float64(starts(g)), "floats/node")
				})
			}
		}
	}
}
