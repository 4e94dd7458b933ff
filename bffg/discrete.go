package bffg

import (
	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Discrete is a model of discrete edges: x_v | x ~ N(Mean(x), Covariance(x)) for a
// node v with parent state x, of dimension Dim.
type Discrete struct {
	Dim        int
	Mean       func(x tensor.Value, e Edge) tensor.Value // (d)
	Covariance func(x tensor.Value, e Edge) tensor.Value // (d,d), symmetric positive semi-definite
	// Auxiliary is the linear-Gaussian transition that guides, at an anchor (d)
	// of the edge. Without it the model is linearised at the anchor: Phi is the
	// Jacobian of the mean, Beta = mean - Phi anchor, Q the covariance there.
	Auxiliary func(anchor tensor.Value, e Edge) Transition
	// Rounds is how often the backward filter runs, with the anchors moved to
	// the filtered means in between; 0 counts as 1. The last filter always comes
	// after the last move, so that messages and weight use the same anchors.
	Rounds int
	// EdgeFields are what the functions read of an edge by [Edge.Field].
	EdgeFields []EdgeField
}

// The fields that the sweeps of a discrete model work on.
const (
	FieldLength        = "length"          // data (): edge length
	FieldObservation   = "y"               // data (d): observed values, 0 where missing
	FieldObserved      = "observed"        // data (d): 1 where observed, 0 where missing
	FieldKnownVariance = "known variance"  // data (d): variance of each observation around the tip's state
	FieldStartAnchor   = "start anchor"    // data (d): where anchors start
	FieldNoise         = "z"               // state (d): standard-normal noise of the guided sweep
	FieldPrecision     = "H"               // state (d,d): message precision
	FieldPotential     = "F"               // state (d): message potential
	FieldLogNorm       = "c"               // state (): message log norm
	FieldAnchor        = "anchor"          // state (d): linearisation point of the edge above
	FieldState         = "x"               // state (d): the node's state
	FieldLogWeight     = "log weight"      // state (): importance weight of the edge above
	TipNoise           = "tau_sq"          // chain (d): variance of the observations
	RootValue          = "root"            // chain (d): the root's state, if pinned
	RootMean           = "root_mean"       // chain (d): mean of the root's prior, if normal
	RootSD             = "root_sd"         // chain (d): standard deviations of the root's prior, if normal
	RootCovariance     = "root_covariance" // chain (d,d): of the root's distribution, if stationary
	LogLikelihood      = "log_likelihood"  // chain (): log p(data | parameters), an estimate where weights are not 0
)

// Tips says how the observations at the tips vary around the tips' states: with
// the variance TipNoise, with known variances, with both added, or not at all.
type Tips struct {
	Noise bool // the chain field TipNoise
	Known bool // the data field FieldKnownVariance
}

func (t Tips) exact() bool { return !t.Noise && !t.Known }

// nodeView is a statement's view of a node.
type nodeView interface {
	Field(name string) tensor.Value
	Parameter(name string) tensor.Value
}

// variance is that of a tip's observations around its state, (dim).
func (t Tips) variance(v nodeView, dim int) tensor.Value {
	variance := tensor.Zeros(dim)
	if t.Noise {
		variance = v.Parameter(TipNoise)
	}
	if t.Known {
		variance = variance.Add(v.Field(FieldKnownVariance))
	}
	return variance
}

// observe is a tip seen through its edge, whose covariance is q. The variance of the
// observation adds to it: the message of the tip itself has y^2/variance in it, large
// numbers that cancel in the message of the edge and leave nothing but rounding errors
// where the variance is small.
func (t Tips) observe(v nodeView, q tensor.Value) edgeObservation {
	y := v.Field(FieldObservation)
	return observeThrough(y, v.Field(FieldObserved), q.Add(t.variance(v, y.Shape()[0]).Diag()))
}

// Root is what is assumed of the root's state.
type Root uint8

// The assumptions about the root.
const (
	RootFlat       Root = iota // a flat (improper) prior, integrated out
	RootPinned                 // known: the chain field RootValue
	RootNormal                 // independent normal priors: RootMean and RootSD, integrated out
	RootEstimated              // a parameter of the model called RootValue
	RootOptimum                // the mean of the model's stationary distribution
	RootStationary             // drawn from the model's stationary distribution, integrated out
)

// Known reports whether the root's state is given by the parameters, in the chain field
// RootValue.
func (r Root) Known() bool { return r == RootPinned || r == RootEstimated || r == RootOptimum }

// Fields declares the fields of the sweeps.
func (m Discrete) Fields() []tree.Field {
	d := tensor.Shape{m.Dim}
	return append([]tree.Field{
		{Name: FieldLength, Kind: tree.Data}, {Name: FieldObservation, Kind: tree.Data, Shape: d},
		{Name: FieldObserved, Kind: tree.Data, Shape: d}, {Name: FieldKnownVariance, Kind: tree.Data, Shape: d},
		{Name: FieldStartAnchor, Kind: tree.Data, Shape: d},
		{Name: FieldNoise, Shape: d}, {Name: FieldPrecision, Shape: tensor.Shape{m.Dim, m.Dim}},
		{Name: FieldPotential, Shape: d}, {Name: FieldLogNorm}, {Name: FieldAnchor, Shape: d},
		{Name: FieldState, Shape: d}, {Name: FieldLogWeight},
	}, edgeFields(m.EdgeFields)...)
}

// mean and covariance are the model's, with their shapes checked.
func (m Discrete) mean(x tensor.Value, e Edge) tensor.Value {
	mean := m.Mean(x, e)
	if mean.Node() == nil || !mean.Shape().Equal(tensor.Shape{m.Dim}) {
		tensor.Fail("Mean", "the mean of the transition has shape %v; a model of dimension %d needs (%d)", shapeOf(mean), m.Dim, m.Dim)
	}
	return mean
}

func (m Discrete) covariance(x tensor.Value, e Edge) tensor.Value {
	q := m.Covariance(x, e)
	if q.Node() == nil || !q.Shape().Equal(tensor.Shape{m.Dim, m.Dim}) {
		tensor.Fail("Covariance", "the covariance of the transition has shape %v; a model of dimension %d needs (%d,%d)", shapeOf(q), m.Dim, m.Dim, m.Dim)
	}
	return q
}

func shapeOf(v tensor.Value) tensor.Shape {
	if v.Node() == nil {
		return nil
	}
	return v.Shape()
}

// auxiliary is the guiding transition of an edge.
func (m Discrete) auxiliary(anchor tensor.Value, e Edge) Transition {
	if m.Auxiliary != nil {
		return m.Auxiliary(anchor, e)
	}
	// The Jacobian is taken with respect to an input of its own, since the
	// anchor may itself be an expression.
	x := tensor.Input("anchor", m.Dim)
	mean := m.mean(x, e)
	phi := autodiff.Jacobian(mean, x)
	beta := mean.Sub(phi.MatMul(x))
	at := tensor.Substitute([]tensor.Value{phi, beta, m.covariance(x, e)}, map[*tensor.Node]tensor.Value{x.Node(): anchor})
	return Transition{Phi: at[0], Beta: at[1], Q: at[2]}
}

// AddFilter adds the backward filter with its rounds of anchor refinement.
func (m Discrete) AddFilter(p *tree.Program, tips Tips) {
	p.Map("start anchors", func(v *tree.MapView) { v.Write(FieldAnchor, v.Field(FieldStartAnchor)) })
	m.addFilterSweep(p, tips)
	for range m.Rounds - 1 {
		m.addRefinement(p)
		m.addFilterSweep(p, tips)
	}
}

func (m Discrete) addFilterSweep(p *tree.Program, tips Tips) {
	p.Up("backward filter", func(v *tree.UpView) {
		v.VisitLeaves()
		pull := func(c *tree.ChildView) Message {
			e := edgeOf(c)
			t := m.auxiliary(c.Field(FieldAnchor), e)
			message := Message{c.Field(FieldPrecision), c.Field(FieldPotential), c.Field(FieldLogNorm)}.Pull(t)
			tip := tips.observe(c, t.Q).pull(t)
			leaf := c.IsLeaf()
			return Message{tensor.Select(leaf, tip.H, message.H), tensor.Select(leaf, tip.F, message.F), tensor.Select(leaf, tip.C, message.C)}
		}
		h := v.Children(func(c *tree.ChildView) tensor.Value { return pull(c).H }).Sum()
		f := v.Children(func(c *tree.ChildView) tensor.Value { return pull(c).F }).Sum()
		constant := v.Children(func(c *tree.ChildView) tensor.Value { return pull(c).C }).Sum()
		if !tips.exact() {
			mask := tensor.Select(v.IsLeaf(), v.Field(FieldObserved), tensor.Zeros(m.Dim))
			o := ObservationMessage(v.Field(FieldObservation), mask, tips.variance(v, m.Dim))
			h, f, constant = h.Add(o.H), f.Add(o.F), constant.Add(o.C)
		}
		v.Write(FieldPrecision, h)
		v.Write(FieldPotential, f)
		v.Write(FieldLogNorm, constant)
	})
}

// addRefinement moves every anchor to the mean H^-1 F of the node's message. A
// precision that is (nearly) singular is filled up with a little of the old
// anchor, so that repeated refinement stays finite on any tree.
func (m Discrete) addRefinement(p *tree.Program) {
	p.Map("refine anchors", func(v *tree.MapView) {
		h, old := v.Field(FieldPrecision), v.Field(FieldAnchor)
		ridge := h.Diagonal().Sum().Scale(1e-14).Shift(1e-30)
		filled := h.Add(tensor.Identity(m.Dim).Mul(ridge))
		refined := filled.Solve(v.Field(FieldPotential).Add(old.Mul(ridge)))
		v.Write(FieldAnchor, tensor.Select(v.IsRoot(), old, refined)) // the root has no edge above
	})
}

// AddRoot adds the root's contribution to the likelihood, the chain variable
// "log h(root)", and, with draw, the root's state, drawn from its conditional
// distribution by the root's noise.
func (m Discrete) AddRoot(p *tree.Program, root Root, draw bool) {
	p.Scalars("root", func(v *tree.ScalarView) {
		message := Message{v.AtRoot(FieldPrecision), v.AtRoot(FieldPotential), v.AtRoot(FieldLogNorm)}
		switch {
		case root.Known():
			v.Write("log h(root)", message.At(v.Parameter(RootValue)))
			v.Write("root state", v.Parameter(RootValue))
		case root == RootNormal || root == RootStationary:
			mean, covariance := v.Parameter(RootMean), tensor.Value{}
			if root == RootNormal {
				covariance = v.Parameter(RootSD).Square().Diag()
			} else {
				covariance = v.Parameter(RootCovariance)
			}
			v.Write("log h(root)", message.Integral(mean, covariance))
			if draw {
				center, factor := message.Guided(mean, covariance)
				v.Write("root state", center.Add(factor.MatMul(v.AtRoot(FieldNoise))))
			}
		default:
			v.Write("log h(root)", message.FlatIntegral())
			if draw {
				l := message.H.Cholesky()
				v.Write("root state", message.H.SolvePositive(message.F).Add(l.SolveLowerTransposed(v.AtRoot(FieldNoise))))
			}
		}
	})
	if draw || root.Known() {
		p.Map("root state", func(v *tree.MapView) {
			v.Write(FieldState, tensor.Select(v.IsRoot(), v.Parameter("root state"), tensor.Zeros(m.Dim)))
		})
	}
}

// AddGuidedForward adds the guided sweep: every node's state and weight from its
// parent's state and its own noise (Theorem 14).
func (m Discrete) AddGuidedForward(p *tree.Program, tips Tips) {
	p.Map("the root's weight", func(v *tree.MapView) { v.Write(FieldLogWeight, tensor.Constant(0)) })
	p.Down("guided forward", func(v *tree.DownView) {
		e := edgeOf(v)
		x := v.Parent(FieldState)
		mean, covariance := m.mean(x, e), m.covariance(x, e)
		t := m.auxiliary(v.Field(FieldAnchor), e)
		guess := t.Phi.MatMul(x).Add(t.Beta)
		message := Message{v.Field(FieldPrecision), v.Field(FieldPotential), v.Field(FieldLogNorm)}
		center, factor := message.Guided(mean, covariance)
		truth, auxiliary, leaf := tips.observe(v, covariance), tips.observe(v, t.Q), v.IsLeaf()
		weight := tensor.Select(leaf, truth.integral(mean).Sub(auxiliary.integral(guess)), message.excess(mean, covariance).Sub(message.excess(guess, t.Q)))
		if tips.exact() {
			exactCenter, exactFactor := truth.guided(mean, covariance)
			center, factor = tensor.Select(leaf, exactCenter, center), tensor.Select(leaf, exactFactor, factor)
		}
		v.Write(FieldState, center.Add(factor.MatMul(v.Field(FieldNoise))))
		v.Write(FieldLogWeight, weight)
	})
}

// AddForward adds the unconditional sweep: every node's state from its parent's
// state and its own noise, blind to data.
func (m Discrete) AddForward(p *tree.Program) {
	p.Down("forward", func(v *tree.DownView) {
		e := edgeOf(v)
		x := v.Parent(FieldState)
		v.Write(FieldState, m.mean(x, e).Add(m.covariance(x, e).Cholesky().MatMul(v.Field(FieldNoise))))
	})
}

// AddLikelihood adds all sweeps and the chain variable LogLikelihood. With
// weights it includes the guided sweep and its importance weights, which depend
// on the noise; a model whose auxiliary is the truth needs none.
func (m Discrete) AddLikelihood(p *tree.Program, root Root, tips Tips, weights bool) {
	m.AddFilter(p, tips)
	m.AddRoot(p, root, weights)
	if !weights {
		p.Scalars("likelihood", func(v *tree.ScalarView) { v.Write(LogLikelihood, v.Parameter("log h(root)")) })
		return
	}
	m.AddGuidedForward(p, tips)
	p.Total("sum of log weights", func(v *tree.MapView) tensor.Value { return v.Field(FieldLogWeight) })
	p.Scalars("likelihood", func(v *tree.ScalarView) {
		v.Write(LogLikelihood, v.Parameter("log h(root)").Add(v.Parameter("sum of log weights")))
	})
}
