package amd64

// Instructions on mask registers, of 8 lanes or fewer, or of 16. AVX-512 only.

// MaskOperation is dst = x op y on masks.
type MaskOperation byte

// The operations. MaskAndNot is not x, and y.
const (
	MaskAnd    MaskOperation = 0x41
	MaskAndNot MaskOperation = 0x42
	MaskOr     MaskOperation = 0x45
	MaskXnor   MaskOperation = 0x46
	MaskXor    MaskOperation = 0x47
)

// mask appends a VEX instruction on masks.
func (a *Assembler) mask(lanes int, long bool, opcode byte, reg, x Reg, y any) {
	op := Operation{opmap: 1, opcode: opcode}
	if lanes <= 8 {
		op.prefix = 1
	}
	l := Bits128
	if long {
		l = Bits256
	}
	a.vex(op, l, reg, x, y)
}

// Masks is dst = x op y.
func (a *Assembler) Masks(op MaskOperation, lanes int, dst, x, y Reg) {
	a.mask(lanes, true, byte(op), dst, x, y)
}

// MaskNot is dst = not x.
func (a *Assembler) MaskNot(lanes int, dst, x Reg) { a.mask(lanes, false, 0x44, dst, NoReg, x) }

// MaskMove is dst = x.
func (a *Assembler) MaskMove(lanes int, dst, x Reg) { a.mask(lanes, false, 0x90, dst, NoReg, x) }

// MaskLoad loads a mask's bytes: one of 8 lanes, two of 16.
func (a *Assembler) MaskLoad(lanes int, dst Reg, m Mem) { a.mask(lanes, false, 0x90, dst, NoReg, m) }

// MaskStore stores a mask's bytes.
func (a *Assembler) MaskStore(lanes int, m Mem, src Reg) { a.mask(lanes, false, 0x91, src, NoReg, m) }

// MaskFrom is dst = the lower bits of a general register.
func (a *Assembler) MaskFrom(lanes int, dst, src Reg) { a.mask(lanes, false, 0x92, dst, NoReg, src) }

// MaskTo is dst = the bits of a mask, in a general register.
func (a *Assembler) MaskTo(lanes int, dst, src Reg) { a.mask(lanes, false, 0x93, dst, NoReg, src) }

// MaskTest sets the flags: Equal if x or y is empty, Carry if it is full.
func (a *Assembler) MaskTest(lanes int, x, y Reg) { a.mask(lanes, false, 0x98, x, NoReg, y) }
