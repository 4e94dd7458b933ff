package bffg

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

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
		n := l.edges.Points
		scale, slope := tensor.Constant(1), tensor.Zeros(n, n)
		if l.edges.Amplitude != nil {
			scale = l.edges.Amplitude(e).Scalar()
		}
		drift := l.edges.drift(l.t, l.x, e)
		if l.edges.Drift != nil && l.edges.Dimensions == 0 {
			slope = autodiff.Jacobian(drift, l.x)
		}
		l.outputs = []tensor.Value{l.edges.diffusion(l.t, l.x, e), drift, slope, scale}
	})
	return l, err
}

// inputs are the inputs of a step of an edge, but for the state.
func (l *linearisation) inputs(v, step int, parameters map[string][]float64) (at map[*tensor.Node][]float64, dt float64) {
	length, steps := l.data.Lengths[v], l.edgeSteps[v]
	begin := length * min(float64(step)/steps, 1)
	dt = length*min(float64(step+1)/steps, 1) - begin
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
	values, err := tensor.Evaluate(l.outputs[:3], at)
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
	s := linearised{noise: mat.NewDense(n, n, values[0]), mean: mat.NewDense(n, m, values[1]), phi: mat.NewDense(n, n, values[2])}
	s.noise.Scale(math.Sqrt(dt), s.noise)
	s.mean.Scale(dt, s.mean)
	s.mean.Add(s.mean, x)
	s.phi.Scale(dt, s.phi)
	s.phi.Add(s.phi, identity(n))
	return s, nil
}

// scale is the amplitude of an edge's diffusion.
func (l *linearisation) scale(v int, parameters map[string][]float64) float64 {
	at, _ := l.inputs(v, 0, parameters)
	values, err := tensor.Evaluate(l.outputs[3:], at)
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

// fit follows the data at given parameters.
func (l *linearisation) fit(parameters map[string][]float64) (*reference, error) {
	r, err := l.newReference(parameters)
	if err != nil {
		return nil, err
	}
	for range l.edges.Rounds + 1 {
		if err := r.improve(); err != nil {
			return nil, err
		}
	}
	if math.IsNaN(r.value) || math.IsInf(r.value, 0) {
		return nil, fmt.Errorf("its log density is %v", r.value)
	}
	return r, nil
}

// referenceSteps is the number of steps of an edge with which the parameters of the
// reference are looked for.
const referenceSteps = 5

// withControls is the model with the controls of PathBridge for the data, and the
// position of the parameters that they were computed at: the maximum of Laplace's
// approximation of their posterior, found roughly. Other models are left as they are.
func (m *Model) withControls(data Data) (*Model, []float64, error) {
	if m.Continuous == nil || m.Continuous.Bridge != PathBridge {
		return m, nil, nil
	}
	fail := func(err error) (*Model, []float64, error) {
		return nil, nil, fmt.Errorf("no path of model %q follows the data: %w; guide by messages instead (the discrete bridge)", m.Name, err)
	}
	coarse, err := newLinearisation(m, data, referenceSteps)
	if err != nil {
		return fail(err)
	}
	fine, err := newLinearisation(m, data, m.Continuous.Steps)
	if err != nil {
		return fail(err)
	}
	natural, err := m.naturalProgram()
	if err != nil {
		return fail(err)
	}
	position := m.typicalPosition(data)
	if len(position) > 0 {
		if position, err = m.searchReference(coarse, natural, position); err != nil {
			return fail(err)
		}
	}
	parameters, err := natural(position)
	if err != nil {
		return fail(err)
	}
	r, err := fine.fit(parameters)
	if err != nil {
		return fail(err)
	}
	bound, edges := *m, *m.Continuous
	edges.controls = r.fields()
	bound.Continuous = &edges
	return &bound, position, nil
}

// searchReference climbs Laplace's approximation of the parameters' posterior by the
// simplex of Nelder and Mead. What is estimated of the root stays where it is.
func (m *Model) searchReference(l *linearisation, natural func([]float64) (map[string][]float64, error), start []float64) ([]float64, error) {
	var free []int
	next := 0
	for _, p := range m.Parameters {
		for range p.free() {
			if p.Name != RootValue {
				free = append(free, next)
			}
			next++
		}
	}
	if len(free) == 0 {
		return start, nil
	}
	place := func(x []float64) []float64 {
		q := append([]float64(nil), start...)
		for k, i := range free {
			q[i] = x[k]
		}
		return q
	}
	var failure error
	minus := func(x []float64) float64 {
		parameters, err := natural(place(x))
		if err == nil {
			var r *reference
			if r, err = l.fit(parameters); err == nil {
				return -r.value - parameters[LogPrior][0]
			}
		}
		failure = err
		return math.Inf(1)
	}
	x := make([]float64, len(free))
	for k, i := range free {
		x[k] = start[i]
	}
	settings := &optimize.Settings{FuncEvaluations: 60 * len(free), Converger: &optimize.FunctionConverge{Absolute: 0.2, Iterations: 5 * len(free)}}
	result, err := optimize.Minimize(optimize.Problem{Func: minus}, x, settings, &optimize.NelderMead{SimplexSize: 0.5})
	if result == nil || math.IsInf(result.F, 0) || math.IsNaN(result.F) {
		if failure == nil {
			failure = err
		}
		return nil, failure
	}
	return place(result.X), nil
}

// naturalProgram maps a position to the natural parameters and the log prior.
func (m *Model) naturalProgram() (func(position []float64) (map[string][]float64, error), error) {
	schema, err := tree.NewSchema(m.positionField())
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	m.addParameters(p)
	if err := p.Err(); err != nil {
		return nil, err
	}
	single, _, err := tree.FromParents([]int{-1})
	if err != nil {
		return nil, err
	}
	return func(position []float64) (map[string][]float64, error) {
		q := position
		if len(q) == 0 {
			q = []float64{0}
		}
		return tree.Evaluate(p, single, map[string][]float64{FieldPosition: q})
	}, nil
}

// typicalPosition is the mean of some draws of the parameters' priors on the
// unconstrained scale; an estimated root starts at the mean of the tips.
func (m *Model) typicalPosition(data Data) []float64 {
	const draws = 64
	var position []float64
	random := nuts.NewStream(1, 0, 0, nuts.PurposeSimulation)
	for _, p := range m.Parameters {
		for k := range p.free() {
			sum := 0.0
			switch {
			case p.Name == RootValue:
				sum, _, _ = data.Moments(k)
			case !p.isCorrelation():
				for range draws {
					sum += p.Prior.Unconstrain(p.Prior.Draw(&random)) / draws
				}
			}
			position = append(position, sum)
		}
	}
	return position
}

// centreRadius is how far around the reference chains start, on the unconstrained
// scale.
const centreRadius = 0.5

// Centre is the position of the parameters that PathBridge guides by, and how far
// around it chains should start; a radius of 0 says that there is none.
func (t *Target) Centre() (centre []float64, radius float64) {
	if t.centre == nil {
		return nil, 0
	}
	return t.centre, centreRadius
}
