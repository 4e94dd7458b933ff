package spirv_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/shaders/spirv"
)

// FuzzEncode: every kernel that Verify accepts becomes a module that spirv-val
// accepts. The seeds are 60 random kernels.
func FuzzEncode(f *testing.F) {
	requireValidator(f)
	for seed := range uint64(60) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 3))}
		k := g.kernel()
		require.NoError(t, shaders.Verify(k))
		validate(t, k, encode(t, k, g.options(k)))
	})
}

// generator makes random kernels.
type generator struct {
	*rand.Rand
	*shaders.Builder
	floats, ints, truths, variables []shaders.Value // known here
	kinds                           []shaders.Type  // of variables
	numbers, tables                 []int           // buffers of floats and of integers
	arrays                          int
	groups                          bool
}

func (g *generator) kernel() *shaders.Kernel {
	g.groups = g.IntN(3) == 0
	chains := 1
	if !g.groups {
		chains += g.IntN(5)
	}
	g.Builder = shaders.NewBuilder("random", chains)
	if g.groups {
		g.Groups(1 + g.IntN(64))
		for range g.IntN(3) {
			g.SharedArray("shared", 1+g.IntN(100))
			g.arrays++
		}
		g.ints = append(g.ints, g.Local())
	} else {
		g.ints = append(g.ints, g.Chain())
	}
	for range 1 + g.IntN(3) {
		g.numbers = append(g.numbers, g.Buffer("numbers", shaders.Float, shaders.ReadWrite))
	}
	for range 1 + g.IntN(3) {
		g.tables = append(g.tables, g.Buffer("table", shaders.Int, shaders.ReadWrite))
	}
	g.ints = append(g.ints, g.Item(), g.ConstInt(g.IntN(9)-4))
	g.floats = append(g.floats, g.Const(g.NormFloat64()))
	g.truths = append(g.truths, g.LessInt(g.Item(), g.ints[0]))
	g.statements(3, true)
	return g.Kernel()
}

// options are random; buffers share bindings and are split at random.
func (g *generator) options(k *shaders.Kernel) spirv.Options {
	o := spirv.Options{Bits: 32 << g.IntN(2), PreserveSpecial: g.IntN(2) == 0}
	if g.IntN(4) == 0 {
		return o
	}
	for range k.Buffers {
		layout := spirv.BufferLayout{Bindings: []int{g.IntN(4)}, Elements: 1 + g.IntN(1000)}
		for g.IntN(3) == 0 {
			layout.Bindings = append(layout.Bindings, g.IntN(8))
		}
		o.Buffers = append(o.Buffers, layout)
	}
	return o
}

func one[T any](g *generator, from []T) T { return from[g.IntN(len(from))] }

// region adds statements to what is open; what they compute is forgotten after.
func (g *generator) region(depth int) func() {
	return func() {
		floats, ints, truths, variables, kinds := g.floats, g.ints, g.truths, g.variables, g.kinds
		g.statements(depth-1, false)
		g.floats, g.ints, g.truths, g.variables, g.kinds = floats, ints, truths, variables, kinds
	}
}

func (g *generator) statements(depth int, top bool) {
	for range 2 + g.IntN(15) {
		switch g.IntN(14) {
		case 0:
			g.declare()
		case 1:
			g.access()
		case 2:
			if depth > 0 {
				otherwise := g.region(depth)
				if g.IntN(2) == 0 {
					otherwise = nil
				}
				g.If(one(g, g.truths), g.region(depth), otherwise)
			}
		case 3:
			if depth > 0 {
				g.loop(depth)
			}
		case 4:
			if top && g.groups {
				g.Barrier()
			}
		case 5:
			g.truths = append(g.truths, one(g, []shaders.Value{g.Not(one(g, g.truths)), g.And(one(g, g.truths), one(g, g.truths)),
				g.Or(one(g, g.truths), one(g, g.truths)), g.EqualInt(one(g, g.ints), one(g, g.ints)),
				g.Compare(shaders.OpLess+shaders.Op(g.IntN(3)), one(g, g.floats), one(g, g.floats))}))
		case 6, 7, 8:
			g.integer()
		default:
			g.float()
		}
	}
}

