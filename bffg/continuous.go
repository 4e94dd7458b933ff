package bffg

import (
	"fmt"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Bridge says how the guided process runs along an edge.
type Bridge uint8

// The bridges.
const (
	// StepwiseBridge takes every Euler step as a Gaussian edge of its own, guides it
	// exactly by the message at the step's end (Theorem 14), and weighs it. It is
	// unbiased for the discretised model whatever the messages are, and stable
	// where a H dt > 1.
	StepwiseBridge Bridge = iota
	// EulerBridge is the Euler-Maruyama scheme of the guided equation with the
	// integral of Remark 24 as its weight (Theorem 23). It is biased by the size of
	// the steps, and where a H dt > 1 its weight has no upper bound.
	EulerBridge
	// PathBridge guides by linear feedback that is computed once, before sampling,
	// along a reference path that fits the data at a reference of the parameters: the
	// noise of a step is an affine function of the standard-normal z and of the state.
	// It is unbiased for the discretised model, whatever the reference; the density of
	// z is smooth, so that gradient samplers take long steps, and it costs little more
	// than the process itself. Far from the reference it guides badly: samplers start
	// near it (see [Target.Centre]).
	PathBridge
	// Unguided does not guide: the noise is that of the process itself.
	Unguided
)

// String is the bridge's name on a command line.
func (b Bridge) String() string {
	return bridgeNames[b]
}

var bridgeNames = []string{"discrete", "continuous", "path", "none"}

// ParseBridge reads a bridge's name.
func ParseBridge(name string) (Bridge, error) {
	for b, known := range bridgeNames {
		if name == known {
			return Bridge(b), nil
		}
	}
	return 0, fmt.Errorf("there is no bridge %q; use path, discrete, continuous or none", name)
}

// Linear is an auxiliary process dX = (B X + Beta) dt + Sigma dW, at a time t, a
// scalar from 0 at the parent's end of the edge, and an anchor, a state. Without B
// and Beta it is driftless, and its covariance is linear in time between those at
// the edge's two ends. Without Sigma it has the model's diffusion at the anchor.
type Linear struct {
	B     func(t, anchor tensor.Value, e Edge) tensor.Value // (n,n)
	Beta  func(t, anchor tensor.Value, e Edge) tensor.Value // a state
	Sigma func(t, anchor tensor.Value, e Edge) tensor.Value // (n,n)
}

// Continuous is a model of continuous edges: along an edge the state follows
// dX = Drift dt + Diffusion dW in the sense of Ito, in Euler steps.
//
// The state is n points in m dimensions, a value of shape (n,m), and every
// covariance is that of the points, the same and independent in every dimension:
// K (n,n) kron I_m. With Dimensions 0 the state is a plain vector (n).
type Continuous struct {
	Points     int // n
	Dimensions int // m, or 0
	Steps      int // Euler steps of an edge
	// StepLength, if set, gives an edge only as many steps as it takes for none to be
	// longer, and at most Steps.
	StepLength float64
	// Spacing says how the steps of an edge lie in time.
	Spacing Spacing
	Bridge  Bridge

	// Drift is b(t, x), in the shape of the state; nil for none. Diffusion is
	// sigma(t, x), of shape (n,n).
	Drift     func(t, x tensor.Value, e Edge) tensor.Value
	Diffusion func(t, x tensor.Value, e Edge) tensor.Value
	// Amplitude, if set, is a factor of Diffusion that no state changes, a scalar such
	// as a standard deviation. PathBridge then keeps the paths where they are when it
	// changes, which makes parameters mix better.
	Amplitude func(e Edge) tensor.Value
	// Follows are parameters that PathBridge's controls follow to first order of their
	// logs, positive scalars that change the diffusion or the drift in other ways than
	// Amplitude. Each costs a step as much again as the controls.
	Follows []string

	// Auxiliary is the linear process that guides. Without it, a model with drift
	// and a vector as its state is linearised at the anchors by autodiff, and others
	// are guided by the driftless process with Diffusion at the anchors, whose
	// covariance is linear in time between the two ends of the edge. That has
	// messages in closed form. Of others StepwiseBridge takes the Euler steps, as it
	// does of the process itself, and EulerBridge one step of RK4 for each, which is
	// stable while a H dt < 2.8 (a the covariance of the process, H the precision of
	// the message): with fewer Steps its density can be NaN, which samplers see as
	// divergences.
	Auxiliary *Linear
	// Rounds is how often the backward filter runs before the last time, each time
	// moving the anchors to the filtered means, or the reference path of PathBridge to
	// the smoothed one.
	Rounds int
	// StaleMessages leaves out the filter after the last move of the anchors, as
	// hyperiax's notebook 07 does: the forward sweep then uses messages of older
	// anchors than EulerBridge's weight does, which biases it.
	StaleMessages bool
	// EndpointCovariance makes EulerBridge's weight take the auxiliary covariance as
	// linear in time between the edge's ends, as hyperiax 3.0 does of any auxiliary
	// process, although the messages have it at the anchor of the time.
	EndpointCovariance bool

	controls controls // of PathBridge, once the model is bound to data
}

// The fields of continuous edges, beside those of discrete ones.
const (
	FieldSteps        = "steps"         // data (): the number of Euler steps of the edge
	FieldParentAnchor = "parent anchor" // state: linearisation point at the edge's parent end
	FieldFilterAnchor = "filter anchor" // state: the anchor that the messages were computed with
	FieldFilterParent = "filter parent anchor"
	FieldStartParent  = "start parent anchor" // data: where the anchors of the parents' ends start
	FieldPath         = "path"                // state (steps,...): the states after each step of the edge
)

// The fields of messages along an edge where they have no closed form: those of
// the steps, and that of the edge's beginning.
const (
	fieldPrecisions     = "H along the edge"
	fieldPotentials     = "F along the edge"
	fieldLogNorms       = "c along the edge"
	fieldStartPrecision = "H at the edge's beginning"
	fieldStartPotential = "F at the edge's beginning"
	fieldStartLogNorm   = "c at the edge's beginning"
)

func (m Continuous) columns() int { return max(m.Dimensions, 1) }

// Dim is the number of components of a state.
func (m Continuous) Dim() int { return m.Points * m.columns() }

// stateShape is the shape of a state as the model's functions see it.
func (m Continuous) stateShape() tensor.Shape {
	if m.Dimensions == 0 {
		return tensor.Shape{m.Points}
	}
	return tensor.Shape{m.Points, m.Dimensions}
}

// matrix is a state as points by dimensions.
func (m Continuous) matrix(x tensor.Value) tensor.Value { return x.Reshape(m.Points, m.columns()) }

// Fields declares the fields of the sweeps.
func (m Continuous) Fields() []tree.Field {
	d, n, square := m.stateShape(), tensor.Shape{m.Points}, tensor.Shape{m.Points, m.Points}
	steps := func(s tensor.Shape) tensor.Shape { return append(tensor.Shape{m.Steps}, s...) }
	fields := []tree.Field{
		{Name: FieldLength, Kind: tree.Data}, {Name: FieldSteps, Kind: tree.Data}, {Name: FieldObservation, Kind: tree.Data, Shape: d},
		{Name: FieldObserved, Kind: tree.Data, Shape: n}, {Name: FieldKnownVariance, Kind: tree.Data, Shape: n},
		{Name: FieldStartAnchor, Kind: tree.Data, Shape: d}, {Name: FieldStartParent, Kind: tree.Data, Shape: d},
		{Name: FieldNoise, Shape: steps(d)}, {Name: FieldPrecision, Shape: square}, {Name: FieldPotential, Shape: d}, {Name: FieldLogNorm},
		{Name: FieldAnchor, Shape: d}, {Name: FieldParentAnchor, Shape: d},
		{Name: FieldState, Shape: d}, {Name: FieldPath, Shape: steps(d)}, {Name: FieldLogWeight},
	}
	if m.Bridge == PathBridge {
		fields = append(fields, m.controlFields()...)
	}
	if m.StaleMessages {
		fields = append(fields, tree.Field{Name: FieldFilterAnchor, Shape: d}, tree.Field{Name: FieldFilterParent, Shape: d})
	}
	if m.linear() != nil {
		fields = append(fields, tree.Field{Name: fieldPrecisions, Shape: steps(square)}, tree.Field{Name: fieldPotentials, Shape: steps(d)},
			tree.Field{Name: fieldLogNorms, Shape: steps(nil)}, tree.Field{Name: fieldStartPrecision, Shape: square},
			tree.Field{Name: fieldStartPotential, Shape: d}, tree.Field{Name: fieldStartLogNorm})
	}
	return fields
}

// drift and diffusion are the model's, with their shapes checked.
func (m Continuous) drift(t, x tensor.Value, e Edge) tensor.Value {
	if m.Drift == nil {
		return tensor.Zeros(x.Shape()...)
	}
	b := m.Drift(t, x, e)
	if b.Node() == nil || !b.Shape().Equal(m.stateShape()) {
		tensor.Fail("Drift", "the drift has shape %v; the state has %v", shapeOf(b), m.stateShape())
	}
	return b
}

func (m Continuous) diffusion(t, x tensor.Value, e Edge) tensor.Value {
	return m.square("Diffusion", m.Diffusion(t, x, e))
}

func (m Continuous) square(what string, sigma tensor.Value) tensor.Value {
	if sigma.Node() == nil || !sigma.Shape().Equal(tensor.Shape{m.Points, m.Points}) {
		tensor.Fail(what, "%s has shape %v; a state of shape %v needs (%d,%d)", what, shapeOf(sigma), m.stateShape(), m.Points, m.Points)
	}
	return sigma
}

// linear is the auxiliary process, nil for a driftless one.
func (m Continuous) linear() *Linear {
	if a := m.Auxiliary; a != nil {
		if a.B == nil && a.Beta == nil {
			return nil
		}
		l := *a
		if l.B == nil {
			l.B = func(_, _ tensor.Value, _ Edge) tensor.Value { return tensor.Zeros(m.Points, m.Points) }
		}
		if l.Beta == nil {
			l.Beta = func(_, anchor tensor.Value, _ Edge) tensor.Value { return tensor.Zeros(anchor.Shape()...) }
		}
		return &l
	}
	if m.Drift == nil || m.Dimensions > 0 {
		return nil
	}
	at := func(t, anchor tensor.Value, e Edge) (b, beta tensor.Value) {
		// The Jacobian is taken with respect to an input of its own, since the
		// anchor is itself an expression.
		x := tensor.Input("anchor", m.Points)
		drift := m.drift(t, x, e)
		jacobian := autodiff.Jacobian(drift, x)
		values := tensor.Substitute([]tensor.Value{jacobian, drift.Sub(jacobian.MatMul(x))}, map[*tensor.Node]tensor.Value{x.Node(): anchor})
		return values[0], values[1]
	}
	return &Linear{
		B:    func(t, anchor tensor.Value, e Edge) tensor.Value { b, _ := at(t, anchor, e); return b },
		Beta: func(t, anchor tensor.Value, e Edge) tensor.Value { _, beta := at(t, anchor, e); return beta },
	}
}

// auxiliaryCovariance is sigma sigma' of the auxiliary process.
func (m Continuous) auxiliaryCovariance(t, anchor tensor.Value, e Edge) tensor.Value {
	sigma := m.Diffusion
	if m.Auxiliary != nil && m.Auxiliary.Sigma != nil {
		sigma = m.Auxiliary.Sigma
	}
	s := m.square("the auxiliary Sigma", sigma(t, anchor, e))
	return s.MatMul(s.Transpose())
}
