package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// The data fields of PathBridge. The control of a step of an edge is
//
//	w = U (c z + s r (A x + b))
//
// with s the reference's amplitude over the one now, and for every direction of U, where
// D = 1 + B (rho - 1), c^2 = D / (D + q) and r = (1 + q) / (D + q). Where it follows a
// parameter, d the change of its log, A and b have d times their slopes added, and z
// becomes z exp(d g) + d T z. Of the root the fields hold, in the first step, its state
// U c z + b with c^-2 = p + s^2 q / D, p in the place of A.
const (
	fieldDirections         = "directions of the controls" // (steps,n,n): U, orthogonal
	fieldFeedback           = "feedback of the controls"   // (steps,n,n): A
	fieldControlMean        = "mean of the controls"       // state (steps,...): b
	fieldGain               = "gain of the controls"       // (steps,n): q, what the data below add to the precision of w
	fieldSensitivity        = "sensitivity of the gain"    // (steps,n): B, how much of that is the variance of the observations
	fieldGrowth             = "growth of the controls"     // (steps,n): g
	fieldTurn               = "turn of the controls"       // (steps,n,n): T, strictly lower triangular
	fieldReferenceLog       = "log at the reference"       // (): of a parameter that is followed
	fieldReferenceAmplitude = "amplitude of the reference" // (): Amplitude at the reference
	fieldReferenceVariance  = "variance of the reference"  // (): of the observations, the mean over points
	fieldMeanKnown          = "mean known variance"        // (): of the observations, the mean over points and tips
)

// controlFields declares the data fields of PathBridge.
func (m Continuous) controlFields() []tree.Field {
	square, line := tensor.Shape{m.Steps, m.Points, m.Points}, tensor.Shape{m.Steps, m.Points}
	fields := []tree.Field{
		{Name: fieldDirections, Kind: tree.Data, Shape: square}, {Name: fieldFeedback, Kind: tree.Data, Shape: square},
		{Name: fieldControlMean, Kind: tree.Data, Shape: append(tensor.Shape{m.Steps}, m.stateShape()...)},
		{Name: fieldGain, Kind: tree.Data, Shape: line}, {Name: fieldSensitivity, Kind: tree.Data, Shape: line},
		{Name: fieldReferenceAmplitude, Kind: tree.Data}, {Name: fieldReferenceVariance, Kind: tree.Data}, {Name: fieldMeanKnown, Kind: tree.Data},
	}
	for _, name := range m.Follows {
		fields = append(fields, tree.Field{Name: followed(fieldGrowth, name), Kind: tree.Data, Shape: line}, tree.Field{Name: followed(fieldTurn, name), Kind: tree.Data, Shape: square},
			tree.Field{Name: followed(fieldFeedback, name), Kind: tree.Data, Shape: square}, tree.Field{Name: followed(fieldControlMean, name), Kind: tree.Data, Shape: append(tensor.Shape{m.Steps}, m.stateShape()...)},
			tree.Field{Name: followed(fieldReferenceLog, name), Kind: tree.Data})
	}
	return fields
}

