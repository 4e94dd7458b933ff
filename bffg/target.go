package bffg

import (
	"context"
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// Target is a model bound to data: the posterior of its unconstrained
// parameters, followed by the noise [component][node] where the model samples
// it. It implements [nuts.Target].
type Target struct {
	// Schedule says how a gradient is cut into dispatches; the device decides if it
	// is left alone.
	Schedule plan.Schedule

	model    *Model
	data     Data
	guidance guidance
	value    *tree.Program
	gradient *tree.Program
}

// NewTarget checks the model and the data and traces the posterior and its
// gradient. Mistakes in the model's functions come back as errors.
func NewTarget(model *Model, data Data) (*Target, error) { return newTarget(model, data, true) }

// NewLikelihood is like [NewTarget], but the density is the likelihood alone: of a
// prior it takes no more than where the parameter may be. Its largest value is the
// maximum likelihood, at the estimates' position.
func NewLikelihood(model *Model, data Data) (*Target, error) { return newTarget(model, data, false) }

func newTarget(model *Model, data Data, priors bool) (*Target, error) {
	if err := model.check(); err != nil {
		return nil, err
	}
	if err := data.check(model); err != nil {
		return nil, err
	}
	p, err := model.program(data.Variances != nil, model.SampleNoise, priors)
	if err != nil {
		return nil, err
	}
	if err := model.checkSymmetric(data); err != nil {
		return nil, err
	}
	t := &Target{model: model, data: data, value: p}
	if t.Dim() == 0 {
		return nil, fmt.Errorf("every parameter of model %q is fixed; there is nothing to sample", model.Name)
	}
	if t.gradient, err = autodiff.Gradient(p, LogDensity, t.packed()...); err != nil {
		return nil, err
	}
	return t, nil
}

// packed are the fields that make up the position of the sampler.
func (t *Target) packed() []string {
	var fields []string
	if t.model.coordinates() > 0 {
		fields = append(fields, FieldPosition)
	}
	if t.model.SampleNoise {
		fields = append(fields, FieldNoise)
	}
	return fields
}

// Dim is the number of unconstrained coordinates.
func (t *Target) Dim() int {
	n := t.model.coordinates()
	if t.model.SampleNoise {
		n += t.model.edges().noiseSize() * t.data.Topology.Size()
	}
	return n
}

// ParameterDim is the number of coordinates that belong to parameters; they come
// first.
func (t *Target) ParameterDim() int { return t.model.coordinates() }

// Model is the model that the target was made of.
func (t *Target) Model() *Model { return t.model }

// Data is the data that the target was made of.
func (t *Target) Data() Data { return t.data }

// Evaluator evaluates the log density and its gradient on a device for a fixed
// number of chains.
type Evaluator struct {
	// Cost counts the work of one gradient.
	Cost plan.Cost
	// Schedule is what was chosen.
	Schedule plan.Schedule

	run     *plan.Executable
	density device.Binding
}

var (
	_ nuts.Whitened    = (*Target)(nil)
	_ nuts.ValueTarget = (*Target)(nil)
	_ nuts.PriorTarget = (*Target)(nil)
	_ nuts.Centred     = (*Target)(nil)
	_ nuts.Recordable  = (*Evaluator)(nil)

	_ nuts.Copyable[nuts.Evaluator]      = (*Evaluator)(nil)
	_ nuts.Copyable[nuts.ValueEvaluator] = (*valueEvaluator)(nil)
)

// Noise says which coordinates are the noise of the guided sweep.
func (t *Target) Noise() (first, count int) {
	return t.model.coordinates(), t.Dim() - t.model.coordinates()
}

// valueEvaluator evaluates the log density alone.
type valueEvaluator struct{ run *plan.Executable }

// OpenValue compiles the log density without its gradient.
func (t *Target) OpenValue(dev device.Device, chains int) (nuts.ValueEvaluator, error) {
	run, err := t.compile(dev, t.value, plan.Options{Chains: chains, Schedule: t.Schedule, Outputs: []string{LogDensity}, PackInputs: t.packed()})
	if err != nil {
		return nil, err
	}
	return &valueEvaluator{run}, nil
}

func (e *valueEvaluator) Value(ctx context.Context, q, logp []float64) error {
	if err := e.run.SetPacked(q); err != nil {
		return err
	}
	if err := e.run.Run(ctx); err != nil {
		return err
	}
	return e.run.Get(LogDensity, logp)
}

// Copy is another evaluator with the same kernels.
func (e *valueEvaluator) Copy() (nuts.ValueEvaluator, error) {
	run, err := e.run.Copy()
	if err != nil {
		return nil, err
	}
	return &valueEvaluator{run}, nil
}

func (e *valueEvaluator) Close() error { return e.run.Close() }

// Open compiles the target for a device and a number of chains; the result is
// an [*Evaluator].
func (t *Target) Open(dev device.Device, chains int) (nuts.Evaluator, error) {
	var gradients []string
	for _, field := range t.packed() {
		gradients = append(gradients, autodiff.GradientName(field))
	}
	run, err := t.compile(dev, t.gradient, plan.Options{Chains: chains, Schedule: t.Schedule,
		Outputs: []string{LogDensity}, PackInputs: t.packed(), PackOutputs: gradients})
	if err != nil {
		return nil, err
	}
	return newEvaluator(run)
}

func newEvaluator(run *plan.Executable) (nuts.Evaluator, error) {
	density, err := run.Output(LogDensity)
	if err != nil {
		run.Close()
		return nil, err
	}
	return &Evaluator{Cost: run.Cost, Schedule: run.Schedule, run: run, density: density}, nil
}

// Copy is another evaluator for as many chains on the same device, with the same kernels;
// an [*Evaluator]. No evaluation may go on while it is made.
func (e *Evaluator) Copy() (nuts.Evaluator, error) {
	run, err := e.run.Copy()
	if err != nil {
		return nil, err
	}
	return newEvaluator(run)
}

// compile binds a program to a device and writes the data and what guides the model.
func (t *Target) compile(dev device.Device, p *tree.Program, o plan.Options) (*plan.Executable, error) {
	model, err := t.guided(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	return compile(dev, p, model, t.data, o)
}

// compile binds a program to a device and writes the data.
func compile(dev device.Device, p *tree.Program, m *Model, data Data, o plan.Options) (*plan.Executable, error) {
	run, err := plan.Compile(dev, p, data.Topology, o)
	if err != nil {
		return nil, err
	}
	fields, err := data.fields(m)
	if err != nil {
		run.Close()
		return nil, err
	}
	for field, values := range fields {
		if err := run.Set(field, values); err != nil {
			run.Close()
			return nil, err
		}
	}
	return run, nil
}

// Gradient evaluates logp[chain] and grad[dimension][chain] at q[dimension][chain].
func (e *Evaluator) Gradient(ctx context.Context, q, logp, grad []float64) error {
	if err := e.run.SetPacked(q); err != nil {
		return err
	}
	if err := e.run.Run(ctx); err != nil {
		return err
	}
	if err := e.run.Get(LogDensity, logp); err != nil {
		return err
	}
	return e.run.GetPacked(grad)
}

// Stages are the dispatches of one evaluation.
func (e *Evaluator) Stages() [][]device.Dispatch { return e.run.Stages() }

// Position is where an evaluation reads q[dimension][chain].
func (e *Evaluator) Position() device.Binding { return e.run.PackedInput() }

// LogDensity is where an evaluation leaves logp[chain].
func (e *Evaluator) LogDensity() device.Binding { return e.density }

// Slope is where an evaluation leaves grad[dimension][chain].
func (e *Evaluator) Slope() device.Binding { return e.run.PackedOutput() }

// Close frees what the evaluator holds on the device.
func (e *Evaluator) Close() error { return e.run.Close() }

// Elements lists what is sampled of the parameters, on their natural scale, in the
// order of [Target.Natural].
func (t *Target) Elements() []Element {
	var elements []Element
	for _, p := range t.model.Parameters {
		if p.free() > 0 {
			elements = append(elements, p.elements()...)
		}
	}
	return elements
}

// Names are the names of [Target.Elements].
func (t *Target) Names() []string {
	var names []string
	for _, e := range t.Elements() {
		names = append(names, e.Name)
	}
	return names
}

// Unconstrained is the position of given natural values of the free parameters,
// in the order of [Target.Names]; correlations are taken as 0.
func (t *Target) Unconstrained(values []float64) ([]float64, error) {
	if len(values) != len(t.Names()) {
		return nil, fmt.Errorf("%d values for %d parameters", len(values), len(t.Names()))
	}
	var q []float64
	next := 0
	for _, p := range t.model.Parameters {
		for range p.free() {
			u := 0.0
			if !p.isCorrelation() {
				u = p.Prior.Unconstrain(values[next])
			}
			if math.IsNaN(u) || math.IsInf(u, 0) {
				return nil, fmt.Errorf("%s = %v is outside the support of its prior %v", t.Names()[next], values[next], p.Prior)
			}
			q = append(q, u)
			next++
		}
	}
	return q, nil
}
