package nuts

import (
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// The state of the chains on a device lives in three buffers: vectors
// [slot][dimension][chain], numbers [slot][chain] and counters [slot][chain].

// Slots of vectors. A trajectory has two ends, left and right, each with a
// position, momentum and gradient; see endSlot.
const (
	slotEnds          = 0 // left q, p, gradient, right q, p, gradient
	slotSum           = iota + 5
	slotProposal      // position of the sampled point
	slotProposalSlope // and the gradient there
	slotSubtree       // the same of the subtree
	slotSubtreeSlope
	slotSubtreeSum
	slotNear
	slotFirst
	slotLast
	slotInverseMass
	slotMean // of the variances
	slotSums
	slotMarks // checkpoints: momentum, sum and previous momentum of each level
)

func vectorSlots(o *Options) int {
	if o.Algorithm == HMC {
		return slotMarks
	}
	return slotMarks + 3*(o.MaxTreeDepth+1)
}

// number is a floating-point variable of a chain.
type number int

const (
	stepSize number = iota
	logWeight
	initialEnergy
	subtreeWeight
	acceptSum
	proposalEnergy
	subtreeEnergy
	proposalDensity
	subtreeDensity
	searchEnergy
	averageMu
	averageError
	averageStep
	currentStep
	largestAllowed // step size
	numbers
)

// counter is an integer variable of a chain. The host reads the first ones
// between batches.
type counter int

const (
	chainStage counter = iota
	transitionsDone
	written // draws put into the ring since the start
	allLeapfrogs
	divergences
	tries
	reported // how many counters the host reads
)

const (
	treeDepth = reported + iota
	subtreeLeaf
	growsForward
	leapfrogs
	searchDirection
	searchLeaps
	uniforms // used of the transition's stream
	averageCount
	variancesCount
	counters
)

// Stages beyond those of the host's chains.
const (
	stageNoStart  = stageFinished + 1 + iota // no finite log density found
	stageTooLarge                            // steps of any size are accepted
	stageTooSmall                            // no step is
	stageGoOn                                // finished earlier, and is to go on
)

// Integers that hold for a whole run.
const (
	configSeedLow = iota
	configSeedHigh
	configFirstChain // number of the first chain
	configWarmup
	configTotal
	configFirstKept // the first transition that is kept
	configCapacity  // draws per chain that the ring holds
	configSize
)

// Flags of a warm-up transition.
const (
	flagInWindow = 1
	flagCloses   = 2
)

// Statistics in a row of the ring, after the kept coordinates.
const (
	ringAccept = iota
	ringStepSize
	ringDepth
	ringLeapfrogs
	ringEnergy
	ringDivergent
	ringDensity
	ringStats
)

// tick builds the kernel that takes every chain one step further after its
// gradient has been computed: what chain.advance does, with the same operations
// in the same order. A lane carries a chain if lanes is 1; otherwise a group of
// lanes does, each with every lanes-th coordinate, and all of them take the same
// branches.
type tick struct {
	*shaders.Builder
	dim, chains, maxDepth, kept int
	lanes                       int
	bits                        int
	target                      float64 // acceptance
	givenStart                  bool
	path                        bool // HMC
	noise                       span

	chain, local shaders.Value
	numbers      [numbers]shaders.Value
	counters     [counters]shaders.Value
	reduction    int // shared array

	position, density, slope, vectors, numberBuffer, counterBuffer, config, windows, selected, ring int
}

// most dots that one reduction sums at a time.
const widestReduction = 4

// unrolled is the largest dimension whose loops over coordinates are unrolled.
const unrolled = 4

func buildTick(dim, chains, lanes, kept int, noise span, precision device.Precision, o *Options) *shaders.Kernel {
	t := &tick{Builder: shaders.NewBuilder("sampler", chains), dim: dim, chains: chains, maxDepth: o.MaxTreeDepth, kept: kept,
		lanes: lanes, bits: 64, target: o.TargetAccept, givenStart: o.Init != nil, path: o.Algorithm == HMC, noise: noise}
	if precision == device.Float32 {
		t.bits = 32
	}
	t.position = t.Buffer("position", shaders.Float, shaders.ReadWrite)
	t.density = t.Buffer("log density", shaders.Float, shaders.Read)
	t.slope = t.Buffer("gradient", shaders.Float, shaders.Read)
	t.vectors = t.Buffer("vectors", shaders.Float, shaders.ReadWrite)
	t.numberBuffer = t.Buffer("numbers", shaders.Float, shaders.ReadWrite)
	t.counterBuffer = t.Buffer("counters", shaders.Int, shaders.ReadWrite)
	t.config = t.Buffer("config", shaders.Int, shaders.Read)
	t.windows = t.Buffer("windows", shaders.Int, shaders.Read)
	t.selected = t.Buffer("selected", shaders.Int, shaders.Read)
	t.ring = t.Buffer("draws", shaders.Float, shaders.Write)
	if lanes == 1 {
		t.chain, t.local = t.Chain(), t.ConstInt(0)
	} else {
		t.Groups(lanes)
		t.chain, t.local = t.Item(), t.Local()
		t.reduction = t.SharedArray("reduction", widestReduction*lanes)
	}
	stage := t.LoadInt(t.counterBuffer, t.row(int(chainStage)))
	active := t.Or(t.LessInt(stage, t.ConstInt(int(stageFinished))), t.EqualInt(stage, t.ConstInt(int(stageGoOn))))
	t.If(active, func() {
		t.loadState()
		if t.path {
			t.advancePath()
		} else {
			t.advance()
		}
		t.storeState()
	}, nil)
	return t.Kernel()
}

// row is the place of a chain's element of a row of [row][chain].
func (t *tick) row(row int) shaders.Value { return t.AddInt(t.ConstInt(row*t.chains), t.chain) }

func (t *tick) loadState() {
	for i := range t.numbers {
		t.numbers[i] = t.Variable(t.Load(t.numberBuffer, t.row(i)))
	}
	for i := range t.counters {
		t.counters[i] = t.Variable(t.LoadInt(t.counterBuffer, t.row(i)))
	}
	if t.lanes > 1 {
		t.Barrier() // all have read before the first one writes
	}
}

func (t *tick) storeState() {
	first := t.EqualInt(t.local, t.ConstInt(0))
	t.If(first, func() {
		for i, v := range t.numbers {
			t.Store(t.numberBuffer, t.row(i), t.Get(v))
		}
		for i, v := range t.counters {
			t.StoreInt(t.counterBuffer, t.row(i), t.Get(v))
		}
	}, nil)
}

func (t *tick) num(n number) shaders.Value          { return t.Get(t.numbers[n]) }
func (t *tick) setNum(n number, x shaders.Value)    { t.Set(t.numbers[n], x) }
func (t *tick) count(c counter) shaders.Value       { return t.Get(t.counters[c]) }
func (t *tick) setCount(c counter, x shaders.Value) { t.Set(t.counters[c], x) }
func (t *tick) increase(c counter)                  { t.setCount(c, t.AddInt(t.count(c), t.ConstInt(1))) }
func (t *tick) setting(i int) shaders.Value         { return t.LoadInt(t.config, t.ConstInt(i)) }

func (t *tick) add(x, y shaders.Value) shaders.Value { return t.Binary(shaders.OpAdd, x, y) }
func (t *tick) sub(x, y shaders.Value) shaders.Value { return t.Binary(shaders.OpSub, x, y) }
func (t *tick) mul(x, y shaders.Value) shaders.Value { return t.Binary(shaders.OpMul, x, y) }
func (t *tick) div(x, y shaders.Value) shaders.Value { return t.Binary(shaders.OpDiv, x, y) }
func (t *tick) log(x shaders.Value) shaders.Value    { return t.Unary(shaders.OpLog, x) }
func (t *tick) exp(x shaders.Value) shaders.Value    { return t.Unary(shaders.OpExp, x) }

func (t *tick) finite(x shaders.Value) shaders.Value {
	largest := math.MaxFloat64
	if t.bits == 32 {
		largest = math.MaxFloat32
	}
	return t.Compare(shaders.OpLessEqual, t.Unary(shaders.OpAbs, x), t.Const(largest))
}

// at is the place of coordinate i of a chain in a [dimension][chain] array.
func (t *tick) at(i shaders.Value) shaders.Value {
	return t.AddInt(t.MulInt(i, t.ConstInt(t.chains)), t.chain)
}

// slot is where a vector slot begins; slots known at run time are multiplied
// there.
func (t *tick) slot(s shaders.Value) shaders.Value {
	return t.MulInt(s, t.ConstInt(t.dim*t.chains))
}

func (t *tick) vector(slot int, i shaders.Value) shaders.Value {
	return t.Load(t.vectors, t.AddInt(t.ConstInt(slot*t.dim*t.chains), t.at(i)))
}

func (t *tick) setVector(slot int, i, x shaders.Value) {
	t.Store(t.vectors, t.AddInt(t.ConstInt(slot*t.dim*t.chains), t.at(i)), x)
}

func (t *tick) vectorAt(slot, i shaders.Value) shaders.Value {
	return t.Load(t.vectors, t.AddInt(t.slot(slot), t.at(i)))
}

func (t *tick) setVectorAt(slot, i, x shaders.Value) {
	t.Store(t.vectors, t.AddInt(t.slot(slot), t.at(i)), x)
}

// endSlot is the slot of q (0), p (1) or the gradient (2) of an end.
func (t *tick) endSlot(right shaders.Value, what int) shaders.Value {
	return t.AddInt(t.MulInt(right, t.ConstInt(3)), t.ConstInt(slotEnds+what))
}

// each runs the body for every coordinate that the lane has.
func (t *tick) each(body func(i shaders.Value)) {
	switch {
	case t.lanes == 1 && t.dim <= unrolled:
		for i := range t.dim {
			body(t.ConstInt(i))
		}
	case t.lanes == 1:
		t.Loop(t.ConstInt(t.dim), body)
	default:
		t.Loop(t.ConstInt((t.dim+t.lanes-1)/t.lanes), func(k shaders.Value) {
			i := t.AddInt(t.MulInt(k, t.ConstInt(t.lanes)), t.local)
			t.If(t.LessInt(i, t.ConstInt(t.dim)), func() { body(i) }, nil)
		})
	}
}

// sums adds up terms over the coordinates; every lane of a chain gets the sums.
func (t *tick) sums(n int, terms func(i shaders.Value) []shaders.Value) []shaders.Value {
	return t.reduce(n, shaders.OpAdd, terms)
}

// most is the largest of 0 and the terms.
func (t *tick) most(term func(i shaders.Value) shaders.Value) shaders.Value {
	return t.reduce(1, shaders.OpMax, func(i shaders.Value) []shaders.Value { return []shaders.Value{term(i)} })[0]
}

func (t *tick) reduce(n int, op shaders.Op, terms func(i shaders.Value) []shaders.Value) []shaders.Value {
	totals := make([]shaders.Value, n)
	for j := range totals {
		totals[j] = t.Variable(t.Const(0))
	}
	t.each(func(i shaders.Value) {
		for j, x := range terms(i) {
			t.Set(totals[j], t.Binary(op, t.Get(totals[j]), x))
		}
	})
	results := make([]shaders.Value, n)
	if t.lanes == 1 {
		for j, v := range totals {
			results[j] = t.Get(v)
		}
		return results
	}
	place := func(j int, lane shaders.Value) shaders.Value { return t.AddInt(t.ConstInt(j*t.lanes), lane) }
	for j, v := range totals {
		t.StoreShared(t.reduction, place(j, t.local), t.Get(v))
	}
	t.Barrier()
	for half := t.lanes / 2; half > 0; half /= 2 {
		t.If(t.LessInt(t.local, t.ConstInt(half)), func() {
			for j := range totals {
				other := t.LoadShared(t.reduction, place(j, t.AddInt(t.local, t.ConstInt(half))))
				t.StoreShared(t.reduction, place(j, t.local), t.Binary(op, t.LoadShared(t.reduction, place(j, t.local)), other))
			}
		}, nil)
		t.Barrier()
	}
	for j := range results {
		results[j] = t.LoadShared(t.reduction, t.ConstInt(j*t.lanes))
	}
	t.Barrier() // all have read before the array is used again
	return results
}
