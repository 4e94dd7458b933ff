package bffg

import (
	"errors"
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
	controls [][]control    // [node][step]
	logDets  []float64      // [node]
	value    float64        // Laplace's approximation of log p(data | parameters)
}

// newReference is the path from a root's state without noise.
func (l *linearisation) newReference(parameters map[string][]float64) (*reference, error) {
	topology, steps := l.data.Topology, l.edges.Steps
	nodes := topology.Size()
	r := &reference{linearisation: l, parameters: parameters, widening: 1, variance: make([]float64, l.edges.Points), root: l.startRoot(parameters),
		path: make([][]*mat.Dense, nodes), noise: make([][]*mat.Dense, nodes), controls: make([][]control, nodes), logDets: make([]float64, nodes)}
	if noise := parameters[TipNoise]; len(noise) > 0 {
		for i := range r.variance {
			r.variance[i] = noise[i%len(noise)]
		}
	}
	still := mat.NewDense(l.edges.Points, l.edges.columns(), nil)
	for v := 1; v < nodes; v++ {
		x := r.end(topology.Parent(v))
		r.path[v] = []*mat.Dense{x}
		for k := range steps {
			if l.edges.Drift != nil {
				at, err := l.evaluate(v, k, x, parameters)
				if err != nil {
					return nil, err
				}
				x = at.mean
			}
			r.path[v], r.noise[v] = append(r.path[v], x), append(r.noise[v], still)
		}
	}
	return r, nil
}

// end is the state of a node on the path.
func (r *reference) end(v int) *mat.Dense {
	if v == 0 {
		return r.root
	}
	return r.path[v][r.edges.Steps]
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

// eachNode calls a function for the nodes of a level, at once.
func eachNode(first, end int, f func(v int) error) error {
	errs := make([]error, end-first)
	var all sync.WaitGroup
	for v := first; v < end; v++ {
		all.Go(func() { errs[v-first] = f(v) })
	}
	all.Wait()
	return errors.Join(errs...)
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
// the one at its beginning. A step moves a deviation d to Phi d + G (w - w0): with
// P = I + G'HG the best control is w0 + P^-1 (G'f - w0 - G'H Phi d).
func (r *reference) alongEdge(v int, message deviation) (deviation, error) {
	steps := r.edges.Steps
	r.controls[v], r.logDets[v] = make([]control, steps), 0
	for k := steps - 1; k >= 0; k-- {
		at, err := r.evaluate(v, k, r.path[v][k], r.parameters)
		if err != nil {
			return deviation{}, err
		}
		var gh, p, ghPhi, pull, mean, feedback, hPhi, h, f, hc, fc mat.Dense
		gh.Mul(at.noise.T(), message.h)
		p.Mul(&gh, at.noise)
		lower, logDet, err := factorShifted(&p, 1)
		if err != nil {
			return deviation{}, err
		}
		pull.Mul(at.noise.T(), message.f)
		pull.Sub(&pull, r.noise[v][k])
		solveLower(lower, &pull)
		ghPhi.Mul(&gh, at.phi)
		feedback.CloneFrom(&ghPhi)
		solveLower(lower, &feedback)
		// Of the message, H' = Phi'H Phi - B'B and f' = Phi'f - B'b with B = D^-1 G'H Phi.
		hPhi.Mul(message.h, at.phi)
		h.Mul(at.phi.T(), &hPhi)
		hc.Mul(feedback.T(), &feedback)
		h.Sub(&h, &hc)
		f.Mul(at.phi.T(), message.f)
		fc.Mul(feedback.T(), &pull)
		f.Sub(&f, &fc)
		symmetrise(&h)
		mean.CloneFrom(&pull)
		solveLowerTransposed(lower, &mean)
		mean.Add(&mean, r.noise[v][k])
		solveLowerTransposed(lower, &feedback)
		feedback.Scale(-1, &feedback)
		r.controls[v][k] = control{gain: &p, feedback: &feedback, mean: &mean, at: r.path[v][k]}
		r.logDets[v] -= logDet * float64(r.edges.columns())
		message = deviation{&h, &f}
	}
	return message, nil
}

// forward follows the controls with z = 0 and evaluates Laplace's approximation: the
// density of the path's noise and of the data, and the determinants.
func (r *reference) forward(message deviation) error {
	topology, steps := r.data.Topology, r.edges.Steps
	if err := r.moveRoot(message); err != nil {
		return err
	}
	energies := make([]float64, topology.Size())
	for level := 1; level < topology.Levels(); level++ {
		first, end := topology.Slab(level)
		err := eachNode(first, end, func(v int) error {
			x := r.end(topology.Parent(v))
			path, noise := []*mat.Dense{x}, make([]*mat.Dense, 0, steps)
			for k := range steps {
				c := r.controls[v][k]
				var d, w mat.Dense
				d.Sub(x, c.at)
				w.Mul(c.feedback, &d)
				w.Add(&w, c.mean)
				at, err := r.evaluate(v, k, x, r.parameters)
				if err != nil {
					return err
				}
				var next mat.Dense
				next.Mul(at.noise, &w)
				next.Add(&next, at.mean)
				x = &next
				path, noise = append(path, x), append(noise, &w)
				energies[v] += 0.5 * squares(&w)
			}
			r.path[v], r.noise[v] = path, noise
			if i, ok := r.tips[v]; ok {
				energies[v] += r.misfit(i, x)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if i, ok := r.tips[0]; ok {
		r.value -= r.misfit(i, r.root)
	}
	for v := 1; v < len(energies); v++ {
		r.value += r.logDets[v] - energies[v]
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
