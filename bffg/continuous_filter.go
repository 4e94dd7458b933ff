package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// AddFilter adds the backward filter with its rounds of anchor refinement.
func (m Continuous) AddFilter(p *tree.Program, tips Tips) {
	p.Map("start anchors", func(v *tree.MapView) {
		v.Write(FieldAnchor, v.Field(FieldStartAnchor))
		v.Write(FieldParentAnchor, v.Field(FieldStartParent))
	})
	for range m.Rounds {
		m.addFilterSweep(p, tips, m.StaleMessages)
		m.addRefinement(p)
	}
	if !m.StaleMessages || m.Rounds == 0 {
		m.addFilterSweep(p, tips, true)
	}
}

// addFilterSweep adds one backward filter; last says that the forward sweep uses
// its messages.
func (m Continuous) addFilterSweep(p *tree.Program, tips Tips, last bool) {
	p.Up("backward filter", func(v *tree.UpView) {
		v.VisitLeaves()
		var pulled *pointMessage // traced once
		pull := func(c *tree.ChildView) pointMessage {
			if pulled == nil {
				message := m.pull(c, last)
				pulled = &message
			}
			return *pulled
		}
		h := v.Children(func(c *tree.ChildView) tensor.Value { return pull(c).H }).Sum()
		f := v.Children(func(c *tree.ChildView) tensor.Value { return pull(c).F }).Sum()
		constant := v.Children(func(c *tree.ChildView) tensor.Value { return pull(c).C }).Sum()
		o := m.observe(v, tips)
		v.Write(FieldPrecision, h.Add(o.H))
		v.Write(FieldPotential, f.Add(o.F).Reshape(m.stateShape()...))
		v.Write(FieldLogNorm, constant.Add(o.C))
	})
}

// pull is the message that a child sends its parent.
func (m Continuous) pull(c *tree.ChildView, last bool) pointMessage {
	e := edgeOf(c)
	message := pointMessage{c.Field(FieldPrecision), m.matrix(c.Field(FieldPotential)), c.Field(FieldLogNorm)}
	anchors := anchorPair{parent: c.Field(FieldParentAnchor), own: c.Field(FieldAnchor)}
	if m.linear() == nil {
		return m.closedForm(message, anchors, e)
	}
	start, along := m.alongEdge(message, anchors, c.Field(FieldSteps), e)
	if last {
		c.Write(fieldPrecisions, along.H)
		c.Write(fieldPotentials, along.F)
		c.Write(fieldLogNorms, along.C)
		c.Write(fieldStartPrecision, start.H)
		c.Write(fieldStartPotential, start.F.Reshape(m.stateShape()...))
		c.Write(fieldStartLogNorm, start.C)
	}
	return start
}

// alongEdge pulls a message through the linear auxiliary process. It also gives the
// messages along the edge: at the beginning of each step for EulerBridge; at its end,
// as W, U and constant of a guide, for StepwiseBridge.
func (m Continuous) alongEdge(message pointMessage, anchors anchorPair, steps tensor.Value, e Edge) (start, along pointMessage) {
	if m.Bridge == EulerBridge {
		return m.integrate(message, anchors, steps, e)
	}
	return m.throughSteps(message, anchors, steps, e)
}

// observe is the message of a leaf's observation, and zero elsewhere.
func (m Continuous) observe(v *tree.UpView, tips Tips) pointMessage {
	mask := tensor.Select(v.IsLeaf(), v.Field(FieldObserved), tensor.Zeros(m.Points))
	variance := m.tipVariance(tips, v.Parameter, v.Field)
	y := m.matrix(v.Field(FieldObservation))
	precision := mask.Div(variance)
	f := y.Mul(m.perColumn(precision))
	logs := mask.Mul(variance.Log().Shift(math.Log(2 * math.Pi))).Sum().Scale(float64(m.columns()))
	return pointMessage{precision.Diag(), f, logs.Add(y.Mul(f).Sum()).Scale(-0.5)}
}

// anchorPair are the linearisation points of an edge, at its parent's end and its
// own.
type anchorPair struct{ parent, own tensor.Value }

// at is the anchor at a part of the edge, 0 at the parent's end, 1 at its own.
func (a anchorPair) at(part tensor.Value) tensor.Value {
	return a.parent.Add(a.own.Sub(a.parent).Mul(part))
}

// ends are the auxiliary covariances at the two ends of an edge.
func (m Continuous) ends(a anchorPair, e Edge) (parent, own tensor.Value) {
	return m.auxiliaryCovariance(tensor.Constant(0), a.parent, e), m.auxiliaryCovariance(e.Length, a.own, e)
}

// closedForm pulls a message through the driftless auxiliary process, whose
// integrated covariance is the mean of the two ends' times the length.
func (m Continuous) closedForm(message pointMessage, anchors anchorPair, e Edge) pointMessage {
	parent, own := m.ends(anchors, e)
	return message.source(parent.Add(own).Scale(0.5)).before(e.Length).message()
}

