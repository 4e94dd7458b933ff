package nuts

import "math"

// divergenceThreshold is the error of the energy beyond which a trajectory is
// given up as divergent.
const divergenceThreshold = 1000

// phase is a position, its momentum and gradient.
type phase struct {
	q, p, gradient []float64
	logDensity     float64
}

func newPhase(dim int) phase {
	return phase{q: make([]float64, dim), p: make([]float64, dim), gradient: make([]float64, dim)}
}

func (x *phase) copyFrom(y *phase) {
	copy(x.q, y.q)
	copy(x.p, y.p)
	copy(x.gradient, y.gradient)
	x.logDensity = y.logDensity
}

// checkpoint keeps what the U-turn checks need of the first leaf of a subtree
// that is still growing.
type checkpoint struct {
	p, sum   []float64 // its momentum, and the sum of momenta up to and with it
	previous []float64 // the momentum of the leaf before it
}

// trajectory is a No-U-Turn trajectory that doubles, one leapfrog step at a time
// (Hoffman & Gelman 2014; multinomial weights and the generalised criterion of
// Betancourt 2017, arXiv:1701.02434). Instead of recursion it keeps one
// checkpoint per level of the subtree that is being built.
type trajectory struct {
	maxDepth int
	integrator

	left, right phase     // the ends
	sum         []float64 // of the momenta of the whole trajectory
	proposal    phase     // q, gradient and log density of the sampled point
	logWeight   float64
	energy0     float64

	depth     int
	forward   bool
	subtree   phase // the sampled point of the subtree
	subWeight float64
	subSum    []float64
	near      []float64 // momentum of the end that the subtree grows from
	first     []float64 // momentum of the subtree's first leaf
	leaf      int       // leaves of the subtree so far
	last      []float64 // momentum of the leaf before the current one
	marks     []checkpoint
	rho, rho2 []float64 // scratch

	acceptSum      float64
	leapfrogs      int
	divergent      bool
	proposalEnergy float64
	subtreeEnergy  float64
}

func newTrajectory(dim, maxDepth int, noise span) *trajectory {
	t := &trajectory{maxDepth: maxDepth, integrator: integrator{inverseMass: make([]float64, dim), noise: noise}, left: newPhase(dim), right: newPhase(dim),
		proposal: newPhase(dim), subtree: newPhase(dim), sum: make([]float64, dim), subSum: make([]float64, dim),
		near: make([]float64, dim), first: make([]float64, dim), last: make([]float64, dim), rho: make([]float64, dim), rho2: make([]float64, dim)}
	for range maxDepth + 1 {
		t.marks = append(t.marks, checkpoint{make([]float64, dim), make([]float64, dim), make([]float64, dim)})
	}
	for i := range t.inverseMass {
		t.inverseMass[i] = 1
	}
	return t
}

func (t *trajectory) kinetic(p []float64) float64 {
	sum := 0.0
	for i, x := range p {
		sum += x * x * t.inverseMass[i]
	}
	return sum / 2
}

// start begins a trajectory at t.proposal with a new momentum.
func (t *trajectory) start(random *Stream) {
	for i := range t.left.p {
		t.left.p[i] = random.Normal() / math.Sqrt(t.inverseMass[i])
	}
	random.align()
	copy(t.left.q, t.proposal.q)
	copy(t.left.gradient, t.proposal.gradient)
	t.left.logDensity = t.proposal.logDensity
	t.right.copyFrom(&t.left)
	copy(t.sum, t.left.p)
	t.energy0 = t.kinetic(t.left.p) - t.left.logDensity
	t.proposalEnergy = t.energy0
	t.logWeight, t.depth, t.acceptSum, t.leapfrogs, t.divergent = 0, 0, 0, 0, false
	t.beginSubtree(random)
}

func (t *trajectory) beginSubtree(random *Stream) {
	t.forward = random.Uniform() < 0.5
	copy(t.near, t.end().p)
	t.subWeight = math.Inf(-1)
	t.leaf = 0
	clear(t.subSum)
}

// end is the end that grows.
func (t *trajectory) end() *phase {
	if t.forward {
		return &t.right
	}
	return &t.left
}

// kick moves the growing end by half a momentum step and a position step; the
// gradient at the new position is to be set before the next call of absorb.
func (t *trajectory) kick(stepSize float64) *phase {
	if !t.forward {
		stepSize = -stepSize
	}
	x := t.end()
	copy(t.last, x.p)
	t.halfKick(x, stepSize)
	t.drift(x, stepSize)
	return x
}

// absorb takes the gradient at the growing end and reports whether the
// trajectory has ended.
func (t *trajectory) absorb(stepSize float64, random *Stream) (ended bool) {
	x := t.end()
	if t.forward {
		t.halfKick(x, stepSize)
	} else {
		t.halfKick(x, -stepSize)
	}
	t.leapfrogs++
	energy := t.kinetic(x.p) - x.logDensity
	delta := t.energy0 - energy
	if !(delta >= -divergenceThreshold) || math.IsInf(delta, 1) { // NaN included
		t.divergent = true
		return true
	}
	t.acceptSum += math.Min(1, math.Exp(delta))
	t.addLeaf(x, delta, energy, random)
	if t.turning(x) {
		return true
	}
	t.leaf++
	if t.leaf < 1<<t.depth {
		return false
	}
	return t.merge(x, random)
}

// addLeaf counts a leaf into the subtree and takes it as the subtree's sampled
// point with probability proportional to its weight.
func (t *trajectory) addLeaf(x *phase, logWeight, energy float64, random *Stream) {
	if t.leaf == 0 {
		copy(t.first, x.p)
	}
	for i, p := range x.p {
		t.subSum[i] += p
	}
	t.subWeight = logAdd(t.subWeight, logWeight)
	if t.leaf == 0 || math.Log(random.Uniform()) < logWeight-t.subWeight {
		copy(t.subtree.q, x.q)
		copy(t.subtree.gradient, x.gradient)
		t.subtree.logDensity = x.logDensity
		t.subtreeEnergy = energy
	}
}

func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// merge joins the finished subtree to the trajectory: its point replaces the
// trajectory's with probability min(1, weight ratio), which favours far points.
func (t *trajectory) merge(x *phase, random *Stream) (ended bool) {
	if math.Log(random.Uniform()) < t.subWeight-t.logWeight {
		copy(t.proposal.q, t.subtree.q)
		copy(t.proposal.gradient, t.subtree.gradient)
		t.proposal.logDensity = t.subtree.logDensity
		t.proposalEnergy = t.subtreeEnergy
	}
	t.logWeight = logAdd(t.logWeight, t.subWeight)
	t.depth++
	// The far end of the old part, its near end, and the subtree's two ends.
	far := t.left.p
	if !t.forward {
		far = t.right.p
	}
	for i := range t.rho {
		t.rho[i] = t.sum[i] + t.first[i]
		t.rho2[i] = t.subSum[i] + t.near[i]
		t.sum[i] += t.subSum[i]
	}
	if t.turns(t.sum, far, x.p) || t.turns(t.rho, far, t.first) || t.turns(t.rho2, t.near, x.p) {
		return true
	}
	if t.depth == t.maxDepth {
		return true
	}
	t.beginSubtree(random)
	return false
}
