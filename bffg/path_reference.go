package bffg

import (
	"fmt"
	"maps"
	"math"

	"gonum.org/v1/gonum/mat"
)

// fit follows the data at given parameters in at most some rounds, from the path at
// other parameters or from none.
func (l *linearisation) fit(parameters map[string][]float64, before *reference, rounds int) (*reference, error) {
	r, err := l.newReference(parameters, before)
	if err != nil {
		return nil, err
	}
	for round := range rounds {
		last := r.value
		if err := r.improve(); err != nil {
			return nil, err
		}
		if round > 0 && math.Abs(r.value-last) < settled {
			break
		}
	}
	if math.IsNaN(r.value) || math.IsInf(r.value, 0) {
		return nil, fmt.Errorf("its log density is %v", r.value)
	}
	return r, nil
}

// settled is a change of the log density after which a path is not moved further.
const settled = 0.01

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
	density  float64        // log density of the root, the noise and the data
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
// each step from its state, and weighs it.
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
	r.weigh()
	return nil
}

// improve linearises along the path, and moves the path towards the one that fits best
// under the linearisation. It is a round of the iterated Kalman smoother (Bell 1994,
// "The iterated Kalman smoother as a Gauss-Newton method"), with the diffusion's
// derivative left out so that all coordinates of a point share their matrices. A
// round that overshoots goes half of the way, or a quarter, or less; the path stays
// where it is if even a 16th is too far.
func (r *reference) improve() error {
	message, err := r.backward()
	if err != nil {
		return err
	}
	move, err := r.rootMove(message)
	if err != nil {
		return err
	}
	for part := 1.0; part > 1.0/32; part /= 2 {
		next, err := r.moved(move, part)
		if err != nil {
			continue // a state out there has no step
		}
		if next.density > r.density-r.slack() {
			*r = *next
			break
		}
	}
	r.value = r.density
	for _, d := range r.logDets {
		r.value += d
	}
	return nil
}

// slack is how much less dense a round may leave a path: since the linearisation
// leaves a derivative out, the rounds do not end at the densest path, only near it.
func (r *reference) slack() float64 { return 0.02 * r.energy() }

// moved is the path that goes a part of the way to where the controls lead with z = 0.
func (r *reference) moved(root *mat.Dense, part float64) (*reference, error) {
	next, nodes := *r, len(r.path)
	next.path, next.noise, next.steps = make([][]*mat.Dense, nodes), make([][]*mat.Dense, nodes), make([][]linearised, nodes)
	if root != nil {
		next.root = new(mat.Dense)
		next.root.Scale(part, root)
		next.root.Add(r.root, next.root)
	}
	err := next.roll(func(v, k int, x *mat.Dense) *mat.Dense {
		c := r.controls[v][k]
		var d, w mat.Dense
		w.Sub(c.mean, r.noise[v][k])
		w.Scale(part, &w)
		w.Add(&w, r.noise[v][k])
		d.Sub(x, c.at)
		d.Mul(c.feedback, &d)
		w.Add(&w, &d)
		return &w
	})
	return &next, err
}

// energy is half of the squared noise of the path.
func (r *reference) energy() float64 {
	sum := 0.0
	for v := range r.noise {
		for _, w := range r.noise[v] {
			sum += 0.5 * squares(w)
		}
	}
	return sum
}

// weigh evaluates the density of the path's root, of its noise and of the data.
func (r *reference) weigh() {
	r.density = -r.energy()
	for v := range r.path {
		if i, ok := r.tips[v]; ok {
			r.density -= r.misfit(i, r.end(v))
		}
	}
	size := r.edges.Dim()
	switch m := r.edges.columns(); r.model.Root {
	case RootNormal:
		for k := range size {
			z := (r.root.At(k/m, k%m) - r.model.RootMean[k]) / r.model.RootSD[k]
			r.density -= 0.5*z*z + math.Log(r.model.RootSD[k])
		}
	case RootFlat:
		r.density += 0.5 * float64(size) * math.Log(2*math.Pi)
	}
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