// integrate pulls a message through a general auxiliary process by RK4, one step
// for each Euler step: dH = -B'H - HB + H a H, dF = -B'F + H a F + H beta,
// dc = -beta'F + tr(aH)/2 - F'aF/2 in time (Theorem 23).
func (m Continuous) integrate(message pointMessage, anchors anchorPair, steps tensor.Value, e Edge) (start, along pointMessage) {
	auxiliary := m.linear()
	rate := func(t tensor.Value, y pointMessage) pointMessage {
		anchor := anchors.at(ratioOrZero(t, e.Length))
		b, beta := auxiliary.B(t, anchor, e), m.matrix(auxiliary.Beta(t, anchor, e))
		a := m.auxiliaryCovariance(t, anchor, e)
		ha := y.H.MatMul(a)
		return pointMessage{
			H: ha.MatMul(y.H).Sub(b.Transpose().MatMul(y.H)).Sub(y.H.MatMul(b)),
			F: ha.MatMul(y.F).Sub(b.Transpose().MatMul(y.F)).Add(y.H.MatMul(beta)),
			C: a.Mul(y.H).Sum().Scale(float64(m.columns())).Sub(y.F.Mul(a.MatMul(y.F)).Sum()).Scale(0.5).Sub(beta.Mul(y.F).Sum()),
		}
	}
	move := func(y pointMessage, slope pointMessage, dt tensor.Value) pointMessage {
		return pointMessage{y.H.Sub(slope.H.Mul(dt)), y.F.Sub(slope.F.Mul(dt)), y.C.Sub(slope.C.Mul(dt))}
	}
	final, stacked := tensor.LoopBackwards(m.Steps, []tensor.Value{message.H, message.F, message.C}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
		y := pointMessage{s.Carried[0], s.Carried[1], s.Carried[2]}
		begin, end := m.stepTimes(s.Index, steps, e)
		dt := end.Sub(begin)
		middle := begin.Add(end).Scale(0.5)
		k1 := rate(end, y)
		k2 := rate(middle, move(y, k1, dt.Scale(0.5)))
		k3 := rate(middle, move(y, k2, dt.Scale(0.5)))
		k4 := rate(begin, move(y, k3, dt))
		average := func(a, b, c, d tensor.Value) tensor.Value {
			return a.Add(b.Scale(2)).Add(c.Scale(2)).Add(d).Scale(1.0 / 6)
		}
		y = move(y, pointMessage{average(k1.H, k2.H, k3.H, k4.H), average(k1.F, k2.F, k3.F, k4.F), average(k1.C, k2.C, k3.C, k4.C)}, dt)
		next = []tensor.Value{y.H.Symmetrize(), y.F, y.C}
		return next, next
	})
	return pointMessage{final[0], final[1], final[2]}, m.stack(stacked)
}

// throughSteps pulls a message through the Euler steps of a general auxiliary process,
// each a Gaussian edge x' ~ N(x + (B x + beta) dt, a dt) with coefficients of its
// beginning. The potentials stay positive however long the steps are.
func (m Continuous) throughSteps(message pointMessage, anchors anchorPair, steps tensor.Value, e Edge) (start, along pointMessage) {
	auxiliary := m.linear()
	g := message.guide()
	final, stacked := tensor.LoopBackwards(m.Steps, []tensor.Value{g.W, g.U, g.Constant}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
		begin, end := m.stepTimes(s.Index, steps, e)
		dt := end.Sub(begin)
		anchor := anchors.at(ratioOrZero(begin, e.Length))
		phi := tensor.Identity(m.Points).Add(auxiliary.B(begin, anchor, e).Mul(dt))
		shift := m.matrix(auxiliary.Beta(begin, anchor, e)).Mul(dt)
		g := guide{s.Carried[0], s.Carried[1], s.Carried[2]}.before(phi, shift, m.auxiliaryCovariance(begin, anchor, e).Mul(dt))
		return []tensor.Value{g.W, g.U, g.Constant}, s.Carried
	})
	return guide{final[0], final[1], final[2]}.message(), m.stack(stacked)
}

// stack are the stacked messages of the steps of an edge.
func (m Continuous) stack(values []tensor.Value) pointMessage {
	return pointMessage{values[0], values[1].Reshape(append(tensor.Shape{m.Steps}, m.stateShape()...)...), values[2]}
}

// ratioOrZero is a/b, or 0 where b is 0.
func ratioOrZero(a, b tensor.Value) tensor.Value {
	zero := tensor.Constant(0)
	empty := b.Equal(zero)
	return tensor.Select(empty, zero, a.Div(tensor.Select(empty, tensor.Constant(1), b)))
}

// addRefinement moves every anchor to the mean H^-1 F of the node's message, and
// hands it to the edges below. A point without data below keeps its anchor.
func (m Continuous) addRefinement(p *tree.Program) {
	if m.StaleMessages {
		p.Map("keep anchors", func(v *tree.MapView) {
			v.Write(FieldFilterAnchor, v.Field(FieldAnchor))
			v.Write(FieldFilterParent, v.Field(FieldParentAnchor))
		})
	}
	p.Map("refine anchors", func(v *tree.MapView) {
		old := m.matrix(v.Field(FieldAnchor))
		l := v.Field(FieldPrecision).Cholesky()
		refined := l.SolveLowerTransposed(l.SolveLower(m.matrix(v.Field(FieldPotential))))
		pivots := m.perColumn(l.Diagonal())
		refined = tensor.Select(pivots.Equal(tensor.Zeros(old.Shape()...)), old, refined)
		v.Write(FieldAnchor, tensor.Select(v.IsRoot(), old, refined).Reshape(m.stateShape()...)) // the root has no edge above
	})
	p.Down("hand anchors down", func(v *tree.DownView) { v.Write(FieldParentAnchor, v.Parent(FieldAnchor)) })
}
