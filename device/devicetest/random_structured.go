package devicetest

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

// testRandomStructured runs random nests of branches and loops, as grids and as
// groups, the same ones every time. A kernel that ever fails becomes a test of its
// own. The few whose way depends on rounding are left out.
func testRandomStructured(h *harness) {
	kernels := 120
	if testing.Short() {
		kernels = 30
	}
	randomNests(h, kernels)
}

func randomNests(h *harness, kernels int) {
	ran, lanes, uncertain := 0, 0, 0
	for seed := range kernels {
		h.random = rand.New(rand.NewPCG(uint64(seed), 11))
		g := &nest{h: h, Rand: h.random}
		w := g.work()
		err := h.oracle.Run(w.kernel, h.arguments(w), w.first, w.count)
		if errors.Is(err, ErrRounding) {
			h.close()
			continue
		}
		require.NoError(h.t, err, "seed %d\n%v", seed, w.kernel)
		require.NoError(h.t, h.runOnce(w), "seed %d", seed)
		ran++
		uncertain -= h.compare([][]work{{w}})
		for _, m := range h.memory {
			uncertain += len(m.array.floats)
		}
		lanes += w.count * max(w.kernel.Lanes, w.kernel.Chains)
		h.close()
	}
	require.Greater(h.t, ran, kernels*3/4, "most kernels can be compared")
	require.Less(h.t, uncertain, lanes/4, "the error bounds say something about most numbers")
}

// nestStrip is how many elements of each buffer belong to one lane, a power of two.
const nestStrip = 8

// nest makes a random structured kernel. A lane loads anywhere in what no lane
// stores, and loads and stores in its own strip of the rest.
type nest struct {
	h *harness
	*rand.Rand
	assembler
	floats, ints, truths []shaders.Value // known here
	variables            [4][]shaders.Value
	strip                shaders.Value // where the lane's own part of a buffer begins
	x, numbers, y, whole int           // buffers
	sharedArray          int
	weight               int // how often what is added now runs, about
}

func choose[T any](r *rand.Rand, from []T) T { return from[max(r.IntN(len(from)), r.IntN(len(from)))] }

// work makes the kernel and its data.
func (g *nest) work() work {
	groups := g.IntN(3) == 0
	units := 1
	if groups {
		lanes := []int{1, 2, 5, 8, 33}[g.IntN(5)]
		g.assembler = assembleGroups("random groups", lanes)
		units = lanes
	} else {
		g.assembler = assemble("random nest", 1+g.IntN(4))
		units = g.k.Chains
	}
	first, count := g.IntN(3), 1+g.IntN(60)/units
	lanes := (first + count) * units
	g.x, g.numbers, g.y, g.whole = g.in("x"), g.assembler.ints("numbers"), g.both("y"), g.bothInts("whole")
	lane := shaders.NoValue
	if groups {
		g.sharedArray = g.shared("shared", units)
		lane = g.thread()
		g.ints = append(g.ints, g.local())
	} else {
		lane = g.lane()
		g.ints = append(g.ints, g.chain())
	}
	g.strip = g.times(lane, nestStrip)
	g.weight = 1
	g.ints = append(g.ints, g.item(), g.constInt(g.IntN(20)-10), g.loadInt(g.numbers, lane))
	g.floats = append(g.floats, g.constant(g.NormFloat64()), g.load(g.x, lane))
	g.truths = append(g.truths, g.less(g.ints[0], g.ints[len(g.ints)-1]))
	for range 1 + g.IntN(4) {
		g.statements(3)
		if groups {
			g.exchange()
		}
	}
	g.statements(1)
	g.store(g.y, g.strip, choose(g.Rand, g.floats))
	g.storeInt(g.whole, g.strip, choose(g.Rand, g.ints))
	h, n := g.h, lanes*nestStrip
	return work{g.k, first, count, []*memory{h.floats(h.numbers(n)), h.ints(h.whole(n, -9, 30)), h.floats(h.numbers(n + 3)).from(3), h.ints(h.whole(n, -9, 30))}}
}

// exchange passes a number to the next lane of the group.
func (g *nest) exchange() {
	local := g.local()
	g.storeShared(g.sharedArray, local, choose(g.Rand, g.floats))
	g.barrier()
	last := g.equal(local, g.constInt(g.k.Lanes-1))
	g.floats = append(g.floats, g.loadShared(g.sharedArray, g.assembler.int(shaders.OpSelectInt, last, g.constInt(0), g.plus(local, 1))))
	g.barrier()
}

// own is a random place in the lane's own strip.
func (g *nest) own() shaders.Value {
	return g.assembler.int(shaders.OpAddInt, g.strip, g.bits(choose(g.Rand, g.ints), nestStrip-1))
}

// region adds statements to what is open; what they compute is forgotten after.
func (g *nest) region(depth int) func() {
	return func() {
		floats, ints, truths, variables := g.floats, g.ints, g.truths, g.variables
		g.statements(depth - 1)
		g.floats, g.ints, g.truths, g.variables = floats, ints, truths, variables
	}
}

func (g *nest) statements(depth int) {
	for range 2 + g.IntN(10) {
		switch g.IntN(12) {
		case 0, 1:
			g.carry()
		case 2, 3:
			g.access()
		case 4:
			if depth > 0 {
				g.branch(choose(g.Rand, g.truths), g.region(depth), []func(){g.region(depth)}[:g.IntN(2)]...)
			}
		case 5:
			if depth > 0 && g.weight < 100 {
				g.rounds(depth)
			}
		case 6, 7:
			g.decide()
		case 8, 9:
			g.integer()
		default:
			g.float()
		}
	}
}

