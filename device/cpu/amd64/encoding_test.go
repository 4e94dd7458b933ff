package amd64

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// encoding is one instruction: what it is called, in the syntax of the GNU assembler,
// and what writes it.
type encoding struct {
	text  string
	wide  bool
	write func(a *Assembler)
}

var names64 = strings.Fields("rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15")

var names32 = strings.Fields("eax ecx edx ebx esp ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d")

// vectorName is a vector register's name.
func vectorName(l Length, r Reg) string { return fmt.Sprint([]string{"x", "y", "z"}[l], "mm", r) }

// addresses are memory operands with all bases, indices and sizes of displacements.
func addresses() []Mem {
	var all []Mem
	displacements := []int{0, 1, -1, 8, 64, -64, 127, 128, -128, -129, 8128, -8192, 1016, 1024, 1 << 20}
	for n := range 48 {
		base := Reg(n % 16)
		m := At(base, displacements[n%len(displacements)])
		if index := Reg((n*5 + 3) % 16); n >= 16 && index != RSP {
			m = Indexed(base, index, 1<<(n%4), displacements[n%len(displacements)])
		}
		all = append(all, m)
	}
	return all
}

// memoryName is an address as text; the index is a general register, or a vector of a
// length.
func memoryName(size string, m Mem, vectorIndex *Length) string {
	s := size + " ptr [" + names64[m.Base]
	if m.Index != NoReg {
		index := ""
		if vectorIndex != nil {
			index = vectorName(*vectorIndex, m.Index)
		} else {
			index = names64[m.Index]
		}
		s += fmt.Sprintf("+%s*%d", index, m.Scale)
	}
	return s + fmt.Sprintf("%+d]", m.Disp)
}

