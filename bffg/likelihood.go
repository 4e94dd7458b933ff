package bffg

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// NaturalFields lists the chain fields that fix the likelihood: the model's own,
// the tip noise, and the root's.
func (m *Model) NaturalFields() []tree.Field {
	fields := append([]tree.Field(nil), m.Natural...)
	d := m.edges().stateShape()
	if m.TipNoise {
		fields = append(fields, tree.Field{Name: TipNoise, Kind: tree.Chain, Shape: m.tipNoiseShape()})
	}
	switch m.Root {
	case RootPinned, RootEstimated:
		fields = append(fields, tree.Field{Name: RootValue, Kind: tree.Chain, Shape: d})
	case RootNormal:
		fields = append(fields, tree.Field{Name: RootMean, Kind: tree.Chain, Shape: d}, tree.Field{Name: RootSD, Kind: tree.Chain, Shape: tensor.Shape{m.edges().points()}})
	}
	return fields
}

// Likelihood is log p(data | parameters) with its derivatives.
type Likelihood struct {
	Value    float64
	Gradient map[string][]float64 // by natural field, if asked for
}

// LogLikelihood evaluates log p(data | parameters) at values of the natural
// fields (see [Model.NaturalFields]), for models whose auxiliary is the truth.
func (m *Model) LogLikelihood(ctx context.Context, dev device.Device, data Data, values map[string][]float64, gradient bool) (Likelihood, error) {
	if err := m.checkRoot(); err != nil {
		return Likelihood{}, err
	}
	if err := data.check(m); err != nil {
		return Likelihood{}, err
	}
	natural := m.NaturalFields()
	schema, err := m.schema(natural...)
	if err != nil {
		return Likelihood{}, err
	}
	p := tree.NewProgram(schema)
	if m.Root == RootOptimum || m.Root == RootStationary {
		p.Scalars("root", m.writeStationary)
	}
	m.edges().AddLikelihood(p, m.Root, Tips{m.TipNoise, data.Variances != nil}, false)
	options := plan.Options{Chains: 1, Outputs: []string{LogLikelihood}}
	if gradient {
		var names []string
		for _, f := range natural {
			names = append(names, f.Name)
			options.Outputs = append(options.Outputs, autodiff.GradientName(f.Name))
		}
		if p, err = autodiff.Gradient(p, LogLikelihood, names...); err != nil {
			return Likelihood{}, err
		}
	}
	run, err := compile(dev, p, m, data, options)
	if err != nil {
		return Likelihood{}, err
	}
	defer run.Close()
	for _, f := range natural {
		x, ok := values[f.Name]
		if !ok || len(x) != f.Shape.Size() {
			return Likelihood{}, fmt.Errorf("parameter %q needs %d numbers, has %d", f.Name, f.Shape.Size(), len(x))
		}
		if err := run.Set(f.Name, x); err != nil {
			return Likelihood{}, err
		}
	}
	if err := run.Run(ctx); err != nil {
		return Likelihood{}, err
	}
	result := make([]float64, 1)
	if err := run.Get(LogLikelihood, result); err != nil {
		return Likelihood{}, err
	}
	if math.IsNaN(result[0]) || math.IsInf(result[0], 0) {
		return Likelihood{}, fmt.Errorf("the log likelihood is %v: a covariance is not positive definite at these parameters, or they are too large", result[0])
	}
	l := Likelihood{Value: result[0]}
	if gradient {
		l.Gradient = map[string][]float64{}
		for _, f := range natural {
			g := make([]float64, f.Shape.Size())
			if err := run.Get(autodiff.GradientName(f.Name), g); err != nil {
				return Likelihood{}, err
			}
			l.Gradient[f.Name] = g
		}
	}
	return l, nil
}

// Simulate computes the states x[component][node] of all nodes from the root's
// state, values of the natural fields and standard-normal noise z[component][node],
// blind to what was observed. Of the data it takes the tree, and the regimes for a
// model that has them.
func (m *Model) Simulate(ctx context.Context, dev device.Device, data Data, values map[string][]float64, root, z []float64) ([]float64, error) {
	schema, err := m.schema(append(append([]tree.Field(nil), m.Natural...), tree.Field{Name: RootValue, Kind: tree.Chain, Shape: m.edges().stateShape()})...)
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	p.Map("root state", func(v *tree.MapView) {
		v.Write(FieldState, tensor.Select(v.IsRoot(), v.Parameter(RootValue), tensor.Zeros(m.edges().stateShape()...)))
	})
	m.edges().AddForward(p)
	run, err := plan.Compile(dev, p, data.Topology, plan.Options{Chains: 1, Outputs: []string{FieldState}})
	if err != nil {
		return nil, err
	}
	defer run.Close()
	lengths := slices.Clone(data.Lengths)
	lengths[0] = 0
	inputs := map[string][]float64{RootValue: root, FieldNoise: z, FieldLength: lengths}
	if c := m.Continuous; c != nil {
		inputs[FieldSteps] = c.edgeSteps(lengths)
	}
	if err := addEdgeFields(inputs, m.Discrete.EdgeFields, data); err != nil {
		return nil, err
	}
	for _, f := range m.Natural {
		inputs[f.Name] = values[f.Name]
	}
	for name, x := range inputs {
		if err := run.Set(name, x); err != nil {
			return nil, err
		}
	}
	if err := run.Run(ctx); err != nil {
		return nil, err
	}
	x := make([]float64, m.Dim()*data.Topology.Size())
	return x, run.Get(FieldState, x)
}
