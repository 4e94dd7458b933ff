package bffg

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tree"
)

// LandmarkOptions are the settings of [Kunita]; the zero value of a field means its
// default.
type LandmarkOptions struct {
	Kernel     Kernel
	Steps      int     // Euler steps of an edge; default 100
	StepLength float64 // see [Continuous]
	Spacing    Spacing
	Bridge     Bridge
	Rounds     int // of refinement of the anchors; default 3
}

// Kunita is landmarks that move in a stochastic flow: dX = sigma(X) dW, where
// sigma sigma' = k_alpha K(|x_i - x_j| / k_sigma) kron I. The data hold the
// coordinates landmark by landmark (x1, y1, x2, y2, ...), in 2 or 3 dimensions, as
// the names of the traits do. The root's shape is pinned at the mean of the tips'
// until told otherwise, and the priors on the kernel take their scale from the
// data. The noise of the guided sweep is sampled along with the parameters.
func Kunita(coordinates []string, dimensions int, data Data, o LandmarkOptions) (*Model, error) {
	if dimensions < 1 || len(coordinates) == 0 || len(coordinates)%dimensions != 0 {
		return nil, fmt.Errorf("%d coordinates are no landmarks in %d dimensions", len(coordinates), dimensions)
	}
	if o.Steps == 0 {
		o.Steps = 100
	}
	if o.Rounds == 0 {
		o.Rounds = 3
	}
	mean := make([]float64, len(coordinates))
	for k := range data.Values {
		mean[k], _, _ = data.Moments(k)
	}
	height := data.Height()
	if height <= 0 {
		height = 1
	}
	variance := typicalVariance(data)
	return &Model{
		Name: "kunita", About: fmt.Sprintf("landmarks in a stochastic flow: dX = sigma(X) dW, kernel %v", o.Kernel),
		Traits: coordinates, TipNoise: true,
		Continuous: &Continuous{Points: len(coordinates) / dimensions, Dimensions: dimensions, Steps: o.Steps, StepLength: o.StepLength, Spacing: o.Spacing,
			Bridge: o.Bridge, Rounds: o.Rounds, Diffusion: o.Kernel.Flow, Amplitude: landmarkAmplitude, Follows: []string{KernelWidth}},
		Natural: []tree.Field{{Name: KernelAmplitude, Kind: tree.Chain}, {Name: KernelWidth, Kind: tree.Chain}},
		Parameters: []Parameter{
			{Name: KernelAmplitude, Labels: []string{""}, Prior: prior.InverseGamma(2, roundTo(variance/height)), About: "variance of a landmark per unit of edge length and dimension"},
			{Name: KernelWidth, Labels: []string{""}, Prior: prior.InverseGamma(3, roundTo(meanDistance(mean, dimensions))), About: "distance over which landmarks move together"},
			{Name: TipNoise, Labels: []string{""}, Prior: roundedLogNormal(variance/20, 1), About: "variance of the observed coordinates around the tips' shapes"},
		},
		Root: RootPinned, RootValue: mean, SampleNoise: true,
	}, nil
}

// meanDistance is the mean distance between two landmarks of a shape, or 1.
func meanDistance(shape []float64, dimensions int) float64 {
	sum, pairs := 0.0, 0
	for i := 0; i < len(shape); i += dimensions {
		for j := 0; j < i; j += dimensions {
			squared := 0.0
			for c := range dimensions {
				squared += (shape[i+c] - shape[j+c]) * (shape[i+c] - shape[j+c])
			}
			sum += math.Sqrt(squared)
			pairs++
		}
	}
	if sum <= 0 || math.IsNaN(sum) {
		return 1
	}
	return sum / float64(pairs)
}

//go:embed kunita_data.csv
var kunitaObservations string

// KunitaData is the built-in example of shapes, that of hyperiax's notebook 07: a
// ternary tree with 9 leaves and edges of length 1, and shapes of 16 landmarks in
// the plane that were simulated from the unit circle with k_alpha = 0.1, k_sigma =
// 0.25 and observations of variance 0.001.
func KunitaData() (data Data, coordinates []string, root []float64) {
	topology, err := tree.Symmetric(2, 3)
	if err != nil {
		panic("bffg: the built-in tree is invalid")
	}
	lengths := make([]float64, topology.Size())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 1
	}
	rows, err := csv.NewReader(strings.NewReader(kunitaObservations)).ReadAll()
	if err != nil || len(rows) < 2 {
		panic("bffg: the built-in shapes are invalid")
	}
	coordinates = rows[0][1:]
	data = Data{Topology: topology, Lengths: lengths, Values: make([][]float64, len(coordinates))}
	for _, row := range rows[1:] {
		for k, cell := range row[1:] {
			x, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				panic("bffg: the built-in shapes are invalid")
			}
			data.Values[k] = append(data.Values[k], x)
		}
	}
	for k := range len(coordinates) / 2 {
		angle := 2 * math.Pi * float64(k) / float64(len(coordinates)/2)
		root = append(root, math.Cos(angle), math.Sin(angle))
	}
	return data, coordinates, root
}

// KunitaExample is the model of [KunitaData] with the priors of hyperiax's notebook
// 07, its root pinned at the unit circle and the variance of the observations known.
func KunitaExample(o LandmarkOptions) (*Model, Data, error) {
	data, coordinates, root := KunitaData()
	m, err := Kunita(coordinates, 2, data, o)
	if err != nil {
		return nil, Data{}, err
	}
	m.RootValue = root
	m.Parameters[0].Prior, m.Parameters[1].Prior = prior.InverseGamma(2, 0.5), prior.InverseGamma(3, 2)
	m.Parameters[2].Fixed = []float64{0.001}
	return m, data, nil
}
