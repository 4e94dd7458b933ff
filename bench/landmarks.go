package bench

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/nuts"
)

// LandmarkCase is a shape model to measure: landmarks in the plane on the tree of the
// built-in example of shapes (13 nodes, 9 of them leaves, edges of length 1), which has
// 16 landmarks and 100 steps.
type LandmarkCase struct {
	Landmarks, Steps, Chains int
}

// target is the model of a case: circles with noise as data.
func (c LandmarkCase) target() (*bffg.Target, error) {
	if c.Landmarks < 2 || c.Steps < 1 || c.Chains < 1 {
		return nil, fmt.Errorf("bench: %d landmarks, %d steps and %d chains; there must be at least two landmarks and one of the others", c.Landmarks, c.Steps, c.Chains)
	}
	example, _, _ := bffg.KunitaData()
	data := bffg.Data{Topology: example.Topology, Lengths: example.Lengths}
	stream := nuts.NewStream(2, 0, 0, nuts.PurposeSimulation)
	var coordinates []string
	for k := range 2 * c.Landmarks {
		sin, cos := math.Sincos(2 * math.Pi * float64(k/2) / float64(c.Landmarks))
		at := []float64{cos, sin}[k%2]
		coordinates = append(coordinates, fmt.Sprintf("%c%d", "xy"[k%2], k/2+1))
		values := make([]float64, data.Topology.LeafCount())
		for i := range values {
			values[i] = at + 0.05*stream.Normal()
		}
		data.Values = append(data.Values, values)
	}
	m, err := bffg.Kunita(coordinates, 2, data, bffg.LandmarkOptions{Steps: c.Steps})
	if err != nil {
		return nil, err
	}
	return bffg.NewTarget(m, data)
}

// position is where the gradient is taken, [coordinate][chain]: the example's
// parameters, the width of the kernel scaled with the distance of the landmarks, so that
// its matrices are as well conditioned with many as with few.
func (c LandmarkCase) position(dim int) []float64 {
	q := make([]float64, dim*c.Chains)
	for chain := range c.Chains {
		q[chain] = math.Log(0.1)
		q[c.Chains+chain] = math.Log(0.25 * 16 / float64(c.Landmarks))
		q[2*c.Chains+chain] = math.Log(0.001)
	}
	return q
}
