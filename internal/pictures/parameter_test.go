package pictures

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
)

// quantiles are draws without noise: quantiles of a distribution, dealt to chains.
func quantiles(chains, draws int, of func(p float64) float64) [][]float64 {
	n := chains * draws
	out := make([][]float64, chains)
	for i := range n {
		k := i * 7919 % n // 7919 is a prime that does not divide n
		out[i%chains] = append(out[i%chains], of((float64(k)+0.5)/float64(n)))
	}
	return out
}

func exponential(p float64) float64 { return -math.Log1p(-p) }

// TestDensity: a density with a bound is right up to the bound, on the scale of the
// axis, and integrates to 1.
func TestDensity(t *testing.T) {
	q := Parameter{Name: "x", Draws: quantiles(4, 5000, exponential), High: math.Inf(1)}
	sorted := q.pooled()
	f := q.density(sorted, false)
	for _, x := range []float64{0.01, 0.1, 0.5, 1, 2, 4} {
		require.InDelta(t, math.Exp(-x), f(x), 0.07, "at %v", x)
	}
	require.Zero(t, f(-0.1))
	byLog := q.density(sorted, true)
	for _, x := range []float64{0.1, 0.5, 1, 2} {
		require.InEpsilon(t, x*math.Exp(-x), byLog(x), 0.05, "log at %v", x)
	}
	uniform := Parameter{Draws: quantiles(2, 5000, func(p float64) float64 { return 2*p - 1 }), Low: -1, High: 1}
	f = uniform.density(uniform.pooled(), false)
	sum := 0.0
	for i := range 1000 {
		x := -1 + 2*(float64(i)+0.5)/1000
		require.InDelta(t, 0.5, f(x), 0.02, "at %v", x)
		sum += f(x) * 2 / 1000
	}
	require.InDelta(t, 1, sum, 1e-3)
	require.Zero(t, f(1.01))
}

// TestRankCounts: ranks by chain, equal draws shared fairly.
func TestRankCounts(t *testing.T) {
	require.Equal(t, [][]float64{{2, 0}, {0, 2}}, rankCounts([][]float64{{1, 2}, {3, 4}}, 2))
	require.Equal(t, [][]float64{{1, 1}, {1, 1}}, rankCounts([][]float64{{1, 1}, {1, 1}}, 2))
	for _, draws := range [][][]float64{quantiles(3, 101, exponential), {{1, 1, 1, 2}, {0, 1, 1, 5}}} {
		counts := rankCounts(draws, 5)
		bins := make([]float64, 5)
		for c, row := range counts {
			sum := 0.0
			for b, n := range row {
				sum += n
				bins[b] += n
			}
			require.InDelta(t, len(draws[c]), sum, 1e-9)
		}
		total := float64(len(draws) * len(draws[0]))
		for _, n := range bins {
			require.InDelta(t, total/5, n, 1)
		}
	}
}

func TestAutocorrelation(t *testing.T) {
	_, ys := autocorrelation([]float64{1, -1, 1, -1, 1, -1, 1, -1}, 2)
	require.InDeltaSlice(t, []float64{1, -7.0 / 8, 6.0 / 8}, ys, 1e-12)
}

func TestFractionalRanks(t *testing.T) {
	require.Equal(t, []float64{4, 1.5, 3, 1.5}, fractionalRanks([]float64{9, 2, 5, 2}))
}

// TestEnvelope: of many draws each column keeps its extremes.
func TestEnvelope(t *testing.T) {
	chain := make([]float64, 10_000)
	chain[1234], chain[7777] = 5, -3
	xs, ys := envelope(chain, 100)
	require.Len(t, xs, 200)
	for i, y := range ys {
		require.True(t, i == 0 || xs[i] >= xs[i-1])
		if y != 0 {
			require.Contains(t, []float64{1235, 7778}, xs[i])
		}
	}
	require.Contains(t, ys, 5.0)
	require.Contains(t, ys, -3.0)
}

// parameterPictures are all pictures of parameters.
func parameterPictures(parameters []Parameter, divergent [][]bool) map[string]*Picture {
	all := map[string]*Picture{"density": Densities(parameters), "trace": Traces(parameters), "rank": Ranks(parameters),
		"autocorrelation": Autocorrelations(parameters), "pairs": Pairs(parameters, divergent)}
	if len(parameters) > 0 {
		all["energy"] = Energies(parameters[0].Draws, make([]float64, len(parameters[0].Draws)))
	}
	return all
}

