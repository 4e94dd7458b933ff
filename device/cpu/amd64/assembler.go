package amd64

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Reg is a register of either kind: the operation says which. General registers
// are RAX to R15, vector registers 0 to 31, mask registers 0 to 7.
type Reg uint8

// The general registers.
const (
	RAX Reg = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

// NoReg marks an index that an address does not have.
const NoReg Reg = 255

// Mem is the address Base + Index*Scale + Disp. The index of a gather is a vector
// register. Constant addresses a constant of the assembler instead, by its number
// plus one.
type Mem struct {
	Base, Index Reg
	Scale       uint8 // 1, 2, 4 or 8
	Disp        int32
	Constant    int
	Broadcast   bool // one element for all lanes; AVX-512 only
}

// At is the address base + disp.
func At(base Reg, disp int) Mem { return Mem{Base: base, Index: NoReg, Scale: 1, Disp: int32(disp)} }

// Indexed is the address base + index*scale + disp.
func Indexed(base, index Reg, scale uint8, disp int) Mem {
	return Mem{Base: base, Index: index, Scale: scale, Disp: int32(disp)}
}

// Label is a place in the code that can be jumped to.
type Label int

type fixup struct {
	at     int // of a 32-bit displacement
	from   int // the displacement counts from here
	label  Label
	number int // of a constant, if label is negative
}

// Assembler collects instructions.
type Assembler struct {
	// Wide chooses EVEX encodings and 512-bit vectors; else VEX and 256 bits.
	Wide bool

	code      []byte
	labels    []int // places, -1 until bound
	fixups    []fixup
	constants []byte
	known     map[string]int // constants by their bytes
	err       error
}

// Len is the number of bytes so far.
func (a *Assembler) Len() int { return len(a.code) }

// NewLabel is a label that [Assembler.Bind] places.
func (a *Assembler) NewLabel() Label {
	a.labels = append(a.labels, -1)
	return Label(len(a.labels) - 1)
}

// Bind places a label here.
func (a *Assembler) Bind(l Label) { a.labels[l] = len(a.code) }

// Constant is the address of bytes behind the code. Equal ones are kept once.
func (a *Assembler) Constant(bytes []byte) Mem {
	if a.known == nil {
		a.known = map[string]int{}
	}
	at, ok := a.known[string(bytes)]
	if !ok {
		for len(a.constants)%len(bytes) != 0 {
			a.constants = append(a.constants, 0)
		}
		at = len(a.constants)
		a.constants = append(a.constants, bytes...)
		a.known[string(bytes)] = at
	}
	return Mem{Constant: at + 1}
}

// Float64 is the address of a float64 constant, Float32 of a float32, Int32 of an
// int32.
func (a *Assembler) Float64(x float64) Mem {
	return a.Constant(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
}

// Float32 is the address of a float32 constant.
func (a *Assembler) Float32(x float32) Mem {
	return a.Constant(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
}

// Int32 is the address of an int32 constant.
func (a *Assembler) Int32(x int32) Mem {
	return a.Constant(binary.LittleEndian.AppendUint32(nil, uint32(x)))
}

// Finish gives the bytes: code, then constants. It fails where a label was never
// bound, or an instruction could not be encoded.
func (a *Assembler) Finish() ([]byte, error) {
	if a.err != nil {
		return nil, a.err
	}
	out := append([]byte(nil), a.code...)
	for len(out)%64 != 0 {
		out = append(out, 0xcc)
	}
	constants := len(out)
	out = append(out, a.constants...)
	for _, f := range a.fixups {
		to := constants + f.number
		if f.label >= 0 {
			if to = a.labels[f.label]; to < 0 {
				return nil, fmt.Errorf("amd64: label %d has no place", f.label)
			}
		}
		binary.LittleEndian.PutUint32(out[f.at:], uint32(int32(to-f.from)))
	}
	return out, nil
}

// Fail makes [Assembler.Finish] fail; the first mistake is told.
func (a *Assembler) Fail(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf("amd64: "+format, args...)
	}
}

func (a *Assembler) bytes(b ...byte) { a.code = append(a.code, b...) }

func (a *Assembler) int32(x int32) { a.code = binary.LittleEndian.AppendUint32(a.code, uint32(x)) }

// register appends the ModRM byte for a register operand.
func (a *Assembler) register(reg, rm Reg) { a.bytes(0xc0 | byte(reg&7)<<3 | byte(rm&7)) }

// memory appends ModRM, SIB and displacement. A displacement that is a multiple of
// compress fits a byte more often; trailing is how many immediate bytes follow.
func (a *Assembler) memory(reg Reg, m Mem, compress int32, trailing int) {
	r := byte(reg&7) << 3
	if m.Constant > 0 {
		a.bytes(r | 5)
		a.fixups = append(a.fixups, fixup{at: len(a.code), from: len(a.code) + 4 + trailing, label: -1, number: m.Constant - 1})
		a.int32(0)
		return
	}
	mode := byte(0x80)
	switch {
	case m.Disp == 0 && m.Base&7 != RBP:
		mode = 0
	case m.Disp%compress == 0 && m.Disp/compress >= -128 && m.Disp/compress <= 127:
		mode = 0x40
	}
	if m.Index != NoReg || m.Base&7 == RSP {
		index := byte(4)
		if m.Index != NoReg {
			index = byte(m.Index & 7)
		}
		scale := map[uint8]byte{1: 0, 2: 1, 4: 2, 8: 3}[m.Scale]
		a.bytes(mode|r|4, scale<<6|index<<3|byte(m.Base&7))
	} else {
		a.bytes(mode | r | byte(m.Base&7))
	}
	switch mode {
	case 0x40:
		a.bytes(byte(int8(m.Disp / compress)))
	case 0x80:
		a.int32(m.Disp)
	}
}
