package bffg

import (
	"context"
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Replicates draws new tip data from a model at given parameters: what the tips might
// have been, had evolution started once more from the same root. The root's state is
// known by the parameters, or drawn given the parameters and the data.
type Replicates struct {
	run    *plan.Executable
	target *Target
	draws  int
	in     []float64 // position, noise of the states, noise of the observations
	out    []float64
}

const (
	fieldTipNoise  = "tip noise z" // state (d): standard-normal noise of the observations
	fieldReplicate = "replicate"   // state (d): the new observation
)

// CheckReplicates finds what keeps data from being replicated.
func (t *Target) CheckReplicates() error {
	m := t.model
	if m.Continuous != nil {
		return fmt.Errorf("model %q has continuous edges, whose data cannot be replicated yet", m.Name)
	}
	if m.Root.Known() {
		return nil
	}
	exact, err := m.exactAuxiliary(t.data)
	if err != nil {
		return err
	}
	if !exact {
		return fmt.Errorf("model %q is not linear and Gaussian, so that the root's state given the data is not known: pin the root or estimate it", m.Name)
	}
	return nil
}

// OpenReplicates compiles the simulation for a device, for a number of draws at a time.
func (t *Target) OpenReplicates(dev device.Device, draws int) (*Replicates, error) {
	if err := t.CheckReplicates(); err != nil {
		return nil, err
	}
	m, d := t.model, tensor.Shape{t.model.Discrete.Dim}
	schema, err := m.schema(m.positionField(), tree.Field{Name: fieldTipNoise, Shape: d}, tree.Field{Name: fieldReplicate, Shape: d})
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	tips := Tips{m.TipNoise, t.data.Variances != nil}
	m.addParameters(p)
	m.addRootConstants(p)
	m.Discrete.AddFilter(p, tips) // is left out of what runs where the root is known
	m.Discrete.AddRoot(p, m.Root, true)
	m.Discrete.AddForward(p)
	p.Map("observations", func(v *tree.MapView) {
		x := v.Field(FieldState)
		if !tips.exact() {
			x = x.Add(tips.variance(v, m.Discrete.Dim).Sqrt().Mul(v.Field(fieldTipNoise)))
		}
		v.Write(fieldReplicate, x)
	})
	inputs := []string{FieldNoise, fieldTipNoise}
	if m.coordinates() > 0 {
		inputs = append([]string{FieldPosition}, inputs...)
	}
	run, err := compile(dev, p, m, t.data, plan.Options{Chains: draws, Outputs: []string{fieldReplicate}, PackInputs: inputs})
	if err != nil {
		return nil, err
	}
	nodes := t.data.Topology.Size()
	return &Replicates{run: run, target: t, draws: draws, in: make([]float64, (m.coordinates()+2*m.Dim()*nodes)*draws), out: make([]float64, m.Dim()*nodes*draws)}, nil
}

// Draw replicates the data once for each of the parameters' positions, with the random
// numbers of a stream of its own: visit is called in order, with values [trait][tip] that
// are missing (NaN) where the data are, and good until visit returns. What a draw gives
// does not depend on the others.
func (r *Replicates) Draw(ctx context.Context, positions [][]float64, stream func(draw int) nuts.Stream, visit func(draw int, values [][]float64) error) error {
	data, dim := r.target.data, r.target.model.Dim()
	nodes, leaves := data.Topology.Size(), data.Topology.Leaves()
	values := make([][]float64, dim)
	for k := range values {
		values[k] = make([]float64, len(leaves))
	}
	noise := make([]float64, 2*dim*nodes)
	for start := 0; start < len(positions); start += r.draws {
		end := min(start+r.draws, len(positions))
		for b := range end - start {
			q := positions[start+b]
			for i := range r.target.model.coordinates() {
				r.in[i*r.draws+b] = q[i]
			}
			random := stream(start + b)
			random.Normals(noise)
			for i, z := range noise {
				r.in[(r.target.model.coordinates()+i)*r.draws+b] = z
			}
		}
		if err := r.run.SetPacked(r.in); err != nil {
			return err
		}
		if err := r.run.Run(ctx); err != nil {
			return err
		}
		if err := r.run.Get(fieldReplicate, r.out); err != nil {
			return err
		}
		for b := range end - start {
			for k := range dim {
				for i, v := range leaves {
					values[k][i] = math.NaN()
					if !math.IsNaN(data.Values[k][i]) {
						values[k][i] = r.out[(k*nodes+v)*r.draws+b]
					}
				}
			}
			if err := visit(start+b, values); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close frees what is held on the device.
func (r *Replicates) Close() error { return r.run.Close() }