func generalEncodings() []encoding {
	var all []encoding
	add := func(text string, write func(a *Assembler)) { all = append(all, encoding{text: text, write: write}) }
	memory := addresses()
	arithmetic := map[Arithmetic]string{Add: "add", Or: "or", And: "and", Sub: "sub", Xor: "xor", Cmp: "cmp"}
	for n := range 16 {
		r, s, m := Reg(n), Reg((n*7+5)%16), memory[(3*n+1)%len(memory)]
		if r != s {
			add(fmt.Sprintf("{load} mov %s,%s", names64[r], names64[s]), func(a *Assembler) { a.Move(r, s) })
		}
		for _, x := range []int64{0, 1, 1<<31 - 1, -1, -1 << 31, 1 << 31, 1<<63 - 1} {
			text := fmt.Sprintf("mov %s,%d", names64[r], x)
			switch {
			case x == 0:
				text = fmt.Sprintf("xor %s,%s", names32[r], names32[r])
			case x > 0 && x < 1<<31:
				text = fmt.Sprintf("mov %s,%d", names32[r], x)
			case x >= 1<<31:
				text = fmt.Sprintf("movabs %s,%d", names64[r], x)
			}
			add(text, func(a *Assembler) { a.MoveConstant(r, x) })
		}
		q, d := memoryName("qword", m, nil), memoryName("dword", m, nil)
		add(fmt.Sprintf("mov %s,%s", names64[r], q), func(a *Assembler) { a.Load64(r, m) })
		add(fmt.Sprintf("mov %s,%s", names32[r], d), func(a *Assembler) { a.Load32(r, m) })
		add(fmt.Sprintf("movsxd %s,%s", names64[r], d), func(a *Assembler) { a.LoadSigned32(r, m) })
		add(fmt.Sprintf("mov %s,%s", q, names64[r]), func(a *Assembler) { a.Store64(m, r) })
		add(fmt.Sprintf("mov %s,%s", d, names32[r]), func(a *Assembler) { a.Store32(m, r) })
		add(fmt.Sprintf("movsxd %s,%s", names64[r], names32[s]), func(a *Assembler) { a.Extend32(r, s) })
		add(fmt.Sprintf("lea %s,%s", names64[r], strings.TrimPrefix(q, "qword ptr ")), func(a *Assembler) { a.Address(r, m) })
		for op := range Cmp + 1 {
			name, ok := arithmetic[op]
			if !ok {
				continue
			}
			add(fmt.Sprintf("{load} %s %s,%s", name, names64[r], names64[s]), func(a *Assembler) { a.Do(op, r, s) })
			add(fmt.Sprintf("{load} %s %s,%s", name, names32[r], names32[s]), func(a *Assembler) { a.Do32(op, r, s) })
			add(fmt.Sprintf("%s %s,%s", name, names64[r], q), func(a *Assembler) { a.DoMemory(op, r, m) })
			if r != RAX { // which has shorter forms
				for _, x := range []int32{1, -128, 127, 128, -129, 1 << 30} {
					add(fmt.Sprintf("%s %s,%d", name, names64[r], x), func(a *Assembler) { a.DoConstant(op, r, x) })
				}
			}
		}
		add(fmt.Sprintf("imul %s,%s", names64[r], names64[s]), func(a *Assembler) { a.Multiply(r, s) })
		add(fmt.Sprintf("imul %s,%s", names32[r], names32[s]), func(a *Assembler) { a.Multiply32(r, s) })
		add(fmt.Sprintf("imul %s,%s,100000", names64[r], names64[s]), func(a *Assembler) { a.MultiplyConstant(r, s, 100000) })
		for k, how := range []Shift{Left, Right, RightSigned} {
			name := []string{"shl", "shr", "sar"}[k]
			add(fmt.Sprintf("%s %s,%d", name, names64[r], n+2), func(a *Assembler) { a.Shift(how, r, n+2) })
			add(fmt.Sprintf("%s %s,cl", name, names32[r]), func(a *Assembler) { a.ShiftBy32(how, r) })
		}
		add(fmt.Sprintf("popcnt %s,%s", names32[r], names32[s]), func(a *Assembler) { a.CountBits32(r, s) })
		add(fmt.Sprintf("test %s,%s", names64[r], names64[s]), func(a *Assembler) { a.Test(r, s) })
		add(fmt.Sprintf("cmov%s %s,%s", []string{"b", "ae", "e", "ne", "l", "g"}[n%6], names64[r], names64[s]), func(a *Assembler) {
			a.MoveIf([]Condition{Below, AboveEqual, Equal, NotEqual, Less, Greater}[n%6], r, s)
		})
		if n < 4 || n >= 8 {
			short := []string{"al", "cl", "dl", "bl"}
			name := names32[r][:len(names32[r])-1] + "b"
			if n < 4 {
				name = short[n]
			}
			add(fmt.Sprintf("setbe %s; movzx %s,%s", name, names32[r], name), func(a *Assembler) { a.SetIf(BelowEqual, r) })
		}
		if r != RAX {
			add(fmt.Sprintf("test %s,77", names32[r]), func(a *Assembler) { a.TestConstant32(r, 77) })
		}
	}
	add("ret", func(a *Assembler) { a.Return() })
	add("vzeroupper", func(a *Assembler) { a.ZeroUpper() })
	return all
}

func maskEncodings() []encoding {
	var all []encoding
	memory := addresses()
	for n := range 8 {
		k, x, y, m := Reg(n), Reg((3*n+1)%8), Reg((5*n+2)%8), memory[5*n]
		r := Reg((n*3 + 8) % 16)
		for _, lanes := range []int{8, 16} {
			s, size := "b", "byte"
			if lanes == 16 {
				s, size = "w", "word"
			}
			add := func(text string, write func(a *Assembler)) {
				all = append(all, encoding{text: "{vex3} " + text, wide: true, write: write})
			}
			for op, name := range [...]string{MaskAnd: "kand", MaskAndNot: "kandn", MaskOr: "kor", MaskXnor: "kxnor", MaskXor: "kxor"} {
				if name != "" {
					add(fmt.Sprintf("%s%s k%d,k%d,k%d", name, s, k, x, y), func(a *Assembler) { a.Masks(MaskOperation(op), lanes, k, x, y) })
				}
			}
			add(fmt.Sprintf("knot%s k%d,k%d", s, k, x), func(a *Assembler) { a.MaskNot(lanes, k, x) })
			add(fmt.Sprintf("kmov%s k%d,k%d", s, k, x), func(a *Assembler) { a.MaskMove(lanes, k, x) })
			add(fmt.Sprintf("kmov%s k%d,%s", s, k, memoryName(size, m, nil)), func(a *Assembler) { a.MaskLoad(lanes, k, m) })
			add(fmt.Sprintf("kmov%s %s,k%d", s, memoryName(size, m, nil), k), func(a *Assembler) { a.MaskStore(lanes, m, k) })
			add(fmt.Sprintf("kmov%s k%d,%s", s, k, names32[r]), func(a *Assembler) { a.MaskFrom(lanes, k, r) })
			add(fmt.Sprintf("kmov%s %s,k%d", s, names32[r], k), func(a *Assembler) { a.MaskTo(lanes, r, k) })
			add(fmt.Sprintf("kortest%s k%d,k%d", s, k, x), func(a *Assembler) { a.MaskTest(lanes, k, x) })
		}
	}
	return all
}

