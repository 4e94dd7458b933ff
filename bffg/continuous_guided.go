package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// AddRoot adds the root's contribution to the likelihood, the chain variable
// "log h(root)", and, with draw, the root's state, drawn from its conditional
// distribution by the noise of the root's first step.
func (m Continuous) AddRoot(p *tree.Program, root Root, draw bool) {
	p.Scalars("root", func(v *tree.ScalarView) {
		message := pointMessage{v.AtRoot(FieldPrecision), m.matrix(v.AtRoot(FieldPotential)), v.AtRoot(FieldLogNorm)}
		g := message.guide()
		z := m.matrix(first(v.AtRoot(FieldNoise)))
		var x tensor.Value
		switch {
		case root.Known():
			x = m.matrix(v.Parameter(RootValue))
			v.Write("log h(root)", g.at(x))
		case root == RootNormal:
			var integral tensor.Value
			x, integral = g.draw(m.matrix(v.Parameter(RootMean)), v.Parameter(RootSD).Diag(), z)
			v.Write("log h(root)", integral)
		default:
			l := message.H.Cholesky()
			x = l.SolveLowerTransposed(g.U.Add(z))
			v.Write("log h(root)", g.Constant.Sub(halfLogDet(l).Scale(float64(m.columns()))).Shift(0.5*float64(m.Dim())*math.Log(2*math.Pi)))
		}
		if draw || root.Known() {
			v.Write("root state", x.Reshape(m.stateShape()...))
		}
	})
	if draw || root.Known() {
		p.Map("root state", func(v *tree.MapView) {
			v.Write(FieldState, tensor.Select(v.IsRoot(), v.Parameter("root state"), tensor.Zeros(m.stateShape()...)))
		})
	}
}

// first is the first part of a stacked value.
func first(v tensor.Value) tensor.Value {
	shape := v.Shape()[1:]
	indices := make([]int, shape.Size())
	for k := range indices {
		indices[k] = k
	}
	return v.Gather(indices, shape...)
}

// AddGuidedForward adds the guided sweep: along every edge the states and the
// weight from the parent's state and the edge's own noise.
func (m Continuous) AddGuidedForward(p *tree.Program) {
	p.Down("guided forward", func(v *tree.DownView) {
		e := edgeOf(v)
		steps := v.Field(FieldSteps)
		anchors := anchorPair{parent: v.Field(FieldParentAnchor), own: v.Field(FieldAnchor)}
		guides := m.guides(v, e, anchors)
		start := m.matrix(v.Parent(FieldState))
		initial := []tensor.Value{start, tensor.Constant(0)}
		if m.Bridge == StepwiseBridge {
			initial = append(initial, guides.start.at(start))
		}
		sliced := append([]tensor.Value{v.Field(FieldNoise)}, guides.sliced...)
		var parent, own tensor.Value
		if m.Bridge == EulerBridge && (m.linear() == nil || m.EndpointCovariance) {
			parent, own = m.ends(anchors, e)
		}
		final, stacked := tensor.Loop(m.Steps, initial, sliced, func(s tensor.Step) (next, stacked []tensor.Value) {
			x, weight, z := s.Carried[0], s.Carried[1], m.matrix(s.Sliced[0])
			begin, end := m.stepTimes(s.Index, steps, e)
			dt := end.Sub(begin)
			state := x.Reshape(m.stateShape()...)
			drift := m.matrix(m.drift(begin, state, e))
			sigma := m.diffusion(begin, state, e)
			g := guides.at(s, begin, end)
			if m.Bridge == StepwiseBridge {
				drawn, integral := g.draw(x.Add(drift.Mul(dt)), sigma.Mul(dt.Sqrt()), z)
				return []tensor.Value{drawn, weight.Add(integral).Sub(s.Carried[2]), g.at(drawn)}, []tensor.Value{drawn}
			}
			part := ratioOrZero(begin, e.Length)
			var auxiliary tensor.Value
			if parent.Node() != nil {
				auxiliary = parent.Add(own.Sub(parent).Mul(part))
			} else {
				auxiliary = m.auxiliaryCovariance(begin, anchors.at(part), e)
			}
			r := g.W.Transpose().MatMul(g.U.Sub(g.W.MatMul(x)))
			pull, push := sigma.Transpose().MatMul(r), drift
			if l := m.linear(); l != nil {
				anchor := anchors.at(part)
				push = drift.Sub(m.matrix(l.Beta(begin, anchor, e))).Sub(l.B(begin, anchor, e).MatMul(x))
			}
			trace := g.W.MatMul(sigma).Square().Sum().Sub(g.W.MatMul(auxiliary).Mul(g.W).Sum()).Scale(float64(m.columns()))
			square := pull.Square().Sum().Sub(r.Mul(auxiliary.MatMul(r)).Sum())
			drawn := x.Add(drift.Add(sigma.MatMul(pull)).Mul(dt)).Add(sigma.MatMul(z).Mul(dt.Sqrt()))
			weight = weight.Add(push.Mul(r).Sum().Add(square.Sub(trace).Scale(0.5)).Mul(dt))
			return []tensor.Value{drawn, weight}, []tensor.Value{drawn}
		})
		v.Write(FieldState, final[0].Reshape(m.stateShape()...))
		v.Write(FieldLogWeight, final[1])
		v.Write(FieldPath, stacked[0].Reshape(append(tensor.Shape{m.Steps}, m.stateShape()...)...))
	})
}

