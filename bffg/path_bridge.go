package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// The data fields of PathBridge: of every step of an edge the controls w = C z + F x + m,
// and of the root the state C z + m, in its first step.
const (
	fieldControlFactor   = "factor of the controls"   // (steps,n,n): C
	fieldControlFeedback = "feedback of the controls" // (steps,n,n): F
	fieldControlMean     = "mean of the controls"     // state (steps,...): m
	fieldControlLogDet   = "log det of the controls"  // (): sum of log |C kron I| over the steps
	fieldReferenceScale  = "scale of the reference"   // (): Amplitude at the reference
)

// controlFields declares the data fields of PathBridge.
func (m Continuous) controlFields() []tree.Field {
	square := tensor.Shape{m.Steps, m.Points, m.Points}
	return []tree.Field{
		{Name: fieldControlFactor, Kind: tree.Data, Shape: square}, {Name: fieldControlFeedback, Kind: tree.Data, Shape: square},
		{Name: fieldControlMean, Kind: tree.Data, Shape: append(tensor.Shape{m.Steps}, m.stateShape()...)},
		{Name: fieldControlLogDet, Kind: tree.Data}, {Name: fieldReferenceScale, Kind: tree.Data},
	}
}

// addWithoutMessages adds the sweeps of Unguided and PathBridge, which compute no
// messages: the states by the noise alone, then the density of the observations.
func (m Continuous) addWithoutMessages(p *tree.Program, root Root, tips Tips) {
	m.addRootState(p, root)
	if m.Bridge == PathBridge {
		m.addControlled(p)
	} else {
		m.AddForward(p)
		p.Map("no weight along edges", func(v *tree.MapView) { v.Write(FieldLogWeight, tensor.Constant(0)) })
	}
	p.Total("sum of log weights", func(v *tree.MapView) tensor.Value { return v.Field(FieldLogWeight) })
	p.Total("log density of the observations", func(v *tree.MapView) tensor.Value {
		variance, mask := m.tipVariance(tips, v.Parameter, v.Field), v.Field(FieldObserved)
		residual := m.matrix(v.Field(FieldObservation)).Sub(m.matrix(v.Field(FieldState)))
		logs := mask.Mul(variance.Log().Shift(math.Log(2 * math.Pi))).Sum().Scale(float64(m.columns()))
		return residual.Square().Mul(m.perColumn(mask.Div(variance))).Sum().Add(logs).Scale(-0.5)
	})
	p.Scalars("likelihood", func(v *tree.ScalarView) {
		v.Write(LogLikelihood, v.Parameter("log weight of the root").Add(v.Parameter("sum of log weights")).Add(v.Parameter("log density of the observations")))
	})
}

// addRootState adds the root's state, known or made of the noise of the root's first
// step, and the weight of that.
func (m Continuous) addRootState(p *tree.Program, root Root) {
	p.Scalars("root", func(v *tree.ScalarView) {
		if root.Known() {
			v.Write("log weight of the root", tensor.Constant(0))
			v.Write("root state", v.Parameter(RootValue))
			return
		}
		z := m.matrix(first(v.AtRoot(FieldNoise)))
		var x tensor.Value
		weight := tensor.Constant(0)
		if m.Bridge == PathBridge {
			x = first(v.AtRoot(fieldControlFactor)).MatMul(z).Add(m.matrix(first(v.AtRoot(fieldControlMean))))
			weight = z.Square().Sum().Scale(0.5).Add(v.AtRoot(fieldControlLogDet))
			if root == RootNormal {
				sd := v.Parameter(RootSD)
				weight = weight.Sub(x.Sub(m.matrix(v.Parameter(RootMean))).Div(m.perColumn(sd)).Square().Sum().Scale(0.5)).
					Sub(sd.Log().Sum().Scale(float64(m.columns())))
			} else {
				weight = weight.Shift(0.5 * float64(m.Dim()) * math.Log(2*math.Pi))
			}
		} else {
			if root != RootNormal {
				tensor.Fail("Bridge", "without guiding a flat root cannot be drawn; give it a normal prior or pin it")
			}
			x = m.matrix(v.Parameter(RootMean)).Add(z.Mul(m.perColumn(v.Parameter(RootSD))))
		}
		v.Write("log weight of the root", weight)
		v.Write("root state", x.Reshape(m.stateShape()...))
	})
	p.Map("root state", func(v *tree.MapView) {
		v.Write(FieldState, tensor.Select(v.IsRoot(), v.Parameter("root state"), tensor.Zeros(m.stateShape()...)))
	})
}

// addControlled adds the process driven by the controls w = C z + F x + m of every
// step, and its weight N(w; 0, I) |C| / N(z; 0, I). Where the amplitude of the diffusion
// is not the reference's, what is not noise in w is scaled so that it moves the state
// as far.
func (m Continuous) addControlled(p *tree.Program) {
	p.Down("controlled forward", func(v *tree.DownView) {
		e := edgeOf(v)
		steps := v.Field(FieldSteps)
		initial := []tensor.Value{m.matrix(v.Parent(FieldState)), v.Field(fieldControlLogDet)}
		sliced := []tensor.Value{v.Field(FieldNoise), v.Field(fieldControlFactor), v.Field(fieldControlFeedback), v.Field(fieldControlMean)}
		var scale tensor.Value
		if m.Amplitude != nil {
			scale = v.Field(fieldReferenceScale).Div(m.Amplitude(e).Scalar())
		}
		final, stacked := tensor.Loop(m.Steps, initial, sliced, func(s tensor.Step) (next, stacked []tensor.Value) {
			x, z := s.Carried[0], m.matrix(s.Sliced[0])
			begin, end := stepTimes(s.Index, steps, e)
			dt := end.Sub(begin)
			pull := s.Sliced[2].MatMul(x).Add(m.matrix(s.Sliced[3]))
			if scale.Node() != nil {
				pull = pull.Mul(scale)
			}
			w := s.Sliced[1].MatMul(z).Add(pull)
			weight := s.Carried[1].Add(z.Square().Sum().Sub(w.Square().Sum()).Scale(0.5))
			state := x.Reshape(m.stateShape()...)
			if m.Drift != nil {
				x = x.Add(m.matrix(m.drift(begin, state, e)).Mul(dt))
			}
			x = x.Add(m.diffusion(begin, state, e).MatMul(w).Mul(dt.Sqrt()))
			return []tensor.Value{x, weight}, []tensor.Value{x}
		})
		v.Write(FieldState, final[0].Reshape(m.stateShape()...))
		v.Write(FieldLogWeight, final[1])
		v.Write(FieldPath, stacked[0].Reshape(append(tensor.Shape{m.Steps}, m.stateShape()...)...))
	})
}

// tipVariance is the variance of the observations of each point.
func (m Continuous) tipVariance(tips Tips, parameter, field func(string) tensor.Value) tensor.Value {
	variance := tensor.Zeros(m.Points)
	if tips.Noise {
		if variance = parameter(TipNoise); variance.Shape().Size() == 1 {
			variance = variance.Spread(m.Points)
		}
	}
	if tips.Known {
		variance = variance.Add(field(FieldKnownVariance))
	}
	return variance
}

// perColumn repeats a number of each point for its coordinates.
func (m Continuous) perColumn(points tensor.Value) tensor.Value {
	rows := make([]int, m.Dim())
	for k := range rows {
		rows[k] = k / m.columns()
	}
	return points.Gather(rows, m.Points, m.columns())
}
