package amd64

// Instructions on general registers. Names end in 32 where operands have 32 bits,
// whose upper halves become zero; the others have 64.

// rex appends a REX prefix if one is needed.
func (a *Assembler) rex(wide bool, reg Reg, m *Mem, rm Reg) {
	b := byte(0x40)
	if wide {
		b |= 8
	}
	if reg >= 8 {
		b |= 4
	}
	if m != nil {
		if m.Constant == 0 {
			if m.Index != NoReg && m.Index >= 8 {
				b |= 2
			}
			if m.Base >= 8 {
				b |= 1
			}
		}
	} else if rm >= 8 {
		b |= 1
	}
	if b != 0x40 {
		a.bytes(b)
	}
}

func (a *Assembler) general(wide bool, reg, rm Reg, opcode ...byte) {
	a.rex(wide, reg, nil, rm)
	a.bytes(opcode...)
	a.register(reg, rm)
}

func (a *Assembler) generalMemory(wide bool, reg Reg, m Mem, opcode ...byte) {
	a.rex(wide, reg, &m, 0)
	a.bytes(opcode...)
	a.memory(reg, m, 1, 0)
}

// Move is dst = src.
func (a *Assembler) Move(dst, src Reg) {
	if dst != src {
		a.general(true, dst, src, 0x8b)
	}
}

// MoveConstant is dst = x.
func (a *Assembler) MoveConstant(dst Reg, x int64) {
	switch {
	case x == 0:
		a.general(false, dst, dst, 0x31)
	case x > 0 && x <= 1<<31-1:
		a.rex(false, 0, nil, dst)
		a.bytes(0xb8 | byte(dst&7))
		a.int32(int32(x))
	case x >= -1<<31 && x < 0:
		a.rex(true, 0, nil, dst)
		a.bytes(0xc7, 0xc0|byte(dst&7))
		a.int32(int32(x))
	default:
		a.rex(true, 0, nil, dst)
		a.bytes(0xb8 | byte(dst&7))
		for k := range 8 {
			a.bytes(byte(uint64(x) >> (8 * k)))
		}
	}
}

// Load64 is dst = 64 bits at m.
func (a *Assembler) Load64(dst Reg, m Mem) { a.generalMemory(true, dst, m, 0x8b) }

// Load32 is dst = 32 bits at m, without sign.
func (a *Assembler) Load32(dst Reg, m Mem) { a.generalMemory(false, dst, m, 0x8b) }

// LoadSigned32 is dst = 32 bits at m, with sign.
func (a *Assembler) LoadSigned32(dst Reg, m Mem) { a.generalMemory(true, dst, m, 0x63) }

// Store64 stores 64 bits.
func (a *Assembler) Store64(m Mem, src Reg) { a.generalMemory(true, src, m, 0x89) }

// Store32 stores 32 bits.
func (a *Assembler) Store32(m Mem, src Reg) { a.generalMemory(false, src, m, 0x89) }

// Extend32 is dst = src's lower 32 bits with their sign.
func (a *Assembler) Extend32(dst, src Reg) { a.general(true, dst, src, 0x63) }

// Address is dst = the address m.
func (a *Assembler) Address(dst Reg, m Mem) { a.generalMemory(true, dst, m, 0x8d) }

// Arithmetic is an operation of two general operands.
type Arithmetic uint8

// The operations: dst = dst op src; Cmp only sets the flags.
const (
	Add Arithmetic = 0
	Or  Arithmetic = 1
	And Arithmetic = 4
	Sub Arithmetic = 5
	Xor Arithmetic = 6
	Cmp Arithmetic = 7
)

// Do is dst = dst op src.
func (a *Assembler) Do(op Arithmetic, dst, src Reg) { a.general(true, dst, src, byte(op)<<3|3) }

// Do32 is dst = dst op src on 32 bits.
func (a *Assembler) Do32(op Arithmetic, dst, src Reg) { a.general(false, dst, src, byte(op)<<3|3) }

// DoMemory is dst = dst op the 64 bits at m.
func (a *Assembler) DoMemory(op Arithmetic, dst Reg, m Mem) {
	a.generalMemory(true, dst, m, byte(op)<<3|3)
}

