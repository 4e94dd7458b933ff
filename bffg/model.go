package bffg

import (
	"fmt"
	"math"
	"strings"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Parameter is a parameter of a model: a vector with one element per label, or a
// correlation matrix.
type Parameter struct {
	Name string
	// Labels name the elements, for example by trait; a single empty label makes
	// a parameter that is called by its name alone.
	Labels []string
	Prior  prior.Distribution
	// Fixed, if set, holds the elements at these values instead of sampling them.
	Fixed []float64
	// About says in a few words what the parameter means and its unit, and Default how
	// the prior that a model gives it by itself comes from the data.
	About, Default string
}

// isCorrelation reports whether the parameter is a correlation matrix of its
// labels, of which the model sees the Cholesky factor.
func (p Parameter) isCorrelation() bool { return p.Prior.Support() == prior.Correlation }

// free is the number of unconstrained coordinates of the parameter.
func (p Parameter) free() int {
	switch n := len(p.Labels); {
	case p.Fixed != nil:
		return 0
	case p.isCorrelation():
		return n * (n - 1) / 2
	default:
		return n
	}
}

// Element is an element of a parameter as it is reported: Name is the parameter's
// name alone, name[label], or name[label,label] for a correlation.
type Element struct {
	Name, Parameter string
	Labels          []string
}

// elements lists what is reported of the parameter; of a correlation matrix what
// stands below the diagonal.
func (p Parameter) elements() []Element {
	if !p.isCorrelation() {
		return elementsOf(p.Name, p.Labels)
	}
	var elements []Element
	for i, label := range p.Labels {
		for _, other := range p.Labels[:i] {
			elements = append(elements, newElement(p.Name, other, label))
		}
	}
	return elements
}

// elementsOf lists the elements of a vector.
func elementsOf(name string, labels []string) []Element {
	var elements []Element
	for _, label := range labels {
		if label == "" {
			elements = append(elements, newElement(name))
		} else {
			elements = append(elements, newElement(name, label))
		}
	}
	return elements
}

func newElement(name string, labels ...string) Element {
	e := Element{name, name, labels}
	if len(labels) > 0 {
		e.Name += "[" + strings.Join(labels, ",") + "]"
	}
	return e
}

// Model is a model of edges with parameters, ready to be fitted.
type Model struct {
	Name  string
	About string
	// Discrete edges, or continuous ones if those are set.
	Discrete   Discrete
	Continuous *Continuous
	Traits     []string // one for each component of a state, in row-major order
	// Natural are the chain fields that the transition reads, and Parameters what
	// is sampled. Derive, if set, writes those natural fields that are not
	// themselves parameters (a rate matrix from variances and correlations).
	Natural    []tree.Field
	Parameters []Parameter
	Derive     func(v *tree.ScalarView)
	// Derived are quantities that are reported beside the parameters.
	Derived []Derived

	TipNoise  bool // the observations have noise of variance tau_sq
	TipsVary  bool // a tip's edge has variance even where its length is 0
	Root      Root
	RootValue []float64 // for RootPinned
	RootMean  []float64 // for RootNormal
	RootSD    []float64 // for RootNormal
	// Attraction names the parameter that makes a model forget its root, if it
	// has one. With a flat root and that parameter free the posterior is improper:
	// the likelihood grows without bound as the parameter does.
	Attraction string
	// SampleNoise makes the noise of the guided sweep part of what is sampled. A
	// model whose auxiliary is not the truth needs it; one whose auxiliary is the
	// truth mixes better without.
	SampleNoise bool
	// Stationary, if set, is the distribution that the process settles to from the
	// root's edge on: its mean (d) and covariance (d,d) as functions of the natural
	// fields, for RootOptimum and RootStationary.
	Stationary func(parameter func(name string) tensor.Value) (mean, covariance tensor.Value)
}

// StationaryAt is the mean (d) and the covariance (d,d) of the model's stationary
// distribution at values of the natural fields (see [Model.NaturalFields]).
func (m *Model) StationaryAt(values map[string][]float64) (mean, covariance []float64, err error) {
	if m.Stationary == nil {
		return nil, nil, fmt.Errorf("model %q has no stationary distribution", m.Name)
	}
	inputs, at := map[string]tensor.Value{}, map[*tensor.Node][]float64{}
	for _, f := range m.Natural {
		if len(values[f.Name]) != f.Shape.Size() {
			return nil, nil, fmt.Errorf("parameter %q needs %d numbers, has %d", f.Name, f.Shape.Size(), len(values[f.Name]))
		}
		inputs[f.Name] = tensor.Input(f.Name, f.Shape...)
		at[inputs[f.Name].Node()] = values[f.Name]
	}
	var out []tensor.Value
	if err := tensor.Trace(func() {
		mean, covariance := m.Stationary(func(name string) tensor.Value { return inputs[name] })
		out = []tensor.Value{mean, covariance}
	}); err != nil {
		return nil, nil, err
	}
	result, err := tensor.Evaluate(out, at)
	if err != nil {
		return nil, nil, err
	}
	return result[0], result[1], nil
}

// Parameter finds a parameter by its name; the error lists the known ones.
func (m *Model) Parameter(name string) (*Parameter, error) {
	var known []string
	for i := range m.Parameters {
		if m.Parameters[i].Name == name {
			return &m.Parameters[i], nil
		}
		known = append(known, m.Parameters[i].Name)
	}
	return nil, fmt.Errorf("model %q has no parameter %q; it has %s", m.Name, name, strings.Join(known, ", "))
}

// check finds what is wrong with the model itself.
func (m *Model) check() error {
	if err := m.checkRoot(); err != nil {
		return err
	}
	if err := m.checkContinuous(); err != nil {
		return err
	}
	return m.checkParameters()
}

// checkRoot finds what is wrong with the traits and the root, all that a
// likelihood at given parameters depends on.
func (m *Model) checkRoot() error {
	d := m.Dim()
	if d < 1 || len(m.Traits) != d {
		return fmt.Errorf("model %q has dimension %d and %d traits", m.Name, d, len(m.Traits))
	}
	vector := func(name string, x []float64, positive bool) error {
		if len(x) != d {
			return fmt.Errorf("%s needs %d numbers, one per trait, has %d", name, d, len(x))
		}
		for i, v := range x {
			if math.IsNaN(v) || math.IsInf(v, 0) || (positive && v <= 0) {
				return fmt.Errorf("%s of trait %q is %v; it must be a finite%s number", name, m.Traits[i], v, map[bool]string{true: " positive"}[positive])
			}
		}
		return nil
	}
	switch m.Root {
	case RootOptimum, RootStationary:
		if m.Stationary == nil || m.Continuous != nil {
			return fmt.Errorf("model %q has no stationary distribution for its root; give the root a normal prior, or estimate it", m.Name)
		}
	case RootPinned:
		if err := vector("the pinned root state", m.RootValue, false); err != nil {
			return err
		}
	case RootNormal:
		if err := vector("the mean of the root's prior", m.RootMean, false); err != nil {
			return err
		}
		if err := vector("the standard deviation of the root's prior", m.RootSD, true); err != nil {
			return err
		}
	}
	return nil
}

// checkParameters finds parameters that cannot be sampled.
func (m *Model) checkParameters() error {
	if p, err := m.Parameter(RootValue); (err == nil) != (m.Root == RootEstimated) || err == nil && len(p.Labels) != m.Dim() {
		return fmt.Errorf("model %q needs a parameter %q, with one element per trait, where its root is estimated and only there", m.Name, RootValue)
	}
	for _, p := range m.Parameters {
		if p.Fixed == nil && p.Name == m.Attraction && m.Root == RootFlat {
			return fmt.Errorf("model %q with a flat root has no proper posterior: the likelihood grows without bound as %s does; give the root a normal prior, pin it, or fix %s", m.Name, p.Name, p.Name)
		}
		if p.Fixed == nil && p.Prior.Family == "" {
			return fmt.Errorf("parameter %q has neither a prior nor a fixed value", p.Name)
		}
		if p.Fixed != nil && len(p.Fixed) != len(p.Labels) {
			return fmt.Errorf("parameter %q needs %d numbers to be fixed at, has %d", p.Name, len(p.Labels), len(p.Fixed))
		}
	}
	return nil
}

// addRoot makes the root's constants chain variables.
func (m *Model) addRootConstants(p *tree.Program) {
	p.Scalars("root constants", func(v *tree.ScalarView) {
		switch m.Root {
		case RootPinned:
			v.Write(RootValue, tensor.ConstantVector(m.RootValue...).Reshape(m.edges().stateShape()...))
		case RootNormal:
			v.Write(RootMean, tensor.ConstantVector(m.RootMean...).Reshape(m.edges().stateShape()...))
			v.Write(RootSD, tensor.ConstantVector(m.rootSDs()...))
		case RootOptimum, RootStationary:
			m.writeStationary(v)
		}
	})
}

// writeStationary makes the root's state, or its distribution, of the natural fields.
func (m *Model) writeStationary(v *tree.ScalarView) {
	mean, covariance := m.Stationary(v.Parameter)
	if m.Root == RootOptimum {
		v.Write(RootValue, mean)
		return
	}
	v.Write(RootMean, mean)
	v.Write(RootCovariance, covariance)
}

// The chain variables of a sampled model.
const (
	FieldPosition = "position"    // the unconstrained parameters
	LogPrior      = "log_prior"   // with the Jacobians of the unconstrained scale
	LogDensity    = "log_density" // log prior + log likelihood + log density of the noise
)

// addParameters adds the map from the position to the parameters, and log prior.
func (m *Model) addParameters(p *tree.Program) {
	p.Scalars("parameters", func(v *tree.ScalarView) {
		density := tensor.Constant(0)
		next := 0
		for _, parameter := range m.Parameters {
			n := len(parameter.Labels)
			if parameter.Fixed != nil {
				v.Write(parameter.Name, tensor.ConstantVector(parameter.Fixed...))
				continue
			}
			if parameter.free() == 0 { // the correlation matrix of one trait
				v.Write(parameter.Name, tensor.Identity(n))
				continue
			}
			rows := make([]int, parameter.free())
			for k := range rows {
				rows[k] = next + k
			}
			next += len(rows)
			u := v.Parameter(FieldPosition).Gather(rows, len(rows))
			if parameter.isCorrelation() {
				factor, log := parameter.Prior.CorrelationFactor(u, n)
				v.Write(parameter.Name, factor)
				v.Write(parameter.Name+" elements", lowerElements(factor.MatMul(factor.Transpose())))
				density = density.Add(log)
				continue
			}
			x, jacobian := parameter.Prior.Constrain(u)
			v.Write(parameter.Name, x)
			density = density.Add(parameter.Prior.LogDensity(x).Add(jacobian).Sum())
		}
		v.Write(LogPrior, density)
		if m.Derive != nil {
			m.Derive(v)
		}
	})
}

// lowerElements lists the elements below the diagonal, row by row.
func lowerElements(a tensor.Value) tensor.Value {
	n := a.Shape()[0]
	var rows []int
	for i := range n {
		for j := range i {
			rows = append(rows, i*n+j)
		}
	}
	return a.Gather(rows, len(rows))
}

// coordinates is the number of unconstrained parameters.
func (m *Model) coordinates() int {
	n := 0
	for _, p := range m.Parameters {
		n += p.free()
	}
	return n
}

// schema declares the sweeps' fields and the position.
func (m *Model) schema(chain ...tree.Field) (*tree.Schema, error) {
	return tree.NewSchema(append(m.edges().Fields(), chain...)...)
}

func (m *Model) positionField() tree.Field {
	return tree.Field{Name: FieldPosition, Kind: tree.Chain, Shape: tensor.Shape{max(m.coordinates(), 1)}}
}

// Posterior is the program of LogDensity at a position. With known the
// data hold variances of the observations; with weights the guided sweep is part
// of it.
func (m *Model) Posterior(known, weights bool) (*tree.Program, error) {
	return m.program(known, weights, true)
}

func (m *Model) program(known, weights, priors bool) (*tree.Program, error) {
	schema, err := m.schema(m.positionField())
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	m.addParameters(p)
	m.addRootConstants(p)
	m.edges().AddLikelihood(p, m.Root, Tips{m.TipNoise, known}, weights)
	if m.SampleNoise {
		p.Total("log density of the noise", func(v *tree.MapView) tensor.Value {
			return v.Field(FieldNoise).Square().Scale(-0.5).Shift(-0.5 * math.Log(2*math.Pi)).Sum()
		})
	}
	p.Scalars("density", func(v *tree.ScalarView) {
		density := v.Parameter(LogLikelihood)
		if priors {
			density = density.Add(v.Parameter(LogPrior))
		}
		if m.SampleNoise {
			density = density.Add(v.Parameter("log density of the noise"))
		}
		v.Write(LogDensity, density)
	})
	return p, p.Err()
}
