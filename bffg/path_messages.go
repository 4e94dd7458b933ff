package bffg

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// control is the affine control w = mean + feedback (x - at) of one step along the
// reference path, and what the data below add to the precision of its noise. All
// matrices are of the points, states (n,m).
type control struct{ gain, feedback, mean, at *mat.Dense }

// atZero is the control of the state 0.
func (c control) atZero() *mat.Dense {
	var w mat.Dense
	w.Mul(c.feedback, c.at)
	w.Sub(c.mean, &w)
	return &w
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
		h.Copy(symmetric(&h))
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

// rootMove is how far an unknown root is from its smoothed state; nil says that the
// root is known.
func (r *reference) rootMove(message deviation) (*mat.Dense, error) {
	r.logDets[0] = 0
	if r.model.Root.Known() {
		return nil, nil
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
		return nil, err
	}
	r.logDets[0] = -logDet * float64(m)
	move := message.f
	solveLower(lower, move)
	solveLowerTransposed(lower, move)
	return move, nil
}

// rootPrecision is the precision of the prior of one of the root's points.
func (r *reference) rootPrecision(point int) float64 {
	if r.model.Root != RootNormal {
		return 0
	}
	sd := r.model.RootSD[point*r.edges.columns()]
	return 1 / (sd * sd)
}
