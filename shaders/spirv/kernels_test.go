package spirv_test

import (
	"github.com/hxgpu/hxgpu/shaders"
)

// gather is out[lane] = 2 x[parent's lane] - y[lane]: a grid kernel.
func gather() *shaders.Kernel {
	b := shaders.NewBuilder("gather", 4)
	parents := b.Buffer("parent", shaders.Int, shaders.Read)
	x, y, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("y", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	lane := b.AddInt(b.MulInt(b.Item(), b.ConstInt(4)), b.Chain())
	at := b.AddInt(b.MulInt(b.LoadInt(parents, b.Item()), b.ConstInt(4)), b.Chain())
	b.Store(out, lane, b.Binary(shaders.OpSub, b.Binary(shaders.OpMul, b.Const(2), b.Load(x, at)), b.Load(y, lane)))
	return b.Kernel()
}

// exponential is out[item] = exp(x[item]).
func exponential() *shaders.Kernel {
	b := shaders.NewBuilder("exponential", 1)
	x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	b.Store(out, b.Item(), b.Unary(shaders.OpExp, b.Load(x, b.Item())))
	return b.Kernel()
}

// newton takes square roots by iteration: a loop with a break, an if with and one
// without an else, variables of every type.
func newton() *shaders.Kernel {
	b := shaders.NewBuilder("newton", 1)
	x, out := b.Buffer("x", shaders.Float, shaders.ReadWrite), b.Buffer("steps", shaders.Int, shaders.Write)
	v := b.Load(x, b.Item())
	root, steps, done := b.Variable(b.Const(1)), b.Variable(b.ConstInt(0)), b.Variable(shaders.False)
	b.If(b.Compare(shaders.OpLess, v, b.Const(0)), func() {
		b.Set(done, shaders.True)
	}, nil)
	b.Loop(b.ConstInt(60), func(i shaders.Value) {
		b.Break(b.Get(done))
		now := b.Get(root)
		next := b.Binary(shaders.OpMul, b.Const(0.5), b.Binary(shaders.OpAdd, now, b.Binary(shaders.OpDiv, v, now)))
		b.If(b.Compare(shaders.OpEqual, now, next), func() {
			b.Set(done, shaders.True)
		}, func() {
			b.Set(root, next)
			b.Set(steps, b.AddInt(i, b.ConstInt(1)))
		})
	})
	b.Store(x, b.Item(), b.Get(root))
	b.StoreInt(out, b.Item(), b.Get(steps))
	return b.Kernel()
}

// groupSum sums 8 numbers per group by halves in a shared array.
func groupSum() *shaders.Kernel {
	b := shaders.NewBuilder("group sum", 1)
	b.Groups(8)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	sums := b.SharedArray("sums", 8)
	local := b.Local()
	b.StoreShared(sums, local, b.Load(x, b.AddInt(b.MulInt(b.Item(), b.ConstInt(8)), local)))
	for half := 4; half >= 1; half /= 2 {
		b.Barrier()
		b.If(b.LessInt(local, b.ConstInt(half)), func() {
			sum := b.Binary(shaders.OpAdd, b.LoadShared(sums, local), b.LoadShared(sums, b.AddInt(local, b.ConstInt(half))))
			b.StoreShared(sums, local, sum)
		}, nil)
	}
	b.If(b.EqualInt(local, b.ConstInt(0)), func() { b.Store(x, b.Item(), b.LoadShared(sums, local)) }, nil)
	return b.Kernel()
}

// everything uses every operation; a group kernel has those of groups besides.
func everything(lanes int) *shaders.Kernel {
	b := shaders.NewBuilder("everything", 3)
	if lanes > 0 {
		b = shaders.NewBuilder("everything", 1)
		b.Groups(lanes)
	}
	x, n := b.Buffer("x", shaders.Float, shaders.ReadWrite), b.Buffer("n", shaders.Int, shaders.ReadWrite)
	item := b.Item()
	i, j := b.LoadInt(n, item), b.LoadInt(n, b.ConstInt(1))
	p, q := b.Load(x, i), b.Load(x, j)
	if lanes > 0 {
		array := b.SharedArray("array", 5)
		b.StoreShared(array, b.Local(), p)
		b.Barrier()
		b.Store(x, item, b.LoadShared(array, i))
	} else {
		b.StoreInt(n, b.Chain(), item)
	}
	for op := shaders.OpAddInt; op <= shaders.OpShiftRightInt; op++ {
		b.StoreInt(n, item, b.Integer(op, i, j))
	}
	for _, v := range []shaders.Value{b.BitCount(i), b.FloatToInt(p), b.Exponent(p), b.SelectInt(b.Compare(shaders.OpLess, p, q), i, j)} {
		b.StoreInt(n, item, v)
	}
	for op := shaders.OpNeg; op <= shaders.OpCos; op++ {
		b.Store(x, item, b.Unary(op, p))
	}
	for op := shaders.OpAdd; op <= shaders.OpMax; op++ {
		b.Store(x, item, b.Binary(op, p, q))
	}
	for op := shaders.OpLess; op <= shaders.OpEqual; op++ {
		b.Store(x, item, b.Select(b.Not(b.Compare(op, p, q)), p, q))
	}
	b.Store(x, item, b.Const(2.5))
	both := b.And(b.LessInt(i, j), b.Or(b.EqualInt(i, j), b.Compare(shaders.OpLess, p, q)))
	b.Store(x, item, b.Select(both, b.IntToFloat(i), b.PowerOfTwo(j)))
	for r := shaders.Sum; r <= shaders.Min; r++ {
		b.Store(x, item, b.SegmentReduce(r, x, i, j, -3))
		b.Store(x, item, b.SegmentReduce(r, x, i, b.ConstInt(3), 2))
	}
	float, integer, truth := b.Variable(p), b.Variable(i), b.Variable(both)
	b.Loop(i, func(k shaders.Value) {
		b.Set(integer, b.Integer(shaders.OpSubInt, b.Get(integer), k))
		b.Loop(k, func(m shaders.Value) {
			b.Break(b.EqualInt(m, j))
			b.If(b.Get(truth), func() {
				b.Set(float, b.Load(x, m))
				b.If(both, nil, func() { b.Set(truth, shaders.True) })
			}, func() { b.Set(truth, b.Not(both)) })
		})
		b.Break(b.Get(truth))
	})
	b.Store(x, b.Get(integer), b.Get(float))
	return b.Kernel()
}