// DoConstant is dst = dst op x.
func (a *Assembler) DoConstant(op Arithmetic, dst Reg, x int32) { a.constant(true, op, dst, x) }

func (a *Assembler) constant(wide bool, op Arithmetic, dst Reg, x int32) {
	a.rex(wide, 0, nil, dst)
	if x >= -128 && x <= 127 {
		a.bytes(0x83, 0xc0|byte(op)<<3|byte(dst&7), byte(int8(x)))
		return
	}
	a.bytes(0x81, 0xc0|byte(op)<<3|byte(dst&7))
	a.int32(x)
}

// Multiply is dst = dst * src, 64 bits.
func (a *Assembler) Multiply(dst, src Reg) { a.general(true, dst, src, 0x0f, 0xaf) }

// Multiply32 is dst = dst * src on 32 bits.
func (a *Assembler) Multiply32(dst, src Reg) { a.general(false, dst, src, 0x0f, 0xaf) }

// MultiplyConstant is dst = src * x, 64 bits.
func (a *Assembler) MultiplyConstant(dst, src Reg, x int32) {
	a.general(true, dst, src, 0x69)
	a.int32(x)
}

// Shift is a shift by a constant.
type Shift uint8

// The shifts: left, right without and with sign.
const (
	Left        Shift = 4
	Right       Shift = 5
	RightSigned Shift = 7
)

// Shift shifts 64 bits by n places.
func (a *Assembler) Shift(s Shift, dst Reg, n int) {
	a.rex(true, 0, nil, dst)
	a.bytes(0xc1, 0xc0|byte(s)<<3|byte(dst&7), byte(n))
}

// ShiftBy32 shifts 32 bits by the places that CL has, modulo 32.
func (a *Assembler) ShiftBy32(s Shift, dst Reg) {
	a.rex(false, 0, nil, dst)
	a.bytes(0xd3, 0xc0|byte(s)<<3|byte(dst&7))
}

// CountBits32 is dst = the number of bits of src that are set.
func (a *Assembler) CountBits32(dst, src Reg) {
	a.bytes(0xf3)
	a.general(false, dst, src, 0x0f, 0xb8)
}

// Test sets the flags of x and y.
func (a *Assembler) Test(x, y Reg) { a.general(true, y, x, 0x85) }

// TestConstant32 sets the flags of dst and x, 32 bits.
func (a *Assembler) TestConstant32(dst Reg, x int32) {
	a.rex(false, 0, nil, dst)
	a.bytes(0xf7, 0xc0|byte(dst&7))
	a.int32(x)
}

// Condition of a jump.
type Condition uint8

// The conditions, after a comparison. Below and Above are without sign.
const (
	Below        Condition = 2
	AboveEqual   Condition = 3
	Equal        Condition = 4
	NotEqual     Condition = 5
	BelowEqual   Condition = 6
	Above        Condition = 7
	Less         Condition = 12
	GreaterEqual Condition = 13
	LessEqual    Condition = 14
	Greater      Condition = 15
	Carry        Condition = 2
	NoCarry      Condition = 3
)

// SetIf is dst = 1 if the condition holds, else 0. Dst is RAX, RCX, RDX, RBX or R8 to
// R15.
func (a *Assembler) SetIf(c Condition, dst Reg) {
	if dst >= 8 {
		a.bytes(0x41)
	}
	a.bytes(0x0f, 0x90|byte(c), 0xc0|byte(dst&7))
	a.general(false, dst, dst, 0x0f, 0xb6)
}

// MoveIf is dst = src if the condition holds, 64 bits.
func (a *Assembler) MoveIf(c Condition, dst, src Reg) { a.general(true, dst, src, 0x0f, 0x40|byte(c)) }

// JumpIf jumps if the condition holds.
func (a *Assembler) JumpIf(c Condition, to Label) {
	a.bytes(0x0f, 0x80|byte(c))
	a.jump(to)
}

// Jump jumps.
func (a *Assembler) Jump(to Label) {
	a.bytes(0xe9)
	a.jump(to)
}

func (a *Assembler) jump(to Label) {
	a.fixups = append(a.fixups, fixup{at: len(a.code), from: len(a.code) + 4, label: to})
	a.int32(0)
}

// Return returns to the caller.
func (a *Assembler) Return() { a.bytes(0xc3) }
