package bffg

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/tensor"
)

// linearised are the coefficients of one Euler step from a state.
type linearised struct {
	mean  *mat.Dense // (n,m): the state after the step without noise
	phi   *mat.Dense // (n,n): its derivative; nil is the identity
	noise *mat.Dense // (n,n): G
}

// linearisation evaluates a model's steps on data, in float64 Go.
type linearisation struct {
	model      *Model
	data       Data
	edges      Continuous
	edgeSteps  []float64
	tips       map[int]int // node -> tip
	parameters map[string]tensor.Value
	x, t       tensor.Value
	length     tensor.Value
	scale      tensor.Value   // the amplitude of the diffusion
	outputs    []tensor.Value // the diffusion; with drift, it and its derivative
}

// newLinearisation traces the model's steps. With at most some steps an edge it is a
// coarser model, which finds the parameters nearly as well for less.
func newLinearisation(model *Model, data Data, steps int) (*linearisation, error) {
	l := &linearisation{model: model, data: data, edges: *model.Continuous, tips: map[int]int{}, parameters: map[string]tensor.Value{},
		t: tensor.Input("time"), length: tensor.Input("length")}
	if steps < l.edges.Steps {
		l.edges.Steps = steps
	}
	for i, v := range data.Topology.Leaves() {
		l.tips[v] = i
	}
	l.edgeSteps = l.edges.edgeSteps(data.Lengths)
	l.x = tensor.Input("state", l.edges.stateShape()...)
	for _, f := range model.Natural {
		l.parameters[f.Name] = tensor.Input(f.Name, f.Shape...)
	}
	e := Edge{Length: l.length,
		field: func(name string) tensor.Value {
			tensor.Fail("Field", "continuous edges have no field %q", name)
			return tensor.Value{}
		},
		parameter: func(name string) tensor.Value {
			p, ok := l.parameters[name]
			if !ok {
				tensor.Fail("Parameter", "there is no parameter %q", name)
			}
			return p
		}}
	err := tensor.Trace(func() {
		l.scale = tensor.Constant(1)
		if l.edges.Amplitude != nil {
			l.scale = l.edges.Amplitude(e).Scalar()
		}
		l.outputs = []tensor.Value{l.edges.diffusion(l.t, l.x, e)}
		if l.edges.Drift == nil {
			return
		}
		drift := l.edges.drift(l.t, l.x, e)
		l.outputs = append(l.outputs, drift)
		if l.edges.Dimensions == 0 {
			l.outputs = append(l.outputs, autodiff.Jacobian(drift, l.x))
		}
	})
	return l, err
}

// inputs are the inputs of a step of an edge, but for the state.
func (l *linearisation) inputs(v, step int, parameters map[string][]float64) (at map[*tensor.Node][]float64, dt float64) {
	length, steps := l.data.Lengths[v], l.edgeSteps[v]
	begin := length * l.edges.Spacing.at(float64(step)/steps)
	dt = length*l.edges.Spacing.at(float64(step+1)/steps) - begin
	at = map[*tensor.Node][]float64{l.t.Node(): {begin}, l.length.Node(): {length}}
	for name, input := range l.parameters {
		at[input.Node()] = parameters[name]
	}
	return at, dt
}

// evaluate gives the coefficients of a step of an edge from a state.
func (l *linearisation) evaluate(v, step int, x *mat.Dense, parameters map[string][]float64) (linearised, error) {
	at, dt := l.inputs(v, step, parameters)
	at[l.x.Node()] = mat.DenseCopyOf(x).RawMatrix().Data
	values, err := tensor.Evaluate(l.outputs, at)
	if err != nil {
		return linearised{}, err
	}
	n, m := l.edges.Points, l.edges.columns()
	for _, value := range values {
		for _, y := range value {
			if math.IsNaN(y) || math.IsInf(y, 0) {
				return linearised{}, fmt.Errorf("step %d of the edge above %s has drift or diffusion %v", step+1, l.data.describe(v), y)
			}
		}
	}
	s := linearised{noise: mat.NewDense(n, n, values[0]), mean: x}
	s.noise.Scale(math.Sqrt(dt), s.noise)
	if len(values) > 1 {
		s.mean = mat.NewDense(n, m, values[1])
		s.mean.Scale(dt, s.mean)
		s.mean.Add(s.mean, x)
	}
	if len(values) > 2 {
		s.phi = mat.NewDense(n, n, values[2])
		s.phi.Scale(dt, s.phi)
		s.phi.Add(s.phi, identity(n))
	}
	return s, nil
}

// amplitude is that of an edge's diffusion.
func (l *linearisation) amplitude(v int, parameters map[string][]float64) float64 {
	at, _ := l.inputs(v, 0, parameters)
	values, err := tensor.Evaluate([]tensor.Value{l.scale}, at)
	if err != nil {
		return math.NaN()
	}
	return values[0][0]
}

// startRoot is the root's state where it is known, else the mean of its prior or of
// the tips.
func (l *linearisation) startRoot(parameters map[string][]float64) *mat.Dense {
	m := l.edges.columns()
	root := mat.NewDense(l.edges.Points, m, nil)
	for k := range l.edges.Dim() {
		x, _, _ := l.data.Moments(k)
		switch l.model.Root {
		case RootPinned:
			x = l.model.RootValue[k]
		case RootNormal:
			x = l.model.RootMean[k]
		case RootEstimated:
			x = parameters[RootValue][k]
		}
		root.Set(k/m, k%m, x)
	}
	return root
}
