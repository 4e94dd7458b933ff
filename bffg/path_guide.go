package bffg

import (
	"maps"
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// control is the affine control w = mean + feedback (x - at) of one step along the
// reference path, and what the data below add to the precision of its noise. All
// matrices are of the points, states (n,m).
type control struct{ gain, feedback, mean, at *mat.Dense }

// reference is a path along every edge with the controls that follow it, at fixed
// parameters.
type reference struct {
	*linearisation
	parameters map[string][]float64
	variance   []float64 // of the tips' noise, by point
	widening   float64   // factor of the variance of the observations

	root     *mat.Dense     // the root's state
	path     [][]*mat.Dense // [node][0..steps]: the state before each step, and after the last
	noise    [][]*mat.Dense // [node][step]: w along the path
	steps    [][]linearised // [node][step]: the coefficients along the path
	controls [][]control    // [node][step]
	logDets  []float64      // [node]
	value    float64        // Laplace's approximation of log p(data | parameters)
}

// newReference is the path from a root's state with the noise of a path at other
// parameters, or without noise.
func (l *linearisation) newReference(parameters map[string][]float64, before *reference) (*reference, error) {
	nodes := l.data.Topology.Size()
	r := &reference{linearisation: l, parameters: parameters, widening: 1, variance: make([]float64, l.edges.Points), root: l.startRoot(parameters),
		path: make([][]*mat.Dense, nodes), noise: make([][]*mat.Dense, nodes), steps: make([][]linearised, nodes), controls: make([][]control, nodes), logDets: make([]float64, nodes)}
	if noise := parameters[TipNoise]; len(noise) > 0 {
		for i := range r.variance {
			r.variance[i] = noise[i%len(noise)]
		}
	}
	still, scale := mat.NewDense(l.edges.Points, l.edges.columns(), nil), make([]float64, nodes)
	if before != nil {
		if !l.model.Root.Known() {
			r.root = before.root
		}
		for v := 1; v < nodes; v++ { // as much noise as moves the state as far
			scale[v] = l.amplitude(v, before.parameters) / l.amplitude(v, parameters)
		}
	}
	err := r.roll(func(v, k int, _ *mat.Dense) *mat.Dense {
		if before == nil {
			return still
		}
		var w mat.Dense
		w.Scale(scale[v], before.noise[v][k])
		return &w
	})
	return r, err
}

// beside is the same path under parameters of which one is larger by a factor.
func (r *reference) beside(name string, factor float64) (*reference, error) {
	other := *r
	other.parameters, other.steps = maps.Clone(r.parameters), make([][]linearised, len(r.steps))
	other.controls, other.logDets = make([][]control, len(r.controls)), make([]float64, len(r.logDets))
	other.parameters[name] = []float64{r.parameters[name][0] * factor}
	err := eachNode(1, len(r.path), func(v int) error {
		for k := range r.edges.Steps {
			at, err := r.evaluate(v, k, r.path[v][k], other.parameters)
			if err != nil {
				return err
			}
			other.steps[v] = append(other.steps[v], at)
		}
		return nil
	})
	return &other, err
}

// end is the state of a node on the path.
func (r *reference) end(v int) *mat.Dense {
	if v == 0 {
		return r.root
	}
	return r.path[v][r.edges.Steps]
}

// roll makes the path of the root's state and the noise that a function gives for
// each step from its state.
func (r *reference) roll(noise func(v, k int, x *mat.Dense) *mat.Dense) error {
	for level := 1; level < r.data.Topology.Levels(); level++ {
		first, end := r.data.Topology.Slab(level)
		err := eachNode(first, end, func(v int) error {
			x := r.end(r.data.Topology.Parent(v))
			steps := r.edges.Steps
			path, ws, along := append(make([]*mat.Dense, 0, steps+1), x), make([]*mat.Dense, steps), make([]linearised, steps)
			for k := range steps {
				at, err := r.evaluate(v, k, x, r.parameters)
				if err != nil {
					return err
				}
				var next mat.Dense
				ws[k], along[k] = noise(v, k, x), at
				next.Mul(at.noise, ws[k])
				next.Add(&next, at.mean)
				x = &next
				path = append(path, x)
			}
			r.path[v], r.noise[v], r.steps[v] = path, ws, along
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// improve linearises along the path, and moves the path to the one that fits best
// under the linearisation. It is a round of the iterated Kalman smoother (Bell 1994,
// "The iterated Kalman smoother as a Gauss-Newton method"), with the diffusion's
// derivative left out so that all coordinates of a point share their matrices.
func (r *reference) improve() error {
	messages, err := r.backward()
	if err != nil {
		return err
	}
	return r.forward(messages)
}

// deviation is a Gaussian potential of the deviation from the path: precision (n,n),
// and linear part (n,m).
type deviation struct{ h, f *mat.Dense }

// backward computes the controls from the tips to the root, one level after the
// other, and the potential at the root.
func (r *reference) backward() (deviation, error) {
	topology := r.data.Topology
	n, m := r.edges.Points, r.edges.columns()
	at := make([]deviation, topology.Size())
	for v := range at {
		at[v] = deviation{mat.NewDense(n, n, nil), mat.NewDense(n, m, nil)}
	}
	for level := topology.Levels() - 1; level >= 1; level-- {
		first, end := topology.Slab(level)
		above := make([]deviation, end-first)
		err := eachNode(first, end, func(v int) (err error) {
			if i, ok := r.tips[v]; ok {
				r.observe(i, r.end(v), at[v])
			}
			above[v-first], err = r.alongEdge(v, at[v])
			return err
		})
		if err != nil {
			return deviation{}, err
		}
		for v := first; v < end; v++ {
			parent := at[topology.Parent(v)]
			parent.h.Add(parent.h, above[v-first].h)
			parent.f.Add(parent.f, above[v-first].f)
		}
	}
	if i, ok := r.tips[0]; ok {
		r.observe(i, r.root, at[0])
	}
	return at[0], nil
}

// eachNode calls a function for the nodes of a level, at once, and gives the first
// node's error.
func eachNode(first, end int, f func(v int) error) error {
	errs := make([]error, end-first)
	var all sync.WaitGroup
	for v := first; v < end; v++ {
		all.Go(func() { errs[v-first] = f(v) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// observe adds the potential of a tip's observation.
func (r *reference) observe(tip int, x *mat.Dense, to deviation) {
	m := r.edges.columns()
	for i := range r.edges.Points {
		for c := range m {
			y := r.data.Values[i*m+c][tip]
			if math.IsNaN(y) {
				continue
			}
			precision := 1 / r.tipVariance(i, tip)
			if c == 0 {
				to.h.Set(i, i, to.h.At(i, i)+precision)
			}
			to.f.Set(i, c, to.f.At(i, c)+precision*(y-x.At(i, c)))
		}
	}
}

func (r *reference) tipVariance(point, tip int) float64 {
	variance := r.variance[point]
	if r.data.Variances != nil {
		variance += r.data.Variances[point*r.edges.columns()][tip]
	}
	return variance * r.widening
}

// alongEdge computes the controls of an edge from the potential at its end, and gives
// the one at its beginning. A step moves a deviation d to Phi d + G w - e, e the step of
// the path: with P = I + G'HG = DD' the best control is P^-1 G'(f + H (e - Phi d)).
func (r *reference) alongEdge(v int, message deviation) (deviation, error) {
	steps := r.edges.Steps
	r.controls[v], r.logDets[v] = make([]control, steps), 0
	for k := steps - 1; k >= 0; k-- {
		at := r.steps[v][k]
		var step, gain, pull, mean, h, f, product mat.Dense
		step.Sub(r.path[v][k+1], at.mean)
		b := new(mat.Dense)
		b.Mul(at.noise.T(), message.h)
		gain.Mul(b, at.noise)
		lower, logDet, err := factorShifted(&gain, 1)
		if err != nil {
			return deviation{}, err
		}
		pull.Mul(at.noise.T(), message.f)
		mean.Mul(b, &step)
		mean.Add(&mean, &pull)
		solveLower(lower, &pull)
		solveLower(lower, &mean)
		solveLowerTransposed(lower, &mean)
		// Before the step H' = Phi'(H - B'B) Phi with B = D^-1 G'H, and f' is
		// Phi'(f - B' D^-1 G'f + (H - B'B) e).
		solveLower(lower, b)
		h.Mul(b.T(), b)
		h.Sub(message.h, &h)
		symmetrise(&h)
		f.Mul(b.T(), &pull)
		f.Sub(message.f, &f)
		product.Mul(&h, &step)
		f.Add(&f, &product)
		solveLowerTransposed(lower, b)
		b.Scale(-1, b)
		message = deviation{&h, &f}
		if at.phi != nil {
			var feedback, square, linear mat.Dense
			feedback.Mul(b, at.phi)
			square.Mul(&h, at.phi)
			square.Mul(at.phi.T(), &square)
			linear.Mul(at.phi.T(), &f)
			b, message = &feedback, deviation{&square, &linear}
		}
		r.controls[v][k] = control{gain: &gain, feedback: b, mean: &mean, at: r.path[v][k]}
		r.logDets[v] -= logDet * float64(r.edges.columns())
	}
	return message, nil
}

// forward follows the controls with z = 0 and evaluates Laplace's approximation: the
// density of the path's noise and of the data, and the determinants.
func (r *reference) forward(message deviation) error {
	if err := r.moveRoot(message); err != nil {
		return err
	}
	err := r.roll(func(v, k int, x *mat.Dense) *mat.Dense {
		c := r.controls[v][k]
		var d, w mat.Dense
		d.Sub(x, c.at)
		w.Mul(c.feedback, &d)
		w.Add(&w, c.mean)
		return &w
	})
	if err != nil {
		return err
	}
	for v := range r.data.Topology.Size() {
		if i, ok := r.tips[v]; ok {
			r.value -= r.misfit(i, r.end(v))
		}
		if v == 0 {
			continue
		}
		r.value += r.logDets[v]
		for _, w := range r.noise[v] {
			r.value -= 0.5 * squares(w)
		}
	}
	return nil
}

// moveRoot moves an unknown root to its smoothed state, and starts the value with
// what the root adds to it.
func (r *reference) moveRoot(message deviation) error {
	r.value, r.logDets[0] = 0, 0
	if r.model.Root.Known() {
		return nil
	}
	n, m := r.edges.Points, r.edges.columns()
	for i := range n {
		precision := r.rootPrecision(i)
		message.h.Set(i, i, message.h.At(i, i)+precision)
		for c := range m {
			if precision > 0 {
				message.f.Set(i, c, message.f.At(i, c)+precision*(r.model.RootMean[i*m+c]-r.root.At(i, c)))
			}
		}
	}
	lower, logDet, err := factorShifted(message.h, 0)
	if err != nil {
		return err
	}
	root := mat.DenseCopyOf(message.f)
	solveLower(lower, root)
	solveLowerTransposed(lower, root)
	root.Add(r.root, root)
	r.root = root
	r.logDets[0] = -logDet * float64(m)
	r.value = r.logDets[0]
	if r.model.Root == RootNormal {
		for k := range n * m {
			z := (root.At(k/m, k%m) - r.model.RootMean[k]) / r.model.RootSD[k]
			r.value -= 0.5*z*z + math.Log(r.model.RootSD[k])
		}
	} else {
		r.value += 0.5 * float64(n*m) * math.Log(2*math.Pi)
	}
	return nil
}

// rootPrecision is the precision of the prior of one of the root's points.
func (r *reference) rootPrecision(point int) float64 {
	if r.model.Root != RootNormal {
		return 0
	}
	sd := r.model.RootSD[point*r.edges.columns()]
	return 1 / (sd * sd)
}

// misfit is minus the log density of a tip's observation.
func (r *reference) misfit(tip int, x *mat.Dense) float64 {
	m, sum := r.edges.columns(), 0.0
	for k := range r.edges.Dim() {
		if y := r.data.Values[k][tip]; !math.IsNaN(y) {
			variance := r.tipVariance(k/m, tip)
			d := y - x.At(k/m, k%m)
			sum += 0.5 * (d*d/variance + math.Log(2*math.Pi*variance))
		}
	}
	return sum
}
