package sde_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/sde"
	"github.com/hxgpu/hxgpu/tensor"
)

// TestErrors: a mistake says what was wrong and what is needed.
func TestErrors(t *testing.T) {
	zero, one := tensor.Constant(0), tensor.Constant(1)
	v2, v3, m32 := tensor.Zeros(2), tensor.Zeros(3), tensor.Zeros(3, 2)
	same := func(_, y tensor.Value) tensor.Value { return y }
	constant := func(v tensor.Value) sde.Function { return func(_, _ tensor.Value) tensor.Value { return v } }
	solve := func(m sde.SDE, d sde.Diffusion, x0, z tensor.Value) func() {
		return func() { sde.SolveSDE(m, same, d, x0, zero, one, z) }
	}
	cases := map[string]func(){
		"SolveODE: 0 steps; there must be at least 1":                   func() { sde.SolveODE(sde.RK4, same, v2, zero, one, 0) },
		"SolveODE: the last time has shape (2); it must have shape ()":  func() { sde.SolveODE(sde.RK4, same, v2, zero, v2, 1) },
		"SolveODE: the initial state is the zero Value":                 func() { sde.SolveODE(sde.RK4, same, tensor.Value{}, zero, one, 1) },
		"ODE step: the rate has shape (3); it must have shape (2)":      func() { sde.SolveODE(sde.RK4, constant(v3), v2, zero, one, 1) },
		"ODE step: there is no method ODE(9): use Euler, Heun":          func() { sde.SolveODE(9, same, v2, zero, one, 1) },
		"SolveSDE: the noise is a scalar; it needs a row for every":     solve(sde.EulerMaruyama, sde.Diagonal(same), v2, one),
		"SDE step: the noise has shape (2); it must have shape (3)":     solve(sde.EulerMaruyama, sde.Diagonal(same), v3, m32),
		"SDE step: the diffusion has shape (3); it must have shape (2)": solve(sde.EulerMaruyama, sde.Diagonal(constant(v3)), v2, m32),
		"SDE step: the diffusion has shape (3,2); it must have shape":   solve(sde.Milstein, sde.Diagonal(constant(m32)), v2, m32),
		"SDE step: a diffusion of shape (2) does not fit a state":       solve(sde.EulerMaruyama, sde.General(same), v2, m32),
		"SDE step: a diffusion of shape (3,2) does not fit a state":     solve(sde.EulerMaruyama, sde.General(constant(m32)), v2, m32),
		"SDE step: Milstein's scheme needs diagonal noise":              solve(sde.Milstein, sde.General(constant(m32)), v3, m32),
		"SDE step: the diffusion is the zero Diffusion":                 solve(sde.Milstein, sde.Diffusion{}, v2, m32),
		"SDE step: there is no method SDE(7)":                           solve(7, sde.Diagonal(same), v2, m32),
		"SDE step: the drift has shape (3); it must have shape (2)": func() {
			sde.SolveSDE(sde.Milstein, constant(v3), sde.Diagonal(same), v2, zero, one, m32)
		},
	}
	for want, mistake := range cases {
		require.ErrorContains(t, tensor.Trace(mistake), want)
	}
}
