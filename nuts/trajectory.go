package nuts

import "math"

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
	*dynamics // whose state is the sampled point
	maxDepth  int

	left, right phase     // the ends
	sum         []float64 // of the momenta of the whole trajectory
	logWeight   float64

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

	subtreeEnergy float64
}

func newTrajectory(d *dynamics, maxDepth int) *trajectory {
	dim := len(d.state.q)
	t := &trajectory{dynamics: d, maxDepth: maxDepth, left: newPhase(dim), right: newPhase(dim),
		subtree: newPhase(dim), sum: make([]float64, dim), subSum: make([]float64, dim),
		near: make([]float64, dim), first: make([]float64, dim), last: make([]float64, dim), rho: make([]float64, dim), rho2: make([]float64, dim)}
	for range maxDepth + 1 {
		t.marks = append(t.marks, checkpoint{make([]float64, dim), make([]float64, dim), make([]float64, dim)})
	}
	return t
}

func (t *trajectory) start(random *Stream) {
	t.launch(&t.left, random)
	t.right.copyFrom(&t.left)
	copy(t.sum, t.left.p)
	t.logWeight = 0
	t.beginSubtree(random)
}

func (t *trajectory) beginSubtree(random *Stream) {
	t.forward = random.Uniform() < 0.5
	copy(t.near, t.pending().p)
	t.subWeight = math.Inf(-1)
	t.leaf = 0
	clear(t.subSum)
}

// pending is the end that grows.
func (t *trajectory) pending() *phase {
	if t.forward {
		return &t.right
	}
	return &t.left
}

// kick moves the growing end by half a momentum step and a position step.
func (t *trajectory) kick(stepSize float64) {
	x := t.pending()
	copy(t.last, x.p)
	t.firstHalf(x, t.directed(stepSize))
}

// directed is the step size in the direction of growth.
func (t *trajectory) directed(stepSize float64) float64 {
	if t.forward {
		return stepSize
	}
	return -stepSize
}

func (t *trajectory) absorb(stepSize float64, random *Stream) (ended bool) {
	x := t.pending()
	energy, delta := t.arrive(x, t.directed(stepSize))
	if t.divergent {
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
		t.subtree.takePoint(x)
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
		t.state.takePoint(&t.subtree)
		t.energy = t.subtreeEnergy
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