// TestEncodings compares every instruction, with registers, addresses, masks and
// displacements of all kinds, with what the GNU assembler 2.40 makes of its text. The
// test writes the texts to the file that HXGPU_ENCODINGS names; the listing comes from
//
//	(echo .intel_syntax noprefix; cat texts) >x.s; as -al=x.lst --listing-lhs-width=8 x.s
//
// with the columns of bytes of x.lst put before the texts.
func TestEncodings(t *testing.T) {
	all := append(append(generalEncodings(), maskEncodings()...), vectorEncodings()...)
	if file := os.Getenv("HXGPU_ENCODINGS"); file != "" {
		var texts strings.Builder
		for _, e := range all {
			texts.WriteString(e.text + "\n")
		}
		require.NoError(t, os.WriteFile(file, []byte(texts.String()), 0o644))
		t.Skip("texts written")
	}
	listing, err := os.ReadFile("testdata/encodings.txt")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(listing), "\n"), "\n")
	require.Len(t, lines, len(all))
	wrong := 0
	for n, e := range all {
		want, text, _ := strings.Cut(lines[n], "\t")
		require.Equal(t, text, e.text, "line %d of the listing is of another instruction", n+1)
		a := &Assembler{Wide: e.wide}
		e.write(a)
		require.NoError(t, a.err, e.text)
		if got := hex.EncodeToString(a.code); got != want && wrong < 20 {
			wrong++
			t.Errorf("%s: %s, must be %s", e.text, got, want)
		}
	}
}

// TestJumps runs code with labels, constants and calls.
func TestJumps(t *testing.T) {
	if !Supported || !HasAVX2() {
		t.Skip("no machine code runs here")
	}
	a := &Assembler{}
	triple, top, end, other := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.MoveConstant(RAX, 0)
	a.MoveConstant(RCX, 10)
	a.Bind(top)
	a.DoMemory(Add, RAX, a.Constant([]byte{7, 0, 0, 0, 0, 0, 0, 0}))
	a.DoConstant(Sub, RCX, 1)
	a.JumpIf(NotEqual, top)
	a.Call(triple)
	a.Address(RDX, a.Table([]byte{1, 0, 0, 0, 0, 1, 0, 0}))
	a.LoadSigned32(RDX, At(RDX, 4))
	a.Do(Add, RAX, RDX)
	a.Jump(end)
	a.MoveConstant(RAX, -1)
	a.Bind(end)
	a.Do(Cmp, RAX, RDX)
	a.JumpIf(Above, other)
	a.Return()
	a.MoveConstant(RAX, -1)
	a.Bind(other)
	a.Return()
	a.Bind(triple)
	a.MultiplyConstant(RAX, RAX, 3)
	a.Return()
	code, err := a.Finish()
	require.NoError(t, err)
	m, err := Load(code)
	require.NoError(t, err)
	var arguments [8]uint64
	require.Equal(t, 3*70+256, m.Call(unsafe.Pointer(&arguments)))
	unbound := &Assembler{}
	unbound.Jump(unbound.NewLabel())
	_, err = unbound.Finish()
	require.Error(t, err)
	narrow := &Assembler{}
	narrow.Vector(Floats(64).Add, Bits256, Mask{}, 16, 0, Reg(1))
	_, err = narrow.Finish()
	require.Error(t, err)
}