// guides are the potentials along an edge.
type guides struct {
	start  guide          // at the edge's beginning
	sliced []tensor.Value // what a step needs of them, sliced by steps
	at     func(s tensor.Step, begin, end tensor.Value) guide
}

// guides prepares the potentials of an edge: those that a step is guided by, at
// its beginning for EulerBridge and else at its end.
func (m Continuous) guides(v *tree.DownView, e Edge, anchors anchorPair) guides {
	if m.linear() != nil {
		along := []tensor.Value{v.Field(fieldPrecisions), v.Field(fieldPotentials), v.Field(fieldLogNorms)}
		g := guides{sliced: along, at: func(s tensor.Step, _, _ tensor.Value) guide {
			if m.Bridge == StepwiseBridge {
				return guide{s.Sliced[1], m.matrix(s.Sliced[2]), s.Sliced[3]}
			}
			return pointMessage{s.Sliced[1], m.matrix(s.Sliced[2]), s.Sliced[3]}.guide()
		}}
		if m.Bridge == StepwiseBridge {
			g.start = pointMessage{v.Field(fieldStartPrecision), m.matrix(v.Field(fieldStartPotential)), v.Field(fieldStartLogNorm)}.guide()
		}
		return g
	}
	message := pointMessage{v.Field(FieldPrecision), m.matrix(v.Field(FieldPotential)), v.Field(FieldLogNorm)}
	if m.StaleMessages && m.Rounds > 0 {
		anchors = anchorPair{parent: v.Field(FieldFilterParent), own: v.Field(FieldFilterAnchor)}
	}
	parent, own := m.ends(anchors, e)
	source := message.source(parent, own)
	// The covariance from t to the end is (T-t)^2/2T of the parent's end and
	// (T^2-t^2)/2T of the edge's own.
	before := func(t tensor.Value) guide {
		part := ratioOrZero(t, e.Length)
		rest := tensor.Constant(1).Sub(part)
		half := e.Length.Scale(0.5)
		return source.before(half.Mul(rest.Square()), half.Mul(rest).Mul(part.Shift(1)))
	}
	return guides{start: before(tensor.Constant(0)), at: func(_ tensor.Step, begin, end tensor.Value) guide {
		if m.Bridge == EulerBridge {
			return before(begin)
		}
		return before(end)
	}}
}

// AddForward adds the unconditional sweep by Euler-Maruyama, blind to data.
func (m Continuous) AddForward(p *tree.Program) {
	p.Down("forward", func(v *tree.DownView) {
		e := edgeOf(v)
		steps := v.Field(FieldSteps)
		final, stacked := tensor.Loop(m.Steps, []tensor.Value{m.matrix(v.Parent(FieldState))}, []tensor.Value{v.Field(FieldNoise)}, func(s tensor.Step) (next, stacked []tensor.Value) {
			x := s.Carried[0]
			begin, end := m.stepTimes(s.Index, steps, e)
			dt := end.Sub(begin)
			state := x.Reshape(m.stateShape()...)
			step := m.diffusion(begin, state, e).MatMul(m.matrix(s.Sliced[0])).Mul(dt.Sqrt())
			x = x.Add(m.matrix(m.drift(begin, state, e)).Mul(dt)).Add(step)
			return []tensor.Value{x}, []tensor.Value{x}
		})
		v.Write(FieldState, final[0].Reshape(m.stateShape()...))
		v.Write(FieldPath, stacked[0].Reshape(append(tensor.Shape{m.Steps}, m.stateShape()...)...))
	})
}

// AddLikelihood adds all sweeps and the chain variable LogLikelihood; see
// [Discrete.AddLikelihood].
func (m Continuous) AddLikelihood(p *tree.Program, root Root, tips Tips, weights bool) {
	if weights && (m.Bridge == PathBridge || m.Bridge == Unguided) {
		m.addWithoutMessages(p, root, tips)
		return
	}
	m.AddFilter(p, tips)
	m.AddRoot(p, root, weights)
	if !weights {
		p.Scalars("likelihood", func(v *tree.ScalarView) { v.Write(LogLikelihood, v.Parameter("log h(root)")) })
		return
	}
	m.AddGuidedForward(p)
	p.Total("sum of log weights", func(v *tree.MapView) tensor.Value { return v.Field(FieldLogWeight) })
	p.Scalars("likelihood", func(v *tree.ScalarView) {
		v.Write(LogLikelihood, v.Parameter("log h(root)").Add(v.Parameter("sum of log weights")))
	})
}
