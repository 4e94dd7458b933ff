package bffg_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tree"
)

func openCPU(t testing.TB, p device.Precision) device.Device {
	dev, err := cpu.Open(cpu.Options{Precision: p})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// onDevice runs a program for several equal chains and returns the fields of
// one of them.
func onDevice(t testing.TB, dev device.Device, chains, chain int) runner {
	return func(p *tree.Program, topology *tree.Topology, inputs map[string][]float64, outputs []string) (map[string][]float64, error) {
		run, err := plan.Compile(dev, p, topology, plan.Options{Chains: chains, Outputs: outputs})
		if err != nil {
			return nil, err
		}
		defer run.Close()
		for name, values := range inputs {
			repeated := values
			if run.Size(name) != len(values) {
				repeated = nil
				for _, x := range values {
					for range chains {
						repeated = append(repeated, x)
					}
				}
			}
			if err := run.Set(name, repeated); err != nil {
				return nil, err
			}
		}
		if err := run.Run(context.Background()); err != nil {
			return nil, err
		}
		result := map[string][]float64{}
		for _, name := range outputs {
			all := make([]float64, run.Size(name))
			if err := run.Get(name, all); err != nil {
				return nil, err
			}
			for i := chain; i < len(all); i += chains {
				result[name] = append(result[name], all[i])
			}
		}
		return result, nil
	}
}

// precisions are the tolerances of the golden figures: rounding of float64 sums,
// and of float32.
var precisions = map[string]struct {
	precision device.Precision
	tolerance float64
}{"float64": {device.Float64, 1e-9}, "float32": {device.Float32, 2e-4}}

func TestGoldenOnCPU(t *testing.T) {
	for name, p := range precisions {
		for _, chains := range []int{1, 3} {
			run := onDevice(t, openCPU(t, p.precision), chains, chains-1)
			t.Run(name+"/seed", func(t *testing.T) { checkSeed(t, run, p.tolerance) })
			t.Run(name+"/phylogenetic mean", func(t *testing.T) { checkPhyloMean(t, run, p.tolerance) })
			t.Run(name+"/discrete", func(t *testing.T) { checkDiscrete(t, run, p.tolerance) })
		}
	}
}

func checkDiscrete(t *testing.T, run runner, tolerance float64) {
	var golden struct{ Cases []discreteCase }
	readGolden(t, "discrete.json", &golden)
	for _, c := range golden.Cases {
		topology, _, err := tree.FromParents(c.Topology.Parents)
		require.NoError(t, err)
		g, err := autodiff.Gradient(c.program(t), "target", "theta", "z")
		require.NoError(t, err)
		got, err := run(g, topology, c.inputs(topology), []string{bffg.FieldPrecision, bffg.FieldPotential, bffg.FieldLogNorm, bffg.FieldAnchor,
			bffg.FieldState, bffg.FieldLogWeight, "target", autodiff.GradientName("theta"), autodiff.GradientName("z")})
		require.NoError(t, err)
		c.check(t, got, tolerance)
		forward, err := run(c.forward(t), topology, c.inputs(topology), []string{bffg.FieldState})
		require.NoError(t, err)
		for i, want := range byComponent(c.ForwardVal) {
			require.InDelta(t, want, forward[bffg.FieldState][i], tolerance*max(1, want, -want))
		}
	}
}
