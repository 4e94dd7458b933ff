package amd64

// Call calls the code at a label, which returns. It takes eight bytes of stack.
func (a *Assembler) Call(to Label) {
	a.bytes(0xe8)
	a.jump(to)
}

// Table is the address of bytes behind the code, on a line of their own: a base for
// indexed addresses, by [Assembler.Address]. Equal ones are kept once.
func (a *Assembler) Table(bytes []byte) Mem {
	const line = 64
	if a.known == nil {
		a.known = map[string]int{}
	}
	key := "table" + string(bytes)
	at, ok := a.known[key]
	if !ok {
		for len(a.constants)%line != 0 {
			a.constants = append(a.constants, 0)
		}
		at = len(a.constants)
		a.constants = append(a.constants, bytes...)
		a.known[key] = at
	}
	return Mem{Constant: at + 1}
}

// Single is a float operation on the first elements of vectors.
func Single(op Operation) Operation {
	op.one = true
	switch {
	case op.opmap == 2: // multiplication and addition in one
		op.opcode |= 1
	case op.element == 8:
		op.prefix = 3
	default:
		op.prefix = 2
	}
	return op
}

// Flags compares the first elements of two vectors, floats of 32 or 64 bits: Above if
// x is larger; BelowEqual if it is not, or either is NaN.
func (a *Assembler) Flags(bits int, x, y Reg) {
	op := Operation{opmap: 1, opcode: 0x2f, element: 4, one: true}
	if bits == 64 {
		op = Operation{prefix: 1, opmap: 1, opcode: 0x2f, wide: true, element: 8, one: true}
	}
	a.Vector(op, Bits128, Mask{}, x, NoReg, y)
}

// Rearrangements of the elements of vectors.
var (
	Permute64       = Operation{prefix: 1, opmap: 2, opcode: 0x16, wide: true, vexWide: true, element: 8}                // AVX-512: y's elements that x names
	Permute32       = Operation{prefix: 1, opmap: 2, opcode: 0x16, element: 4}                                           // y's elements that x names
	UnpackUpper64   = Operation{prefix: 1, opmap: 1, opcode: 0x15, wide: true, element: 8}                               // in each 128 bits, the upper elements of x and y by turns
	ShuffleLanes    = Operation{prefix: 1, opmap: 3, opcode: 0x23, wide: true, element: 8, immediates: 1}                // AVX-512: two 128-bit lanes of x, then two of y
	JoinHalves      = Operation{prefix: 1, opmap: 3, opcode: 0x06, element: 8, immediates: 1}                            // AVX2: halves of x and y
	BroadcastHalf   = Operation{prefix: 1, opmap: 2, opcode: 0x1b, wide: true, element: 8, half: true}                   // AVX-512: 256 bits of memory, twice
	PermuteQuarters = Operation{prefix: 1, opmap: 3, opcode: 0x00, wide: true, vexWide: true, element: 8, immediates: 1} // quarters of y by the immediate
)
