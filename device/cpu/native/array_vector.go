package native

import (
	"encoding/binary"
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
)

// arrayPart is a vector of which the first lanes count: the shortest vector that has
// so many, under a mask if it has more. One element is loaded and stored by itself: what
// was stored under a mask is late when it is loaded again. The mask stands in register 1 of the masks or,
// with AVX2, in register 15 of the vectors.
type arrayPart struct {
	length amd64.Length
	lanes  int
	cut    bool
}

const (
	cutMask   = amd64.Reg(1)
	cutVector = amd64.Reg(15)
)

// part is a vector of n lanes, at most all.
func (c *arrayCompiler) part(n int) arrayPart {
	p := arrayPart{length: amd64.Bits128, lanes: n}
	for p.length.Bytes() < n*c.size {
		p.length++
	}
	p.cut = p.length.Bytes() > n*c.size && n > 1
	return p
}

// wide is the length for products with a part, whose other lanes are zero. Beside long
// vectors a processor has half of its units for shorter ones.
func (c *arrayCompiler) wide(p arrayPart) amd64.Length {
	if c.Wide {
		return c.whole
	}
	return p.length
}

// parts are the numbers of lanes of the vectors that n elements make.
func (c *arrayCompiler) parts(n int) []arrayPart {
	var parts []arrayPart
	for ; n > 0; n -= c.lanes {
		parts = append(parts, c.part(min(n, c.lanes)))
	}
	return parts
}

// cut makes ready for loads and stores of a part.
func (c *arrayCompiler) cut(p arrayPart) {
	switch {
	case !p.cut:
	case c.Wide:
		c.maskOf(cutMask, 1<<p.lanes-1)
	default:
		c.Vector(c.f.Load, c.whole, all, cutVector, amd64.NoReg, c.laneMask(p.lanes))
	}
}

// maskOf puts a constant into a mask register.
func (c *arrayCompiler) maskOf(k amd64.Reg, bits uint16) {
	c.MaskLoad(c.lanes, k, c.Constant(binary.LittleEndian.AppendUint16(nil, bits)))
}

// laneMask is the address of a vector whose first n elements are set.
func (c *arrayCompiler) laneMask(n int) amd64.Mem {
	var b []byte
	for l := range c.lanes {
		x := uint64(0)
		if l < n {
			x = math.MaxUint64
		}
		b = c.appendElement(b, x)
	}
	return c.Table(b)
}

