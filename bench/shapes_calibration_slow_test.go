//go:build slow

package bench

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/calibration"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// shapeStudy is a small model of shapes: 5 landmarks in the plane at the 5 tips of a
// tree of 9 nodes with edges of unequal lengths, 8 steps an edge, all parameters unknown.
type shapeStudy struct {
	topology    *tree.Topology
	lengths     []float64
	coordinates []string
	root        []float64
	options     bffg.LandmarkOptions
	node        int // whose state's first coordinate is ranked
}

func newShapeStudy(o bffg.LandmarkOptions) (*shapeStudy, error) {
	topology, order, err := tree.FromParents([]int{0, 0, 0, 1, 1, 2, 2, 4, 4})
	if err != nil {
		return nil, err
	}
	s := &shapeStudy{topology: topology, lengths: make([]float64, topology.Size()), options: o, node: 1}
	for v := 1; v < len(s.lengths); v++ {
		s.lengths[v] = 0.3 + 0.2*float64(order[v]%4)
	}
	for k := range 10 {
		angle := 2 * math.Pi * float64(k/2) / 5
		s.coordinates = append(s.coordinates, fmt.Sprintf("%c%d", "xy"[k%2], k/2+1))
		s.root = append(s.root, []float64{math.Cos(angle), math.Sin(angle)}[k%2])
	}
	return s, nil
}

// model is the model with priors that do not come from the data.
func (s *shapeStudy) model(data bffg.Data) (*bffg.Model, error) {
	m, err := bffg.Kunita(s.coordinates, 2, data, s.options)
	if err != nil {
		return nil, err
	}
	m.RootValue = s.root
	priors := map[string]prior.Distribution{bffg.KernelAmplitude: prior.LogNormal(math.Log(0.05), 0.5),
		bffg.KernelWidth: prior.LogNormal(math.Log(0.6), 0.4), bffg.TipNoise: prior.LogNormal(math.Log(0.002), 0.7)}
	for i := range m.Parameters {
		m.Parameters[i].Prior = priors[m.Parameters[i].Name]
	}
	return m, nil
}

// simulate draws parameters, states and data.
func (s *shapeStudy) simulate(ctx context.Context, dev device.Device, dataSet int) (truth []float64, data bffg.Data, err error) {
	random := nuts.NewStream(1, uint32(dataSet), 0, nuts.PurposeSimulation)
	data = bffg.Data{Topology: s.topology, Lengths: s.lengths}
	m, err := s.model(data)
	if err != nil {
		return nil, data, err
	}
	values := map[string][]float64{}
	for _, p := range m.Parameters {
		x := p.Prior.Draw(&random)
		values[p.Name], truth = []float64{x}, append(truth, x)
	}
	z := make([]float64, s.options.Steps*m.Dim()*s.topology.Size())
	for i := range z {
		z[i] = random.Normal()
	}
	x, err := m.Simulate(ctx, dev, data, values, s.root, z)
	if err != nil {
		return nil, data, err
	}
	for k := range s.coordinates {
		var y []float64
		for _, v := range s.topology.Leaves() {
			y = append(y, x[k*s.topology.Size()+v]+math.Sqrt(values[bffg.TipNoise][0])*random.Normal())
		}
		data.Values = append(data.Values, y)
	}
	return append(truth, x[s.node], s.logObservations(data, values[bffg.TipNoise][0], x)), data, nil
}

// logObservations is log p(y | states of the tips, tau_sq).
func (s *shapeStudy) logObservations(data bffg.Data, variance float64, x []float64) float64 {
	all := make([]float64, len(data.Values))
	for k := range all {
		all[k] = variance
	}
	return logObservations(data, all, x)
}

// fit simulates a data set and draws from its posterior, as `hxgpu sample` does.
func (s *shapeStudy) fit(ctx context.Context, dev device.Device, dataSet int) ([]float64, [][]float64, error) {
	truth, data, err := s.simulate(ctx, dev, dataSet)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.model(data)
	if err != nil {
		return nil, nil, err
	}
	target, err := bffg.NewTarget(m, data)
	if err != nil {
		return nil, nil, err
	}
	positions, err := calibration.Thin(ctx, dev, target, nuts.Options{Algorithm: nuts.HMC, Chains: 3, Groups: 1, Warmup: 300, PathLength: 1.5,
		TargetAccept: 0.8, UnitNoise: true, Seed: uint64(dataSet)}, ranked)
	if err != nil {
		return nil, nil, err
	}
	states, err := target.OpenStates(dev, len(positions))
	if err != nil {
		return nil, nil, err
	}
	defer states.Close()
	n, parameters := len(positions), target.ParameterDim()
	q, x := make([]float64, target.Dim()*n), make([]float64, m.Dim()*s.topology.Size()*n)
	for d, position := range positions {
		for i := range position {
			q[i*n+d] = position[i]
		}
	}
	if err := states.Draw(ctx, q, x); err != nil {
		return nil, nil, err
	}
	draws, one := make([][]float64, parameters+2), make([]float64, len(x)/n)
	for d, position := range positions {
		for i := range one {
			one[i] = x[i*n+d]
		}
		for i := range parameters {
			draws[i] = append(draws[i], math.Exp(position[i]))
		}
		draws[parameters] = append(draws[parameters], one[s.node])
		draws[parameters+1] = append(draws[parameters+1], s.logObservations(data, math.Exp(position[parameters-1]), one))
	}
	return truth, draws, nil
}

// TestShapeCalibration is simulation-based calibration of small shapes that are guided by
// a path, with 100 data sets by default (-calibrations). It fails by chance with a
// probability of 1e-4, if its ranks are right; the seeds are fixed.
func TestShapeCalibration(t *testing.T) {
	s, err := newShapeStudy(bffg.LandmarkOptions{Steps: 8, Spacing: bffg.ShorteningSteps, Bridge: bffg.PathBridge})
	require.NoError(t, err)
	study := calibration.Study{Draws: ranked, Fit: s.fit,
		Quantities: []string{bffg.KernelAmplitude, bffg.KernelWidth, bffg.TipNoise, fmt.Sprintf("state of node %d", s.node), "log p(y | states)"}}
	began := time.Now()
	result, err := study.Run(context.Background(), *calibrations, runtime.GOMAXPROCS(0))
	require.NoError(t, err)
	for _, v := range result.Verdicts() {
		t.Logf("shapes %v", v)
	}
	t.Logf("shapes: %d data sets in %.0f s", *calibrations, time.Since(began).Seconds())
	if *pictures != "" {
		require.NoError(t, result.Picture(filepath.Join(*pictures, "shapes-hmc.svg"), falseAlarms))
	}
	require.NoError(t, result.Check(falseAlarms))
}
