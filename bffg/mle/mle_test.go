package mle_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/mle"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/tree"
)

// star is a root with as many tips as there are values.
func star(t testing.TB, traits ...[]float64) bffg.Data {
	n := len(traits[0])
	topology, _, err := tree.FromParents(make([]int, n+1))
	require.NoError(t, err)
	lengths := make([]float64, n+1)
	for v := 1; v <= n; v++ {
		lengths[v] = 2
	}
	return bffg.Data{Topology: topology, Lengths: lengths, Values: traits}
}

func openCPU(t testing.TB) device.Device {
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// exact takes the tip noise out of a model.
func exact(m *bffg.Model) *bffg.Model {
	m.TipNoise = false
	kept := m.Parameters[:0]
	for _, p := range m.Parameters {
		if p.Name != bffg.TipNoise {
			kept = append(kept, p)
		}
	}
	m.Parameters = kept
	return m
}

func maximise(t testing.TB, m *bffg.Model, data bffg.Data) *mle.Fit {
	target, err := bffg.NewLikelihood(m, data)
	require.NoError(t, err)
	f, err := mle.Maximise(context.Background(), openCPU(t), target, mle.Options{Seed: 1})
	require.NoError(t, err)
	return f
}

func values(n int, mean, sd float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + sd*math.Sin(1+3.7*float64(i))
	}
	return x
}

func moments(x []float64) (mean, square float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, square
}

// TestStar: on a star tree the estimates are the sample's mean and variance, with
// standard errors sqrt(v/n) and v sqrt(2/n); for two traits the sample's correlation r
// with (1-r^2)/sqrt(n).
func TestStar(t *testing.T) {
	a, b := values(40, 3, 2), values(40, -1, 0.5)
	for i := range b {
		b[i] += 0.2 * a[i] * math.Cos(float64(i*i))
	}
	n := float64(len(a))
	data := star(t, a, b)
	m := exact(bffg.BrownianMotion([]string{"a", "b"}, data))
	m.EstimateRoot(data)
	f := maximise(t, m, data)
	require.Equal(t, []string{"sigma_sq[a]", "sigma_sq[b]", "correlation[a,b]", "root[a]", "root[b]"}, f.Names)
	var mean, square [2]float64
	mean[0], square[0] = moments(a)
	mean[1], square[1] = moments(b)
	product := 0.0
	for i := range a {
		product += (a[i] - mean[0]) * (b[i] - mean[1]) / n
	}
	r := product / math.Sqrt(square[0]*square[1])
	for k := range 2 {
		variance, root := f.Estimates[k], f.Estimates[3+k]
		require.InEpsilon(t, square[k]/2, variance.Value, 1e-7)
		require.InEpsilon(t, square[k]/2*math.Sqrt(2/n), variance.Error, 1e-5)
		width := 1.959963984540054 * math.Sqrt(2/n) // on the log scale
		require.InEpsilon(t, square[k]/2*math.Exp(-width), variance.Low, 1e-5)
		require.InEpsilon(t, square[k]/2*math.Exp(width), variance.High, 1e-5)
		require.InEpsilon(t, mean[k], root.Value, 1e-7)
		require.InEpsilon(t, math.Sqrt(square[k]/n), root.Error, 1e-5)
	}
	require.InDelta(t, r, f.Estimates[2].Value, 1e-7)
	require.InEpsilon(t, (1-r*r)/math.Sqrt(n), f.Estimates[2].Error, 1e-5)
	want := 0.0
	for k := range 2 {
		want -= n / 2 * (math.Log(2*math.Pi*square[k]) + 1)
	}
	want -= n / 2 * math.Log(1-r*r)
	require.InDelta(t, want, f.LogLikelihood, 1e-8)
	require.Equal(t, f.Starts, f.Agreeing)
	require.Empty(t, f.Unidentified)
	require.InDelta(t, 2*5-2*want, f.AIC(), 1e-7)
	require.InDelta(t, f.AIC()+2*5*6/(80.-6), f.AICc(80), 1e-9)
	require.InDelta(t, 5*math.Log(80)-2*want, f.BIC(80), 1e-7)
	require.True(t, math.IsInf(f.AICc(6), 1))
}

