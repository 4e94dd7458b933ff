package native

import (
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// Registers of a transfer: where it stands in the buffer, as an element and as an
// address, and how many places a reduction has.
const (
	transferPlace   = amd64.RSI
	transferLength  = amd64.RBX
	transferAddress = amd64.R12
	transferStride  = amd64.R15
)

// transfer writes an instruction that moves elements between a buffer and the lane's
// memory.
func (c *arrayCompiler) transfer(i *shaders.ArrayInstruction) {
	switch i.Op {
	case shaders.ArrayIndex:
		c.Load64(amd64.RDX, amd64.At(arrayFrame, c.steps[i.Loop]))
		c.storeInteger(i, amd64.RDX)
		return
	case shaders.ArrayInt:
		c.loadInteger(amd64.RDX, i.Buffer, i.Place.Shift)
		c.storeInteger(i, amd64.RDX)
		return
	}
	if i.N == 0 {
		return
	}
	p := &i.Place
	if p.Indirect {
		c.loadInteger(transferPlace, p.Index, p.Shift)
	} else {
		c.Load64(transferPlace, amd64.At(arguments, argumentItem))
		c.addConstant(transferPlace, p.Shift)
	}
	c.multiply(transferPlace, p.PlaceStride)
	if p.ChainStride != 0 {
		c.Load64(amd64.RAX, amd64.At(arguments, argumentChain))
		c.multiply(amd64.RAX, p.ChainStride)
		c.Do(amd64.Add, transferPlace, amd64.RAX)
	}
	if i.Op == shaders.ArrayReduce {
		c.reduce(i)
		return
	}
	c.checkExtent(i.Buffer, transferPlace, (i.N-1)*p.ElementStride, false)
	c.Load64(transferAddress, amd64.At(arguments, argumentBuffers+16*i.Buffer))
	c.Address(transferAddress, amd64.Indexed(transferAddress, transferPlace, uint8(c.size), 0))
	if i.Op == shaders.ArrayLoad {
		c.address(&i.Out, arrayOut)
		c.copyElements(i.N, arrayOut, 1, transferAddress, p.ElementStride)
		return
	}
	c.address(&i.A, arrayLeft)
	c.copyElements(i.N, transferAddress, p.ElementStride, arrayLeft, 1)
}

// addConstant is r += x for any x.
func (c *arrayCompiler) addConstant(r amd64.Reg, x int) {
	switch {
	case x == 0:
	case int(int32(x)) == x:
		c.DoConstant(amd64.Add, r, int32(x))
	default:
		c.MoveConstant(amd64.RAX, int64(x))
		c.Do(amd64.Add, r, amd64.RAX)
	}
}

// multiply is r *= x for any x.
func (c *arrayCompiler) multiply(r amd64.Reg, x int) {
	switch {
	case x == 1:
	case int(int32(x)) == x:
		c.MultiplyConstant(r, r, int32(x))
	default:
		c.MoveConstant(amd64.RDX, int64(x))
		c.Multiply(r, amd64.RDX)
	}
}

// loadInteger is r = element item+shift of a buffer of integers.
func (c *arrayCompiler) loadInteger(r amd64.Reg, buffer, shift int) {
	c.Load64(r, amd64.At(arguments, argumentItem))
	c.addConstant(r, shift)
	c.DoMemory(amd64.Cmp, r, amd64.At(arguments, argumentBuffers+16*buffer+8))
	c.JumpIf(amd64.AboveEqual, c.trap(buffer))
	c.Load64(amd64.RAX, amd64.At(arguments, argumentBuffers+16*buffer))
	c.LoadSigned32(r, amd64.Indexed(amd64.RAX, r, 4, 0))
}

// storeInteger stores an integer as a float.
func (c *arrayCompiler) storeInteger(i *shaders.ArrayInstruction, r amd64.Reg) {
	c.FromGeneral32(0, r)
	c.Vector(c.f.FromInt, amd64.Bits128, all, 0, amd64.NoReg, amd64.Reg(0))
	c.storeOne(amd64.At(c.base(&i.Out, arrayOut), i.Out.Offset*c.size), 0)
}

// checkExtent goes to the buffer's trap if an element is outside, or one that is reach
// further on; if it is to be known by a register, RAX has a reach more.
func (c *arrayCompiler) checkExtent(buffer int, place amd64.Reg, reach int, more bool) {
	check := func(low bool) {
		c.Move(amd64.RDX, place)
		if (reach < 0) == low && reach != 0 {
			c.addReach(reach)
		}
		if more {
			// RAX is the other reach: it counts for the end that it moves.
			c.Move(amd64.RCX, amd64.RAX)
			c.Shift(amd64.RightSigned, amd64.RCX, 63) // all bits if it is negative
			if !low {
				c.DoConstant(amd64.Xor, amd64.RCX, -1)
			}
			c.Do(amd64.And, amd64.RCX, amd64.RAX)
			c.Do(amd64.Add, amd64.RDX, amd64.RCX)
		}
		c.DoMemory(amd64.Cmp, amd64.RDX, amd64.At(arguments, argumentBuffers+16*buffer+8))
		c.JumpIf(amd64.AboveEqual, c.trap(buffer))
	}
	check(true)
	if reach != 0 || more {
		check(false)
	}
}

func (c *arrayCompiler) addReach(reach int) {
	if int(int32(reach)) == reach {
		c.DoConstant(amd64.Add, amd64.RDX, int32(reach))
		return
	}
	c.MoveConstant(amd64.RCX, int64(reach))
	c.Do(amd64.Add, amd64.RDX, amd64.RCX)
}

// copyElements copies n elements, with strides; one of these is 1.
func (c *arrayCompiler) copyElements(n int, to amd64.Reg, toStride int, from amd64.Reg, fromStride int) {
	if n == 1 || toStride == 1 && fromStride == 1 {
		c.copyRun(n, to, from)
		return
	}
	const unrolled = 4
	step := func(r amd64.Reg, stride, k int) { // past k elements
		if bytes := stride * k * c.size; int(int32(bytes)) == bytes {
			c.DoConstant(amd64.Add, r, int32(bytes))
		} else {
			c.MoveConstant(amd64.RAX, int64(bytes))
			c.Do(amd64.Add, r, amd64.RAX)
		}
	}
	some := func(k int) {
		far := max(toStride, -toStride, fromStride, -fromStride) > 1<<24
		for e := range k {
			if far {
				c.loadOne(0, amd64.At(from, 0))
				c.storeOne(amd64.At(to, 0), 0)
				step(from, fromStride, 1)
				step(to, toStride, 1)
				continue
			}
			c.loadOne(amd64.Reg(e), amd64.At(from, e*fromStride*c.size))
			c.storeOne(amd64.At(to, e*toStride*c.size), amd64.Reg(e))
		}
		if !far {
			step(from, fromStride, k)
			step(to, toStride, k)
		}
	}
	c.repeat(amd64.RCX, n/unrolled, func() { some(unrolled) })
	some(n % unrolled)
}

// copyRun copies n elements that follow each other. It changes the registers.
func (c *arrayCompiler) copyRun(n int, to, from amd64.Reg) {
	const unrolled = 8
	bytes := c.whole.Bytes()
	some := func(k int) {
		for v := range k {
			c.Vector(c.f.Load, c.whole, all, amd64.Reg(v), amd64.NoReg, amd64.At(from, v*bytes))
		}
		for v := range k {
			c.Vector(c.f.Store, c.whole, all, amd64.Reg(v), amd64.NoReg, amd64.At(to, v*bytes))
		}
		if k > 0 {
			c.DoConstant(amd64.Add, from, int32(k*bytes))
			c.DoConstant(amd64.Add, to, int32(k*bytes))
		}
	}
	vectors := n / c.lanes
	c.repeat(amd64.RCX, vectors/unrolled, func() { some(unrolled) })
	some(vectors % unrolled)
	if rest := n % c.lanes; rest > 0 {
		p := c.part(rest)
		c.cut(p)
		c.load(p, 0, amd64.At(from, 0))
		c.store(p, amd64.At(to, 0), 0)
	}
}

// reduce writes a reduction over a run of places: vectors go along the elements, or
// one element after the other where these are apart in the buffer.
func (c *arrayCompiler) reduce(i *shaders.ArrayInstruction) {
	p := &i.Place
	if p.Count >= 0 {
		c.loadInteger(transferLength, p.Count, p.CountShift)
	} else {
		c.MoveConstant(transferLength, int64(p.Length))
	}
	empty := c.NewLabel()
	c.Test(transferLength, transferLength)
	c.JumpIf(amd64.LessEqual, empty)
	c.Address(amd64.RAX, amd64.At(transferLength, -1))
	c.multiply(amd64.RAX, p.PlaceStride)
	c.checkExtent(i.Buffer, transferPlace, (i.N-1)*p.ElementStride, true)
	c.Bind(empty)
	c.Load64(transferAddress, amd64.At(arguments, argumentBuffers+16*i.Buffer))
	c.Address(transferAddress, amd64.Indexed(transferAddress, transferPlace, uint8(c.size), 0))
	c.MoveConstant(transferStride, int64(p.PlaceStride*c.size))
	c.address(&i.Out, arrayOut)
	if p.ElementStride == 1 {
		c.repeat(amd64.RCX, i.N/c.lanes, func() {
			c.reduceRun(i.Reduction, c.part(c.lanes))
			c.DoConstant(amd64.Add, arrayOut, int32(c.whole.Bytes()))
			c.DoConstant(amd64.Add, transferAddress, int32(c.whole.Bytes()))
		})
		if rest := i.N % c.lanes; rest > 0 {
			part := c.part(rest)
			c.cut(part)
			c.reduceRun(i.Reduction, part)
		}
		return
	}
	one := c.part(1)
	c.cut(one)
	c.MoveConstant(arrayLeft, int64(p.ElementStride*c.size))
	c.repeat(amd64.RCX, i.N, func() {
		c.reduceRun(i.Reduction, one)
		c.DoConstant(amd64.Add, arrayOut, int32(c.size))
		c.Do(amd64.Add, transferAddress, arrayLeft)
	})
}

// reduceRun reduces the elements of one part.
func (c *arrayCompiler) reduceRun(r shaders.Reduction, p arrayPart) {
	c.broadcast(0, c.floatConstant([...]float64{shaders.Sum: 0, shaders.Prod: 1, shaders.Max: math.Inf(-1), shaders.Min: math.Inf(1)}[r]))
	c.Move(amd64.RDX, transferLength)
	c.Move(amd64.RAX, transferAddress)
	top, end := c.NewLabel(), c.NewLabel()
	c.Bind(top)
	c.DoConstant(amd64.Sub, amd64.RDX, 1)
	c.JumpIf(amd64.Less, end)
	c.load(p, 1, amd64.At(amd64.RAX, 0))
	c.Do(amd64.Add, amd64.RAX, transferStride)
	switch r {
	case shaders.Sum:
		c.Vector(c.f.Add, p.length, all, 0, 0, amd64.Reg(1))
	case shaders.Prod:
		c.Vector(c.f.Mul, p.length, all, 0, 0, amd64.Reg(1))
	case shaders.Max:
		c.extreme(c.f.Max, p.length)
	case shaders.Min:
		c.extreme(c.f.Min, p.length)
	}
	c.Jump(top)
	c.Bind(end)
	c.store(p, amd64.At(arrayOut, 0), 0)
}

// extreme is register 0 = the larger or smaller of registers 0 and 1; NaN if either
// is. The processor's own operation gives the second operand if one is NaN.
func (c *arrayCompiler) extreme(op amd64.Operation, l amd64.Length) {
	const ordered = 7 // neither is NaN
	if c.Wide {
		c.Vector(c.f.Compare, l, all, 2, 0, amd64.Reg(0), ordered)
		c.Vector(op, l, amd64.Mask{K: 2}, 0, 0, amd64.Reg(1))
		return
	}
	c.Vector(c.f.Compare, l, all, 2, 0, amd64.Reg(0), ordered)
	c.Vector(op, l, all, 1, 0, amd64.Reg(1))
	c.Vector(c.f.BlendVector, l, all, 0, 0, amd64.Reg(1), 2<<4)
}
