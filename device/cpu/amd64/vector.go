package amd64

// Length is the length of a vector operation.
type Length uint8

// The lengths.
const (
	Bits128 Length = iota
	Bits256
	Bits512
)

// Bytes is the number of bytes of a vector.
func (l Length) Bytes() int { return 16 << l }

// Operation is the encoding of a vector instruction.
type Operation struct {
	prefix     byte // 0 none, 1 66, 2 F3, 3 F2
	opmap      byte // 1 0F, 2 0F38, 3 0F3A
	opcode     byte
	wide       bool // EVEX.W
	vexWide    bool // VEX.W
	element    int  // bytes of an element, for broadcasts
	one        bool // a memory operand is one element
	half       bool // a memory operand is half a vector
	immediates int
}

// Mask says which lanes an operation writes: all (0), or those of a mask register,
// with zeros or the old values in the others. AVX-512 only.
type Mask struct {
	K    Reg
	Zero bool
}

// Vector is dst = x op y, y a Reg or a Mem. Operations of one operand have NoReg for
// x. Stores have the source in dst; shifts by constants have their digit in dst and
// the destination in x.
func (a *Assembler) Vector(op Operation, l Length, k Mask, dst, x Reg, y any, immediate ...byte) {
	if len(immediate) != op.immediates {
		a.Fail("operation %02x has %d immediate bytes, not %d", op.opcode, op.immediates, len(immediate))
		return
	}
	if a.Wide {
		a.evex(op, l, k, dst, x, y)
	} else {
		if k.K != 0 {
			a.Fail("operation %02x: AVX2 has no masks", op.opcode)
		}
		a.vex(op, l, dst, x, y)
	}
	a.bytes(immediate...)
}

func bit(set bool, at uint) byte {
	if set {
		return 1 << at
	}
	return 0
}

func (a *Assembler) vex(op Operation, l Length, reg, x Reg, y any) {
	var rm Reg
	m, isMemory := y.(Mem)
	index, base := false, false
	if isMemory {
		if m.Broadcast {
			a.Fail("operation %02x: AVX2 has no broadcasts", op.opcode)
		}
		index, base = m.Constant == 0 && m.Index != NoReg && m.Index&8 != 0, m.Constant == 0 && m.Base&8 != 0
	} else {
		rm = y.(Reg)
		base = rm&8 != 0
	}
	vvvv := byte(0)
	if x != NoReg {
		vvvv = byte(x)
	}
	if reg > 15 || vvvv > 15 || rm > 15 {
		a.Fail("operation %02x: AVX2 has 16 registers", op.opcode)
	}
	a.bytes(0xc4, bit(reg&8 == 0, 7)|bit(!index, 6)|bit(!base, 5)|op.opmap,
		bit(op.vexWide, 7)|(^vvvv&15)<<3|byte(l)<<2|op.prefix, op.opcode)
	if isMemory {
		a.memory(reg, m, 1, op.immediates)
	} else {
		a.register(reg, rm)
	}
}

func (a *Assembler) evex(op Operation, l Length, k Mask, reg, x Reg, y any) {
	var rm Reg
	m, isMemory := y.(Mem)
	bit3, bit4, upper := false, false, false // of rm or the base; of rm or the index; of x or a vector index
	vvvv := byte(0)
	if x != NoReg {
		vvvv = byte(x)
		upper = x >= 16
	}
	if isMemory {
		if m.Constant == 0 {
			bit3 = m.Base&8 != 0
			if m.Index != NoReg {
				bit4 = m.Index&8 != 0
				upper = upper || m.Index&16 != 0
			}
		}
	} else {
		rm = y.(Reg)
		bit3, bit4 = rm&8 != 0, rm&16 != 0
	}
	a.bytes(0x62,
		bit(reg&8 == 0, 7)|bit(!bit4, 6)|bit(!bit3, 5)|bit(reg&16 == 0, 4)|op.opmap,
		bit(op.wide, 7)|(^vvvv&15)<<3|4|op.prefix,
		bit(k.Zero, 7)|byte(l)<<5|bit(isMemory && m.Broadcast, 4)|bit(!upper, 3)|byte(k.K),
		op.opcode)
	if !isMemory {
		a.register(reg, rm)
		return
	}
	compress := l.Bytes()
	switch {
	case m.Broadcast || op.one:
		compress = op.element
	case op.half:
		compress /= 2
	}
	a.memory(reg, m, int32(compress), op.immediates)
}

// Zero clears a vector register.
func (a *Assembler) Zero(dst Reg) { a.Vector(XorInt, Bits128, Mask{}, dst, dst, dst) }