func (c *arrayCompiler) appendElement(b []byte, x uint64) []byte {
	if c.bits == 32 {
		return binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return binary.LittleEndian.AppendUint64(b, x)
}

// load loads a part; what is beyond it becomes zero.
func (c *arrayCompiler) load(p arrayPart, dst amd64.Reg, m amd64.Mem) {
	switch {
	case p.lanes == 1:
		c.loadOne(dst, m)
	case !p.cut:
		c.Vector(c.f.Load, p.length, all, dst, amd64.NoReg, m)
	case c.Wide:
		c.Vector(c.f.Load, p.length, amd64.Mask{K: cutMask, Zero: true}, dst, amd64.NoReg, m)
	default:
		c.Vector(c.f.MaskLoad, p.length, all, dst, cutVector, m)
	}
}

// store stores a part.
func (c *arrayCompiler) store(p arrayPart, m amd64.Mem, src amd64.Reg) {
	switch {
	case p.lanes == 1:
		c.storeOne(m, src)
	case !p.cut:
		c.Vector(c.f.Store, p.length, all, src, amd64.NoReg, m)
	case c.Wide:
		c.Vector(c.f.Store, p.length, amd64.Mask{K: cutMask}, src, amd64.NoReg, m)
	default:
		c.Vector(c.f.MaskStore, p.length, all, src, cutVector, m)
	}
}

// broadcast loads one element for all lanes.
func (c *arrayCompiler) broadcast(dst amd64.Reg, m amd64.Mem) {
	c.Vector(c.f.Broadcast, c.whole, all, dst, amd64.NoReg, m)
}

// withElement is dst = dst op x*element, or dst = x op element, for one element that
// stands for all lanes. Moment is a register that it may change.
func (c *arrayCompiler) withElement(op amd64.Operation, l amd64.Length, dst, x amd64.Reg, m amd64.Mem, moment amd64.Reg) {
	if c.Wide {
		m.Broadcast = true
		c.Vector(op, l, all, dst, x, m)
		return
	}
	c.broadcast(moment, m)
	c.Vector(op, l, all, dst, x, moment)
}

// loadOne and storeOne transfer one element.
func (c *arrayCompiler) loadOne(dst amd64.Reg, m amd64.Mem) {
	c.Vector(amd64.Single(c.f.Load), amd64.Bits128, all, dst, amd64.NoReg, m)
}

func (c *arrayCompiler) storeOne(m amd64.Mem, src amd64.Reg) {
	c.Vector(amd64.Single(c.f.Store), amd64.Bits128, all, src, amd64.NoReg, m)
}

// floatConstant is the address of a number.
func (c *arrayCompiler) floatConstant(x float64) amd64.Mem {
	if c.bits == 32 {
		return c.Float32(float32(x))
	}
	return c.Float64(x)
}

// bitsConstant is the address of a bit pattern: one element to be spread, or a whole
// vector with AVX2, which cannot spread operands.
func (c *arrayCompiler) bitsConstant(x uint64) amd64.Mem {
	b := c.appendElement(nil, x)
	if c.Wide {
		return toAll(c.Constant(b))
	}
	for len(b) < c.whole.Bytes() {
		b = append(b, b[:c.size]...)
	}
	return c.Constant(b)
}

// intConstant is the same for an int32.
func (c *arrayCompiler) intConstant(x int32) amd64.Mem {
	if c.Wide {
		return toAll(c.Int32(x))
	}
	var b []byte
	for range 8 {
		b = binary.LittleEndian.AppendUint32(b, uint32(x))
	}
	return c.Constant(b)
}

// floatBits is the bit pattern of a number.
func (c *arrayCompiler) floatBits(x float64) uint64 {
	if c.bits == 32 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(x)
}

// signBit is the bit pattern of the sign.
func (c *arrayCompiler) signBit() uint64 { return 1 << (c.bits - 1) }

// repeat writes a loop of n rounds with a counter, or the body alone for one.
func (c *arrayCompiler) repeat(counter amd64.Reg, n int, body func()) {
	if n <= 0 {
		return
	}
	if n == 1 {
		body()
		return
	}
	top := c.NewLabel()
	c.MoveConstant(counter, int64(n))
	c.Bind(top)
	body()
	c.DoConstant(amd64.Sub, counter, 1)
	c.JumpIf(amd64.NotEqual, top)
}

// gatherVector loads elements at base + index*size, index a vector of int32. It
// changes register 7 of the masks or, with AVX2, register moment.
func (c *arrayCompiler) gatherVector(p arrayPart, dst amd64.Reg, base amd64.Reg, disp int, index, moment amd64.Reg) {
	m := amd64.Indexed(base, index, uint8(c.size), disp)
	if c.Wide {
		if p.cut {
			c.MaskMove(c.lanes, 7, cutMask)
		} else {
			c.Masks(amd64.MaskXnor, c.lanes, 7, 7, 7)
		}
		c.Zero(dst)
		c.Vector(c.f.Gather, p.length, amd64.Mask{K: 7}, dst, amd64.NoReg, m)
		return
	}
	if p.cut {
		c.Vector(c.f.Load, p.length, all, moment, amd64.NoReg, c.laneMask(p.lanes))
	} else {
		c.Vector(amd64.EqualInt, p.length, all, moment, moment, moment)
	}
	c.Zero(dst)
	c.Vector(c.f.Gather, p.length, all, dst, moment, m)
}

// indexLength is the length of a vector of int32 for the lanes of a vector of floats.
func (c *arrayCompiler) indexLength(l amd64.Length) amd64.Length {
	if c.bits == 64 && l > amd64.Bits128 {
		return l - 1
	}
	return l
}

// int32Table is the address of integers behind the code, with zeros for a whole vector
// more.
func (c *arrayCompiler) int32Table(x []int32) amd64.Mem {
	b := make([]byte, 0, 4*(len(x)+c.lanes))
	for _, i := range x {
		b = binary.LittleEndian.AppendUint32(b, uint32(i))
	}
	return c.Table(append(b, make([]byte, 4*c.lanes)...))
}

// toAll is an element in memory as an operand that stands for all lanes; AVX-512 only.
func toAll(m amd64.Mem) amd64.Mem {
	m.Broadcast = true
	return m
}
