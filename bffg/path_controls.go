package bffg

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// controls are the data fields of PathBridge, [component][node].
type controls map[string][]float64

// addTo adds the fields.
func (c controls) addTo(fields map[string][]float64) {
	for name, values := range c {
		fields[name] = values
	}
}

// set writes the numbers of a step of a node's edge into a field of some nodes.
func (c controls) set(nodes int, name string, step, v int, from []float64) {
	for k, x := range from {
		c[name][(step*len(from)+k)*nodes+v] = x
	}
}

// widened is the factor of the variance of the observations with which the
// sensitivity of the gains to it is found.
const widened = 4.0

// bind computes the controls around the path, in the directions that diagonalise what
// the data add to the precision of a step's noise.
//
// Where the variance tau^2 of the observations or the amplitude g of the diffusion
// differ from the reference's, that is, in a direction, q / (1 + B (rho - 1)) with rho
// the change of tau^2 / g^2: a message of the data has the variance tau^2 + g^2 (the
// process between here and the tips), of which tau^2 is the part B. This is exact for one
// tip and one direction; B is found from the gains with a larger tau^2.
func (r *reference) bind() (controls, error) {
	message, err := r.backward()
	if err != nil {
		return nil, err
	}
	near := slices.Clone(r.controls)
	r.widening = widened
	wide, err := r.backward()
	r.widening = 1
	if err != nil {
		return nil, err
	}
	far := r.controls
	r.controls = near
	slopes, err := r.slopes()
	if err != nil {
		return nil, err
	}
	nodes, steps, n, m := r.data.Topology.Size(), r.edges.Steps, r.edges.Points, r.edges.columns()
	c := controls{fieldDirections: make([]float64, steps*n*n*nodes), fieldFeedback: make([]float64, steps*n*n*nodes), fieldControlMean: make([]float64, steps*n*m*nodes),
		fieldGain: make([]float64, steps*n*nodes), fieldSensitivity: make([]float64, steps*n*nodes)}
	for _, name := range r.edges.Follows {
		c[followed(fieldGrowth, name)], c[followed(fieldTurn, name)] = make([]float64, steps*n*nodes), make([]float64, steps*n*n*nodes)
		c[followed(fieldFeedback, name)], c[followed(fieldControlMean, name)] = make([]float64, steps*n*n*nodes), make([]float64, steps*n*m*nodes)
	}
	set := func(name string, step, v int, from []float64) { c.set(nodes, name, step, v, from) }
	err = eachNode(1, nodes, func(v int) error {
		for k, step := range near[v] {
			directions, gains, err := eigen(step.gain)
			if err != nil {
				return err
			}
			var mean, feedback mat.Dense
			mean.Mul(directions.T(), step.atZero())
			feedback.Mul(directions.T(), step.feedback)
			set(fieldDirections, k, v, directions.RawMatrix().Data)
			set(fieldFeedback, k, v, feedback.RawMatrix().Data)
			set(fieldControlMean, k, v, mean.RawMatrix().Data)
			set(fieldGain, k, v, gains)
			set(fieldSensitivity, k, v, sensitivities(directions, gains, far[v][k].gain))
			for name, s := range slopes {
				at := s.at(v, k, directions, gains)
				set(followed(fieldGrowth, name), k, v, at.growth)
				set(followed(fieldTurn, name), k, v, at.turn.RawMatrix().Data)
				set(followed(fieldFeedback, name), k, v, at.feedback.RawMatrix().Data)
				set(followed(fieldControlMean, name), k, v, at.mean.RawMatrix().Data)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.bindRoot(c, message, wide); err != nil {
		return nil, err
	}
	r.bindParameters(c)
	return c, nil
}

// bindRoot adds an unknown root's control from its message, and the one with a larger
// variance of the observations.
func (r *reference) bindRoot(c controls, message, wide deviation) error {
	if r.model.Root.Known() {
		return nil
	}
	n, nodes := r.edges.Points, len(r.path)
	data := mat.DenseCopyOf(message.h)
	move, err := r.rootMove(message) // adds the prior to the message
	if err != nil {
		return err
	}
	var root mat.Dense
	root.Add(r.root, move)
	directions, _, err := eigen(message.h)
	if err != nil {
		return err
	}
	prior, gains := make([]float64, n*n), make([]float64, n)
	for i := range n {
		for k := range n {
			prior[i] += directions.At(k, i) * directions.At(k, i) * r.rootPrecision(k)
		}
		gains[i] = quadratic(data, directions.ColView(i))
	}
	c.set(nodes, fieldDirections, 0, 0, directions.RawMatrix().Data)
	c.set(nodes, fieldFeedback, 0, 0, prior)
	c.set(nodes, fieldControlMean, 0, 0, root.RawMatrix().Data)
	c.set(nodes, fieldGain, 0, 0, gains)
	c.set(nodes, fieldSensitivity, 0, 0, sensitivities(directions, gains, wide.h))
	return nil
}

// bindParameters adds what the controls need to know of the reference's parameters.
func (r *reference) bindParameters(c controls) {
	nodes, known, count := r.data.Topology.Size(), 0.0, 0
	for k, variances := range r.data.Variances {
		for i, v := range variances {
			if !math.IsNaN(r.data.Values[k][i]) {
				known += v
				count++
			}
		}
	}
	if count > 0 {
		known /= float64(count)
	}
	variance := known
	for _, x := range r.variance {
		variance += x / float64(len(r.variance))
	}
	amplitudes := make([]float64, nodes)
	for v := range amplitudes {
		amplitudes[v] = r.amplitude(v, r.parameters)
	}
	repeat := func(x float64) []float64 {
		all := make([]float64, nodes)
		for v := range all {
			all[v] = x
		}
		return all
	}
	for _, name := range r.edges.Follows {
		c[followed(fieldReferenceLog, name)] = repeat(math.Log(r.parameters[name][0]))
	}
	c[fieldReferenceAmplitude], c[fieldReferenceVariance], c[fieldMeanKnown] = amplitudes, repeat(variance), repeat(known)
}

// eigen is the decomposition of a positive semi-definite matrix.
func eigen(a *mat.Dense) (directions *mat.Dense, values []float64, err error) {
	n, _ := a.Dims()
	var e mat.EigenSym
	if !e.Factorize(symmetric(a), true) {
		return nil, nil, errors.New("a precision has no eigenvalues")
	}
	directions = mat.NewDense(n, n, nil)
	e.VectorsTo(directions)
	values = e.Values(nil)
	for i, x := range values {
		values[i] = max(x, 0)
	}
	return directions, values, nil
}

// quadratic is u'Au.
func quadratic(a *mat.Dense, u mat.Vector) float64 { return mat.Inner(u, a, u) }

// sensitivities are B for every direction, from the gains with the reference's variance
// of the observations and with a larger one.
func sensitivities(directions *mat.Dense, gains []float64, wide *mat.Dense) []float64 {
	b := make([]float64, len(gains))
	for i, gain := range gains {
		if far := quadratic(wide, directions.ColView(i)); far > 0 && gain > 0 {
			b[i] = min(max((gain/far-1)/(widened-1), 0), 1)
		}
	}
	return b
}