// addWithoutMessages adds the sweeps of Unguided and PathBridge, which compute no
// messages: the states by the noise alone, then the density of the observations.
func (m Continuous) addWithoutMessages(p *tree.Program, root Root, tips Tips) {
	m.addRootState(p, root, tips)
	if m.Bridge == PathBridge {
		m.addControlled(p, tips)
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
func (m Continuous) addRootState(p *tree.Program, root Root, tips Tips) {
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
			e := Edge{v.AtRoot(FieldLength), v.AtRoot, v.Parameter}
			scale, spread := m.fromReference(e, tips)
			prior := first(first(v.AtRoot(fieldFeedback)))
			added := scale.Square().Mul(first(v.AtRoot(fieldGain))).Div(m.relief(first(v.AtRoot(fieldSensitivity)), spread))
			precision := prior.Add(added)
			x = first(v.AtRoot(fieldDirections)).MatMul(z.Div(m.perColumn(precision.Sqrt()))).Add(m.matrix(first(v.AtRoot(fieldControlMean))))
			weight = z.Square().Sum().Sub(precision.Log().Sum().Scale(float64(m.columns()))).Scale(0.5)
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

// fromReference says how far the parameters are from those of the reference: its
// amplitude of the diffusion over the one now, and the variance of the observations
// beside that of the diffusion, over the same at the reference (rho).
func (m Continuous) fromReference(e Edge, tips Tips) (scale, spread tensor.Value) {
	scale, spread = tensor.Constant(1), tensor.Constant(1)
	if m.Amplitude != nil {
		scale = e.Field(fieldReferenceAmplitude).Div(m.Amplitude(e).Scalar())
		spread = scale.Square()
	}
	if tips.Noise {
		noise := e.Parameter(TipNoise)
		mean := noise.Sum().Scale(1 / float64(noise.Shape().Size()))
		spread = spread.Mul(mean.Add(e.Field(fieldMeanKnown)).Div(e.Field(fieldReferenceVariance)))
	}
	return scale, spread
}

// relief is D = 1 + B (rho - 1).
func (m Continuous) relief(sensitivity, spread tensor.Value) tensor.Value {
	return sensitivity.Mul(spread.Shift(-1)).Shift(1)
}

// largestChange is how far, on the log scale, the controls follow a parameter; beyond
// they stay as they are.
const largestChange = 0.5

// addControlled adds the process driven by the controls, and its weight
// N(w; 0, I) |dw/dz| / N(z; 0, I).
func (m Continuous) addControlled(p *tree.Program, tips Tips) {
	p.Down("controlled forward", func(v *tree.DownView) {
		e := edgeOf(v)
		steps := v.Field(FieldSteps)
		scale, spread := m.fromReference(e, tips)
		initial := []tensor.Value{m.matrix(v.Parent(FieldState)), tensor.Constant(0)}
		sliced := []tensor.Value{v.Field(FieldNoise), v.Field(fieldDirections), v.Field(fieldFeedback), v.Field(fieldControlMean), v.Field(fieldGain), v.Field(fieldSensitivity)}
		var changes []tensor.Value
		for _, name := range m.Follows {
			d := e.Parameter(name).Log().Scalar().Sub(v.Field(followed(fieldReferenceLog, name)))
			changes = append(changes, d.Scale(1/largestChange).Tanh().Scale(largestChange))
			sliced = append(sliced, v.Field(followed(fieldGrowth, name)), v.Field(followed(fieldTurn, name)), v.Field(followed(fieldFeedback, name)), v.Field(followed(fieldControlMean, name)))
		}
		final, stacked := tensor.Loop(m.Steps, initial, sliced, func(s tensor.Step) (next, stacked []tensor.Value) {
			x, z := s.Carried[0], m.matrix(s.Sliced[0])
			begin, end := m.stepTimes(s.Index, steps, e)
			dt := end.Sub(begin)
			gain, relief := s.Sliced[4], m.relief(s.Sliced[5], spread)
			total := relief.Add(gain)
			variance := relief.Div(total)
			pull := s.Sliced[2].MatMul(x).Add(m.matrix(s.Sliced[3]))
			noise, growth := z, tensor.Constant(0)
			for i, d := range changes {
				own := s.Sliced[6+4*i:]
				pull = pull.Add(own[2].MatMul(x).Add(m.matrix(own[3])).Mul(d))
				noise = noise.Mul(m.perColumn(own[0].Mul(d).Exp())).Add(own[1].MatMul(z).Mul(d))
				growth = growth.Add(own[0].Sum().Mul(d))
			}
			pull = pull.Mul(m.perColumn(gain.Shift(1).Div(total).Mul(scale)))
			w := s.Sliced[1].MatMul(noise.Mul(m.perColumn(variance.Sqrt())).Add(pull))
			change := z.Square().Sum().Sub(w.Square().Sum()).Add(variance.Log().Sum().Add(growth.Scale(2)).Scale(float64(m.columns())))
			state := x.Reshape(m.stateShape()...)
			if m.Drift != nil {
				x = x.Add(m.matrix(m.drift(begin, state, e)).Mul(dt))
			}
			x = x.Add(m.diffusion(begin, state, e).MatMul(w).Mul(dt.Sqrt()))
			return []tensor.Value{x, s.Carried[1].Add(change.Scale(0.5))}, []tensor.Value{x}
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