// rounds is a loop, now and then with a way out.
func (g *nest) rounds(depth int) {
	count := g.constInt(g.IntN(5))
	if g.IntN(2) == 0 {
		count = g.plus(g.bits(choose(g.Rand, g.ints), 7), -1)
	}
	g.weight *= 4
	g.loop(count, func(i shaders.Value) {
		ints := g.ints
		g.ints = append(ints[:len(ints):len(ints)], i)
		g.region(depth)()
		if g.IntN(2) == 0 {
			g.leaveIf(choose(g.Rand, g.truths))
			g.region(depth)()
		}
		g.ints = ints
	})
	g.weight /= 4
}

// carry declares, reads or sets a variable of any type.
func (g *nest) carry() {
	t := shaders.Type(1 + g.IntN(3))
	pool := map[shaders.Type]*[]shaders.Value{shaders.Float: &g.floats, shaders.Int: &g.ints, shaders.Bool: &g.truths}[t]
	switch known := g.variables[t]; {
	case len(known) == 0 || g.IntN(4) == 0:
		g.variables[t] = append(known[:len(known):len(known)], g.variable(choose(g.Rand, *pool)))
	case g.IntN(2) == 0:
		g.set(choose(g.Rand, known), choose(g.Rand, *pool))
	default:
		*pool = append((*pool)[:len(*pool):len(*pool)], g.get(choose(g.Rand, known)))
	}
}

func (g *nest) access() {
	switch g.IntN(6) {
	case 0:
		g.addFloat(g.load(g.x, g.own()))
	case 1:
		g.addFloat(g.load(g.y, g.own()))
	case 2:
		g.addFloat(g.segment(shaders.Reduction(g.IntN(4)), g.y, g.strip, g.bits(choose(g.Rand, g.ints), nestStrip-1), 1))
	case 3:
		g.addInt(g.loadInt([]int{g.numbers, g.whole}[g.IntN(2)], g.own()))
	case 4:
		g.store(g.y, g.own(), choose(g.Rand, g.floats))
	default:
		g.storeInt(g.whole, g.own(), choose(g.Rand, g.ints))
	}
}

func (g *nest) addFloat(v shaders.Value) {
	g.floats = append(g.floats[:len(g.floats):len(g.floats)], v)
}
func (g *nest) addInt(v shaders.Value) { g.ints = append(g.ints[:len(g.ints):len(g.ints)], v) }

func (g *nest) decide() {
	var v shaders.Value
	switch g.IntN(5) {
	case 0:
		v = g.truth(compareOps[g.IntN(2)], choose(g.Rand, g.floats), choose(g.Rand, g.floats)) // equality is for rounding to decide
	case 1:
		v = g.truth([]shaders.Op{shaders.OpAnd, shaders.OpOr}[g.IntN(2)], choose(g.Rand, g.truths), choose(g.Rand, g.truths))
	case 2:
		v = g.truth(shaders.OpNot, choose(g.Rand, g.truths))
	default:
		v = g.truth([]shaders.Op{shaders.OpLessInt, shaders.OpEqualInt}[g.IntN(2)], choose(g.Rand, g.ints), choose(g.Rand, g.ints))
	}
	g.truths = append(g.truths[:len(g.truths):len(g.truths)], v)
}

func (g *nest) integer() {
	x, y := choose(g.Rand, g.ints), choose(g.Rand, g.ints)
	a := g.assembler
	switch op := shaders.OpAddInt + shaders.Op(g.IntN(int(shaders.OpSelectInt-shaders.OpAddInt)+1)); op {
	case shaders.OpShiftLeftInt, shaders.OpShiftRightInt:
		g.addInt(a.int(op, x, a.bits(y, 31)))
	case shaders.OpBitCountInt:
		g.addInt(a.int(op, x))
	case shaders.OpSelectInt:
		g.addInt(a.int(op, choose(g.Rand, g.truths), x, y))
	default:
		g.addInt(a.int(op, x, y))
	}
}

func (g *nest) float() {
	x, y := choose(g.Rand, g.floats), choose(g.Rand, g.floats)
	a := g.assembler
	switch g.IntN(7) {
	case 0:
		g.addFloat(a.toFloat(a.bits(choose(g.Rand, g.ints), 63)))
	case 1:
		g.addFloat(a.float(shaders.OpPowerOfTwo, a.plus(a.bits(choose(g.Rand, g.ints), 7), -4)))
	case 2:
		g.addFloat(a.float(shaders.OpSelect, choose(g.Rand, g.truths), x, y))
	case 3:
		g.addFloat(a.float([]shaders.Op{shaders.OpNeg, shaders.OpAbs, shaders.OpSin, shaders.OpTanh}[g.IntN(4)], x))
	case 4:
		g.addFloat(a.float(shaders.OpExp, a.float(shaders.OpTanh, x)))
	case 5:
		g.addFloat(a.float(shaders.OpSqrt, a.float(shaders.OpAbs, x)))
	default:
		g.addFloat(a.float(binaryOps[g.IntN(len(binaryOps))], x, y))
	}
}