// ZeroUpper ends the use of long vectors, so that older instructions stay fast.
func (a *Assembler) ZeroUpper() { a.bytes(0xc5, 0xf8, 0x77) }

// FloatOperations are the operations on floats of one size; see [Floats].
type FloatOperations struct {
	Add, Sub, Mul, Div, Min, Max, Sqrt, And, AndNot, Or, Xor Operation
	Load, Store                                              Operation // unaligned
	Compare                                                  Operation // to a mask register (AVX-512) or a vector; an immediate
	Blend                                                    Operation // by a mask (AVX-512): y where it is set, else x
	BlendVector                                              Operation // by a vector in the immediate's upper half (AVX2): y where it is negative, else x
	Broadcast                                                Operation // from a vector register's first element, or memory
	FusedAdd231, FusedSub231                                 Operation // dst += x*y, dst -= x*y
	FusedAdd213, FusedSub213                                 Operation // dst = x*dst + y, y - x*dst
	FromInt, ToInt                                           Operation // int32; ToInt cuts towards zero
	Gather, Scatter                                          Operation // at int32 indices; Gather of AVX2 has its mask in x
	MaskLoad, MaskStore                                      Operation // AVX2, the mask in x
	Signs                                                    Operation // AVX2: sign bits to a general register
	Unpack                                                   Operation // the lower elements of x and y by turns
}

func floats(wide bool) *FloatOperations {
	prefix, element, fused := byte(0), 4, byte(1)
	if wide {
		prefix, element = 1, 8
	}
	plain := func(opcode byte) Operation {
		return Operation{prefix: prefix, opmap: 1, opcode: opcode, wide: wide, element: element}
	}
	of := func(o Operation) Operation {
		o.element = element
		return o
	}
	fma := func(opcode byte) Operation {
		return Operation{prefix: fused, opmap: 2, opcode: opcode, wide: wide, vexWide: wide, element: element}
	}
	f := &FloatOperations{Add: plain(0x58), Sub: plain(0x5c), Mul: plain(0x59), Div: plain(0x5e), Min: plain(0x5d), Max: plain(0x5f),
		Sqrt: plain(0x51), And: plain(0x54), AndNot: plain(0x55), Or: plain(0x56), Xor: plain(0x57), Load: plain(0x10), Store: plain(0x11),
		Unpack: plain(0x14), Signs: plain(0x50),
		FusedAdd231: fma(0xb8), FusedSub231: fma(0xbc), FusedAdd213: fma(0xa8), FusedSub213: fma(0xac)}
	f.Compare = plain(0xc2)
	f.Compare.immediates = 1
	f.Blend = of(Operation{prefix: 1, opmap: 2, opcode: 0x65, wide: wide})
	f.Gather = of(Operation{prefix: 1, opmap: 2, opcode: 0x92, wide: wide, vexWide: wide, one: true})
	f.Scatter = of(Operation{prefix: 1, opmap: 2, opcode: 0xa2, wide: wide, one: true})
	if wide {
		f.BlendVector = Operation{prefix: 1, opmap: 3, opcode: 0x4b, immediates: 1}
		f.Broadcast = of(Operation{prefix: 1, opmap: 2, opcode: 0x19, wide: true, one: true})
		f.FromInt = Operation{prefix: 2, opmap: 1, opcode: 0xe6, element: 4, half: true}
		f.ToInt = of(Operation{prefix: 1, opmap: 1, opcode: 0xe6, wide: true})
		f.MaskLoad, f.MaskStore = Operation{prefix: 1, opmap: 2, opcode: 0x2d}, Operation{prefix: 1, opmap: 2, opcode: 0x2f}
	} else {
		f.BlendVector = Operation{prefix: 1, opmap: 3, opcode: 0x4a, immediates: 1}
		f.Broadcast = of(Operation{prefix: 1, opmap: 2, opcode: 0x18, one: true})
		f.FromInt = of(Operation{opmap: 1, opcode: 0x5b})
		f.ToInt = of(Operation{prefix: 2, opmap: 1, opcode: 0x5b})
		f.MaskLoad, f.MaskStore = Operation{prefix: 1, opmap: 2, opcode: 0x2c}, Operation{prefix: 1, opmap: 2, opcode: 0x2e}
	}
	return f
}

var float32s, float64s = floats(false), floats(true)

// Floats are the operations on floats of 32 or 64 bits.
func Floats(bits int) *FloatOperations {
	if bits == 32 {
		return float32s
	}
	return float64s
}

// Immediates of Compare: quiet where a NaN is no mistake. They are false for NaN.
const (
	CompareEqual     = 0x00
	CompareLess      = 0x11
	CompareLessEqual = 0x12
)

