package prior_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
)

// TestDensitiesIntegrateToOne: the density of the unconstrained value, Jacobian
// included, integrates to 1 for every family.
func TestDensitiesIntegrateToOne(t *testing.T) {
	for _, text := range []string{"normal(1,2)", "lognormal(-1,0.5)", "half_normal(3)", "exponential(0.7)", "gamma(2.5,1.5)",
		"inverse_gamma(2,0.01)", "inverse_gamma(3,2)", "uniform(-2,5)", "log_uniform(0.00001,0.1)"} {
		d, err := prior.Parse(text)
		require.NoError(t, err)
		again, err := prior.Parse(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
		u := tensor.Input("u")
		x, jacobian := d.Constrain(u)
		density := tensor.Simplify(d.LogDensity(x).Add(jacobian), x)
		sum := 0.0
		const low, high, n = -60.0, 60.0, 24000
		for i := range n {
			at := low + (high-low)*(float64(i)+0.5)/n
			out, err := tensor.Evaluate(density, map[*tensor.Node][]float64{u.Node(): {at}})
			require.NoError(t, err)
			if p := math.Exp(out[0][0]); !math.IsNaN(p) { // far out the natural value overflows
				sum += p * (high - low) / n
			}
			if math.Abs(at) < 10 {
				require.InDelta(t, at, d.Unconstrain(out[1][0]), 1e-6, text)
			}
		}
		require.InDelta(t, 1, sum, 1e-6, text)
	}
}

// TestCorrelationFactor: L is the factor of a correlation matrix, and for two
// traits the density is that of LKJ, (1-r^2)^(shape-1) up to its constant, with
// the Jacobian of r = tanh(u).
func TestCorrelationFactor(t *testing.T) {
	u := tensor.Input("u", 6)
	factor, _ := prior.LKJ(2).CorrelationFactor(u, 4)
	out, err := tensor.Evaluate([]tensor.Value{factor.MatMul(factor.Transpose()).Diagonal(), factor},
		map[*tensor.Node][]float64{u.Node(): {0.3, -1, 0.5, 2, -0.2, 0.7}})
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1, 1, 1, 1}, out[0], 1e-14)
	for i := range 4 {
		for j := i + 1; j < 4; j++ {
			require.Zero(t, out[1][i*4+j])
		}
	}
	single := tensor.Input("u", 1)
	for _, shape := range []float64{1, 2.5} {
		_, density := prior.LKJ(shape).CorrelationFactor(single, 2)
		for _, x := range []float64{-1.5, 0, 0.4} {
			out, err := tensor.Evaluate([]tensor.Value{density}, map[*tensor.Node][]float64{single.Node(): {x}})
			require.NoError(t, err)
			r := math.Tanh(x)
			require.InDelta(t, shape*math.Log(1-r*r), out[0][0], 1e-12)
		}
	}
}

// TestCorrelationJacobian: for three traits the map from u to the correlations has the
// Jacobian that the density claims, by finite differences.
func TestCorrelationJacobian(t *testing.T) {
	u := tensor.Input("u", 3)
	const shape = 1.7
	factor, density := prior.LKJ(shape).CorrelationFactor(u, 3)
	correlation := factor.MatMul(factor.Transpose())
	at := func(x []float64) ([]float64, float64) {
		out, err := tensor.Evaluate([]tensor.Value{correlation, density}, map[*tensor.Node][]float64{u.Node(): x})
		require.NoError(t, err)
		c := out[0]
		return []float64{c[3], c[6], c[7]}, out[1][0]
	}
	x := []float64{0.4, -0.6, 0.9}
	var jacobian [3][3]float64
	for j := range 3 {
		const h = 1e-6
		up, down := append([]float64(nil), x...), append([]float64(nil), x...)
		up[j] += h
		down[j] -= h
		high, _ := at(up)
		low, _ := at(down)
		for i := range 3 {
			jacobian[i][j] = (high[i] - low[i]) / (2 * h)
		}
	}
	m := jacobian
	det := m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) - m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) + m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
	r, got := at(x)
	detR := 1 + 2*r[0]*r[1]*r[2] - r[0]*r[0] - r[1]*r[1] - r[2]*r[2]
	require.InDelta(t, (shape-1)*math.Log(detR)+math.Log(math.Abs(det)), got, 1e-7)
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "is not a distribution",
		"normal":             "is not a distribution; write one of normal(mean,sd)",
		"normal(0,1":         "is not a distribution",
		"normal(0)":          "takes 2 numbers (mean, sd), has 1",
		"normal(0,x)":        `"x" is not a number`,
		"normal(0,0)":        "sd is 0; it must be positive",
		"normal(nan,1)":      "mean is NaN; it must be a finite number",
		"lognormal(0,-1)":    "sd of log is -1; it must be positive",
		"inverse_gamma(0,1)": "shape is 0; it must be positive",
		"uniform(2,1)":       "the lower bound 2 is not below the upper bound 1",
		"log_uniform(0,1)":   "lower is 0; it must be positive",
		"cauchy(0,1)":        `there is no distribution "cauchy"`,
		"exponential(inf)":   "rate is +Inf; it must be a finite number",
	} {
		_, err := prior.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range append(prior.Families(), "normal(0,1)", "uniform(1,2)", "lkj(1)", " gamma( 1 , 2 ) ", "(", "normal()") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := prior.Parse(text)
		if err != nil {
			return
		}
		again, err := prior.Parse(d.String())
		if err == nil && again.Family != d.Family {
			t.Fatalf("%q became %q", d, again)
		}
	})
}