// loop counts, now and then leaving early.
func (g *generator) loop(depth int) {
	g.Loop(one(g, g.ints), func(i shaders.Value) {
		ints := g.ints
		g.ints = append(ints[:len(ints):len(ints)], i)
		g.region(depth)()
		if g.IntN(2) == 0 {
			g.Break(one(g, g.truths))
			g.region(depth)()
		}
		g.ints = ints
	})
}

// declare declares, reads or sets a variable.
func (g *generator) declare() {
	pools := []*[]shaders.Value{shaders.Float: &g.floats, shaders.Int: &g.ints, shaders.Bool: &g.truths}
	if len(g.variables) == 0 || g.IntN(3) == 0 {
		t := shaders.Type(1 + g.IntN(3))
		g.variables = append(g.variables, g.Variable(one(g, *pools[t])))
		// True and False become integers' comparisons, hence the type asked for.
		g.kinds = append(g.kinds, t)
		return
	}
	n := g.IntN(len(g.variables))
	pool := pools[g.kinds[n]]
	if g.IntN(2) == 0 {
		g.Set(g.variables[n], one(g, *pool))
	} else {
		*pool = append(*pool, g.Get(g.variables[n]))
	}
}

// access stores or loads.
func (g *generator) access() {
	index := one(g, g.ints)
	switch g.IntN(7) {
	case 0:
		g.floats = append(g.floats, g.Load(one(g, g.numbers), index))
	case 1:
		g.Store(one(g, g.numbers), index, one(g, g.floats))
	case 2:
		g.ints = append(g.ints, g.LoadInt(one(g, g.tables), index))
	case 3:
		g.StoreInt(one(g, g.tables), index, one(g, g.ints))
	case 4:
		count := one(g, []shaders.Value{one(g, g.ints), g.ConstInt(g.IntN(6))})
		g.floats = append(g.floats, g.SegmentReduce(shaders.Reduction(g.IntN(4)), one(g, g.numbers), index, count, g.IntN(7)-3))
	case 5:
		if g.arrays > 0 {
			g.StoreShared(g.IntN(g.arrays), index, one(g, g.floats))
		}
	case 6:
		if g.arrays > 0 {
			g.floats = append(g.floats, g.LoadShared(g.IntN(g.arrays), index))
		}
	}
}

func (g *generator) integer() {
	x, y := one(g, g.ints), one(g, g.ints)
	var v shaders.Value
	switch g.IntN(5) {
	case 0:
		v = g.FloatToInt(one(g, g.floats))
	case 1:
		v = g.Exponent(one(g, g.floats))
	case 2:
		v = g.SelectInt(one(g, g.truths), x, y)
	case 3:
		v = g.BitCount(x)
	default:
		v = g.Integer(shaders.OpAddInt+shaders.Op(g.IntN(int(shaders.OpShiftRightInt-shaders.OpAddInt)+1)), x, y)
	}
	g.ints = append(g.ints, v)
}

func (g *generator) float() {
	x, y := one(g, g.floats), one(g, g.floats)
	var v shaders.Value
	switch g.IntN(5) {
	case 0:
		v = g.IntToFloat(one(g, g.ints))
	case 1:
		v = g.PowerOfTwo(one(g, g.ints))
	case 2:
		v = g.Select(one(g, g.truths), x, y)
	case 3:
		v = g.Unary(shaders.OpNeg+shaders.Op(g.IntN(int(shaders.OpCos-shaders.OpNeg)+1)), x)
	default:
		v = g.Binary(shaders.OpAdd+shaders.Op(g.IntN(int(shaders.OpMax-shaders.OpAdd)+1)), x, y)
	}
	g.floats = append(g.floats, v)
}