// Immediates of CompareInt and CompareUnsigned.
const (
	IntEqual        = 0
	IntLess         = 1
	IntGreaterEqual = 5
)

func ints(opmap, opcode byte) Operation {
	return Operation{prefix: 1, opmap: opmap, opcode: opcode, element: 4}
}

func immediate(o Operation) Operation {
	o.immediates = 1
	return o
}

// Operations on int32 vectors, and on 64-bit ones where the name says so.
var (
	AddInt          = ints(1, 0xfe)
	SubInt          = ints(1, 0xfa)
	MulInt          = ints(2, 0x40)
	AndInt          = ints(1, 0xdb)
	OrInt           = ints(1, 0xeb)
	XorInt          = ints(1, 0xef)
	LeftInt         = ints(2, 0x47) // by the lanes of y
	RightInt        = ints(2, 0x45)
	ShiftInt        = immediate(ints(1, 0x72)) // digit 6 left, 2 right, 4 right with sign
	MaxUnsigned     = ints(2, 0x3f)
	EqualInt        = ints(1, 0x76)            // AVX2: to a vector
	GreaterInt      = ints(1, 0x66)            // AVX2: to a vector
	CompareInt      = immediate(ints(3, 0x1f)) // AVX-512: to a mask
	CompareUnsigned = immediate(ints(3, 0x1e))
	BlendInt        = ints(2, 0x64) // AVX-512: y where the mask is set, else x
	LoadInt         = Operation{prefix: 2, opmap: 1, opcode: 0x6f, element: 4}
	StoreInt        = Operation{prefix: 2, opmap: 1, opcode: 0x7f, element: 4}
	BroadcastInt    = Operation{prefix: 1, opmap: 2, opcode: 0x58, element: 4, one: true}
	SpreadInt       = Operation{prefix: 1, opmap: 2, opcode: 0x7c, element: 4} // AVX-512: from a general register
	GatherInt       = Operation{prefix: 1, opmap: 2, opcode: 0x90, element: 4, one: true}
	ScatterInt      = Operation{prefix: 1, opmap: 2, opcode: 0xa0, element: 4, one: true}
	MaskLoadInt     = Operation{prefix: 1, opmap: 2, opcode: 0x8c, element: 4}
	MaskStoreInt    = Operation{prefix: 1, opmap: 2, opcode: 0x8e, element: 4}
	MulUnsigned64   = Operation{prefix: 1, opmap: 1, opcode: 0xf4, wide: true, element: 8}                // of the lower halves
	Shift64         = Operation{prefix: 1, opmap: 1, opcode: 0x73, wide: true, element: 8, immediates: 1} // digit 6 left, 2 right
	And64           = Operation{prefix: 1, opmap: 1, opcode: 0xdb, wide: true, element: 8}
	Add64           = Operation{prefix: 1, opmap: 1, opcode: 0xd4, wide: true, element: 8}
	Widen           = Operation{prefix: 1, opmap: 2, opcode: 0x25, element: 4, half: true}                            // int32 to int64
	Narrow          = Operation{prefix: 2, opmap: 2, opcode: 0x35, element: 4, half: true}                            // AVX-512: int64 to int32; the source in dst
	Duplicate       = Operation{prefix: 3, opmap: 1, opcode: 0x12, wide: true, element: 8, one: true}                 // of 128 bits: a 64-bit element, twice
	BroadcastRow    = Operation{prefix: 1, opmap: 2, opcode: 0x1a, element: 16, one: true}                            // 128 bits of memory, again and again
	InsertRow       = Operation{prefix: 1, opmap: 3, opcode: 0x18, element: 16, one: true, immediates: 1}             // x with y, of 128 bits, in the place that the immediate names
	InsertHalf      = Operation{prefix: 1, opmap: 3, opcode: 0x1a, wide: true, element: 8, half: true, immediates: 1} // AVX-512: x with y, of 256 bits, in one of its halves
	ShuffleInt      = immediate(ints(1, 0x70))
	ExtractUpper    = immediate(ints(3, 0x39)) // AVX2: half of 256 bits; the source in dst
	ShuffleFloat    = Operation{opmap: 1, opcode: 0xc6, element: 4, immediates: 1}
	BlendWords      = immediate(ints(3, 0x02)) // AVX2: int32 lanes by the bits of the immediate
)

// Transfers between vectors and general registers, of 32 or 64 bits.
var (
	fromGeneral32 = Operation{prefix: 1, opmap: 1, opcode: 0x6e, element: 4, one: true}
)

// FromGeneral32 puts a general register's 32 bits in a vector's first element.
func (a *Assembler) FromGeneral32(dst, src Reg) {
	a.Vector(fromGeneral32, Bits128, Mask{}, dst, NoReg, src)
}