// TestParameterPictures: of one and many parameters and chains, few and many draws, and
// of draws that are all one, not finite, or span many powers of ten.
func TestParameterPictures(t *testing.T) {
	normal := func(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
	for _, size := range [][2]int{{1, 4}, {1, 500}, {4, 1000}, {3, 1}, {40, 20}} {
		chains, draws := size[0], size[1]
		parameters := []Parameter{
			{Name: "sigma_sq", Draws: quantiles(chains, draws, exponential), High: math.Inf(1), Prior: exponential, Exact: func(x float64) float64 { return math.Exp(-x) }},
			{Name: "correlation[a,b]", Draws: quantiles(chains, draws, func(p float64) float64 { return math.Tanh(normal(p)) }), Low: -1, High: 1},
			{Name: "constant", Draws: quantiles(chains, draws, func(float64) float64 { return 3 })},
			{Name: "not finite", Draws: quantiles(chains, draws, func(float64) float64 { return math.NaN() })},
			{Name: "some infinite", Draws: quantiles(chains, draws, func(p float64) float64 { return 1 / math.Max(p-0.4, 0) })},
			{Name: "many powers", Draws: quantiles(chains, draws, func(p float64) float64 { return math.Exp(20 * normal(p)) }), High: math.Inf(1)},
			{Name: "tiny", Draws: quantiles(chains, draws, func(p float64) float64 { return 1e-9 * p })},
			{Name: "far away", Draws: quantiles(chains, draws, func(p float64) float64 { return 1e7 + p })},
		}
		divergent := make([][]bool, chains)
		for c := range divergent {
			divergent[c] = make([]bool, draws)
			divergent[c][0] = true
		}
		for name, p := range parameterPictures(parameters, divergent) {
			t.Run(fmt.Sprint(name, chains, "x", draws), func(t *testing.T) {
				for _, format := range Formats {
					text := checkFile(t, p, format)
					require.NotContains(t, string(text), "NaN")
				}
			})
		}
		require.Contains(t, Pairs(parameters, divergent).Note, "The first 6 of 8 parameters.")
		drawn(t, Pairs(parameters[:2], divergent))
		for _, p := range []*Picture{Densities(parameters[:2]), Traces(parameters[:2]), Ranks(parameters[:2]), Autocorrelations(parameters[:2])} {
			drawn(t, p)
		}
	}
	many := make([]Parameter, MostPanels+5)
	for i := range many {
		many[i] = Parameter{Name: fmt.Sprintf("p%d", i), Draws: quantiles(2, 50, normal)}
	}
	p := Densities(many)
	require.Len(t, p.Panels, MostPanels)
	require.Contains(t, p.Note, "The first 24 of 29 parameters.")
	require.Len(t, p.Parts(), MostPanels)
}

// TestSameDrawsSameFile: a picture is a function of what it shows.
func TestSameDrawsSameFile(t *testing.T) {
	q := []Parameter{{Name: "a", Draws: quantiles(2, 1000, exponential)}, {Name: "b", Draws: quantiles(2, 1000, math.Sqrt)}}
	for _, format := range []string{"png", "svg"} {
		for _, make := range []func() *Picture{func() *Picture { return Densities(q) }, func() *Picture { return Pairs(q, nil) }} {
			require.True(t, bytes.Equal(checkFile(t, make(), format), checkFile(t, make(), format)))
		}
	}
}

// TestParseDimensions: sizes and what is wrong with them.
func TestParseDimensions(t *testing.T) {
	for text, want := range map[string]Dimensions{"16x10cm": {16 * vg.Centimeter, 10 * vg.Centimeter}, " 6 x 4 IN ": {6 * vg.Inch, 4 * vg.Inch},
		"160cmx100cm": {160 * vg.Centimeter, 100 * vg.Centimeter}, "500x400pt": {500, 400}} {
		got, err := ParseDimensions(text)
		require.NoError(t, err, text)
		require.InDelta(t, float64(want.Width), float64(got.Width), 1e-9, text)
		require.InDelta(t, float64(want.Height), float64(got.Height), 1e-9, text)
	}
	for _, text := range []string{"", "cm", "16cm", "16x10", "16x10px", "axbcm", "NaNx3cm", "infx3cm", "x10cm", "1x1cm", "0x0cm", "-5x5cm", "10x9000cm"} {
		_, err := ParseDimensions(text)
		require.Error(t, err, text)
		require.Contains(t, err.Error(), fmt.Sprintf("%q", text))
	}
}

// TestTicks: round numbers, written with the digits that they need.
func TestTicks(t *testing.T) {
	labels := func(low, high float64, most int) (all []string) {
		for _, tick := range (ticks{most}).Ticks(low, high) {
			all = append(all, tick.Label)
		}
		return all
	}
	require.Equal(t, []string{"0", "0.5", "1.0"}, labels(0, 1.2, 4))
	require.Equal(t, []string{"-2", "-1", "0", "1"}, labels(-2.5, 1.9, 5))
	require.Equal(t, []string{"0.001", "0.002"}, labels(0.0005, 0.0021, 3))
	require.Equal(t, []string{"0", "1e-6"}, labels(-1e-7, 1.2e-6, 2))
	require.Empty(t, labels(1, 1, 4))
	require.Empty(t, labels(math.NaN(), 1, 4))
	var logs []string
	for _, tick := range (logTicks{4}).Ticks(0.003, 20) {
		logs = append(logs, tick.Label)
	}
	require.Equal(t, []string{"0.01", "0.1", "1", "10"}, logs)
}

// TestSmallPictures: in a size that is too small for their text pictures shrink as a
// whole, and trees leave their names out.
func TestSmallPictures(t *testing.T) {
	var many []Parameter
	for i := range 12 {
		many = append(many, Parameter{Name: fmt.Sprintf("p%d", i), Draws: quantiles(2, 50, exponential)})
	}
	p := Densities(many)
	width, height := p.Size()
	require.Equal(t, 1.0, p.shrink(width, height))
	require.Equal(t, 1.0, p.shrink(0.7*width, 0.7*height))
	require.InDelta(t, 0.5, p.shrink(0.31*width, height), 1e-9)
	require.InDelta(t, 0.1, p.shrink(width, 0.062*height), 1e-9)
	tr := random(t, 60)
	p = StatesOnTree(tr, []Trait{waves(tr, "x", 0)}, Rectangular)
	require.Equal(t, 1.0, p.shrink(100, 100))
	for _, p := range []*Picture{p, Densities(many), Pairs(many, nil), Phenograms(tr, []Trait{waves(tr, "x", 0)})} {
		for _, format := range Formats {
			var out bytes.Buffer
			require.NoError(t, p.Write(&out, format, Dimensions{3 * vg.Centimeter, 2 * vg.Centimeter}))
			require.NotContains(t, out.String(), "NaN")
		}
	}
}