// TestUnidentified: noise and evolution on a star cannot be told apart, nor can trend and
// root.
func TestUnidentified(t *testing.T) {
	data := star(t, values(30, 1, 1))
	m := bffg.BrownianMotion([]string{"a"}, data)
	m.EstimateRoot(data)
	f := maximise(t, m, data)
	_, square := moments(data.Values[0])
	if f.Estimates[0].AtBound || f.Estimates[1].AtBound {
		// One of them may do without the other.
		require.InEpsilon(t, square, 2*f.Estimates[0].Value+f.Estimates[1].Value, 1e-5)
	} else {
		require.Equal(t, [][]string{{"sigma_sq", "tau_sq"}}, f.Unidentified)
	}
	m = exact(bffg.Trend([]string{"a"}, data))
	m.EstimateRoot(data)
	f = maximise(t, m, data)
	require.Equal(t, [][]string{{"drift", "root"}}, f.Unidentified)
	for i, name := range f.Names {
		require.Equal(t, name != "sigma_sq", math.IsNaN(f.Estimates[i].Error), name)
	}
}

// TestBounds: tips that vary more between sisters than between clades have no
// phylogenetic signal, so that lambda ends at 0; and a root that is known leaves all
// else as it is.
func TestBounds(t *testing.T) {
	topology, err := tree.Symmetric(5, 2)
	require.NoError(t, err)
	lengths := make([]float64, topology.Size())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 1
	}
	x := make([]float64, topology.LeafCount())
	for i := range x {
		x[i] = float64(i%2)*2 - 1 + 0.1*math.Sin(float64(i))
	}
	data := bffg.Data{Topology: topology, Lengths: lengths, Values: [][]float64{x}}
	m := bffg.PagelLambda([]string{"a"}, data)
	m.EstimateRoot(data)
	f := maximise(t, m, data)
	lambda := f.Estimates[1]
	require.Equal(t, "lambda", f.Names[1])
	require.True(t, lambda.AtBound)
	require.Zero(t, lambda.Value)
	require.True(t, math.IsNaN(lambda.Error))
	_, square := moments(x)
	require.InEpsilon(t, square/5, f.Estimates[0].Value, 1e-6)
	require.False(t, math.IsNaN(f.Estimates[0].Error))
}

func TestErrors(t *testing.T) {
	data := bffg.SeedData()
	target, err := bffg.NewLikelihood(bffg.Seed(), data)
	require.NoError(t, err)
	_, err = mle.Maximise(context.Background(), openCPU(t), target, mle.Options{})
	require.ErrorContains(t, err, "has noise besides its parameters")
	m := bffg.Seed()
	m.SampleNoise = false
	target, err = bffg.NewLikelihood(m, data)
	require.NoError(t, err)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = mle.Maximise(ended, openCPU(t), target, mle.Options{})
	require.ErrorIs(t, err, context.Canceled)
}

// The built-in example: sixteen tips of a tree whose edges have length 1.
func ExampleMaximise() {
	m := bffg.Seed()
	m.SampleNoise = false // its likelihood has a closed form
	target, err := bffg.NewLikelihood(m, bffg.SeedData())
	if err != nil {
		log.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	f, err := mle.Maximise(context.Background(), dev, target, mle.Options{Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for i, name := range f.Names {
		fmt.Printf("%s %.4f (%.4f to %.4f)\n", name, f.Estimates[i].Value, f.Estimates[i].Low, f.Estimates[i].High)
	}
	// Output:
	// sigma_sq 0.4055 (0.1208 to 1.3610)
	// tau_sq 0.2028 (0.0050 to 8.1693)
}
