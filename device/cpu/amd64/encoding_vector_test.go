package amd64

import (
	"fmt"
	"strings"
)

// vectorRow says how operations on vectors are called.
type vectorRow struct {
	evex, vex string // names; empty where there is none
	op        Operation
	form      string // of the operands: d, x and y; k is a mask, m memory only, r a general register, i an immediate; capitals have their own lengths
	memory    string // size of a memory operand: full, half, quarter (128 bits), one; empty for none
	lengths   []Length
}

var allLengths = []Length{Bits128, Bits256, Bits512}

func vectorRows() []vectorRow {
	var rows []vectorRow
	add := func(evex, vex string, op Operation, form, memory string, lengths ...Length) {
		if lengths == nil {
			lengths = allLengths
		}
		rows = append(rows, vectorRow{evex, vex, op, form, memory, lengths})
	}
	both := func(name string, op Operation, form, memory string, lengths ...Length) {
		add(name, name, op, form, memory, lengths...)
	}
	for _, bits := range []int{32, 64} {
		f, p, s := Floats(bits), "ps", "ss"
		if bits == 64 {
			p, s = "pd", "sd"
		}
		names := strings.Fields("vadd vsub vmul vdiv vmin vmax vand vandn vor vxor vunpckl vfmadd231 vfnmadd231 vfmadd213 vfnmadd213")
		for n, op := range []Operation{f.Add, f.Sub, f.Mul, f.Div, f.Min, f.Max, f.And, f.AndNot, f.Or, f.Xor, f.Unpack, f.FusedAdd231, f.FusedSub231, f.FusedAdd213, f.FusedSub213} {
			both(names[n]+p, op, "dxy", "full")
		}
		for n, op := range []Operation{f.Add, f.Sub, f.Mul, f.Div} {
			both(names[n]+s, Single(op), "dxy", "one", Bits128)
		}
		both("vfmadd231"+s, Single(f.FusedAdd231), "dxy", "one", Bits128)
		both("vmov"+s, Single(f.Load), "dm", "one", Bits128)
		both("vmov"+s, Single(f.Store), "md", "one", Bits128)
		both("vcomi"+s, Operation{prefix: f.Add.prefix, opmap: 1, opcode: 0x2f, wide: bits == 64, element: bits / 8, one: true}, "dy", "one", Bits128)
		both("vsqrt"+p, f.Sqrt, "dy", "full")
		both("vmovu"+p, f.Load, "dy", "full")
		both("vmovu"+p, f.Store, "md", "full")
		add("vcmp"+p, "", f.Compare, "kxyi", "full")
		add("", "vcmp"+p, f.Compare, "dxyi", "full", Bits128, Bits256)
		add("vblendm"+p, "", f.Blend, "dxy", "full")
		add("", "vblendv"+p, f.BlendVector, "dxyv", "full", Bits128, Bits256)
		broadcasts := []Length{Bits256, Bits512}
		both("vbroadcast"+s, f.Broadcast, "dX", "one", broadcasts...)
		add("", "vmaskmov"+p, f.MaskLoad, "dxm", "full", Bits128, Bits256)
		add("", "vmaskmov"+p, f.MaskStore, "mxd", "full", Bits128, Bits256)
		if bits == 64 {
			both("vcvtdq2pd", f.FromInt, "dH", "half", Bits256, Bits512)
			both("vcvttpd2dq", f.ToInt, "Hy", "", Bits256, Bits512)
		} else {
			both("vcvtdq2ps", f.FromInt, "dy", "full")
			both("vcvttps2dq", f.ToInt, "dy", "full")
		}
		add("vgatherd"+p, "", f.Gather, "dg", "one")
		add("", "vgatherd"+p, f.Gather, "dgx", "one", Bits128, Bits256)
		add("vscatterd"+p, "", f.Scatter, "gd", "one")
		add("", "vmovmsk"+p, f.Signs, "ry", "", Bits128, Bits256)
	}
	return append(rows, integerRows()...)
}

func integerRows() []vectorRow {
	var rows []vectorRow
	add := func(evex, vex string, op Operation, form, memory string, lengths ...Length) {
		if lengths == nil {
			lengths = allLengths
		}
		rows = append(rows, vectorRow{evex, vex, op, form, memory, lengths})
	}
	add("vpaddd", "vpaddd", AddInt, "dxy", "full")
	add("vpsubd", "vpsubd", SubInt, "dxy", "full")
	add("vpmulld", "vpmulld", MulInt, "dxy", "full")
	add("vpandd", "vpand", AndInt, "dxy", "full")
	add("vpord", "vpor", OrInt, "dxy", "full")
	add("vpxord", "vpxor", XorInt, "dxy", "full")
	add("vpsllvd", "vpsllvd", LeftInt, "dxy", "full")
	add("vpsrlvd", "vpsrlvd", RightInt, "dxy", "full")
	add("vpmaxud", "vpmaxud", MaxUnsigned, "dxy", "full")
	add("vpslld", "vpslld", ShiftInt, "6xyi", "")
	add("vpsrld", "vpsrld", ShiftInt, "2xyi", "")
	add("vpsrad", "vpsrad", ShiftInt, "4xyi", "")
	add("vpsllq", "vpsllq", Shift64, "6xyi", "")
	add("vpsrlq", "vpsrlq", Shift64, "2xyi", "")
	add("", "vpcmpeqd", EqualInt, "dxy", "full", Bits128, Bits256)
	add("", "vpcmpgtd", GreaterInt, "dxy", "full", Bits128, Bits256)
	add("vpcmpd", "", CompareInt, "kxyi", "full")
	add("vpcmpud", "", CompareUnsigned, "kxyi", "full")
	add("vpblendmd", "", BlendInt, "dxy", "full")
	add("vmovdqu32", "vmovdqu", LoadInt, "dy", "full")
	add("vmovdqu32", "vmovdqu", StoreInt, "md", "full")
	add("vpbroadcastd", "vpbroadcastd", BroadcastInt, "dX", "one")
	add("vpbroadcastd", "", SpreadInt, "dR", "")
	add("vpgatherdd", "", GatherInt, "dg", "one")
	add("", "vpgatherdd", GatherInt, "dgx", "one", Bits128, Bits256)
	add("vpscatterdd", "", ScatterInt, "gd", "one")
	add("", "vpmaskmovd", MaskLoadInt, "dxm", "full", Bits128, Bits256)
	add("", "vpmaskmovd", MaskStoreInt, "mxd", "full", Bits128, Bits256)
	add("vpmuludq", "vpmuludq", MulUnsigned64, "dxy", "full")
	add("vpandq", "vpand", And64, "dxy", "full")
	add("vpaddq", "vpaddq", Add64, "dxy", "full")
	add("vpmovsxdq", "vpmovsxdq", Widen, "dH", "half", Bits256, Bits512)
	add("vpmovqd", "", Narrow, "Hd", "", Bits256, Bits512)
	add("vpshufd", "vpshufd", ShuffleInt, "dyi", "full")
	add("", "vextracti128", ExtractUpper, "Hdi", "", Bits256)
	add("vshufps", "vshufps", ShuffleFloat, "dxyi", "full")
	add("", "vpblendd", BlendWords, "dxyi", "full", Bits128, Bits256)
	add("vpermpd", "", Permute64, "dxy", "full", Bits256, Bits512)
	add("vpermps", "vpermps", Permute32, "dxy", "full", Bits256, Bits512)
	add("vunpckhpd", "vunpckhpd", UnpackUpper64, "dxy", "full")
	add("vshuff64x2", "", ShuffleLanes, "dxyi", "full", Bits256, Bits512)
	add("", "vperm2f128", JoinHalves, "dxyi", "full", Bits256)
	add("vbroadcastf64x4", "", BroadcastHalf, "dm", "half", Bits512)
	add("vpermq", "vpermq", PermuteQuarters, "dyi", "full", Bits256, Bits512)
	add("vmovddup", "vmovddup", Duplicate, "dy", "one", Bits128)
	add("vbroadcastf32x4", "vbroadcastf128", BroadcastRow, "dm", "quarter", Bits256, Bits512)
	add("vinsertf32x4", "vinsertf128", InsertRow, "dxXi", "quarter", Bits256, Bits512)
	add("vinsertf64x4", "", InsertHalf, "dxHi", "half", Bits512)
	return rows
}

// vectorEncodings are all rows with registers, addresses, masks and broadcasts.
func vectorEncodings() []encoding {
	var all []encoding
	memory := addresses()
	count := 0
	for _, row := range vectorRows() {
		for _, wide := range []bool{false, true} {
			name, registers := row.vex, Reg(16)
			if wide {
				name, registers = row.evex, 32
			}
			if name == "" {
				continue
			}
			for _, l := range row.lengths {
				if l == Bits512 && !wide {
					continue
				}
				for variant := range 9 {
					count++
					w := vectorWriter{row: row, wide: wide, l: l, name: name, registers: registers, m: memory[(count*7)%len(memory)], count: count}
					if e, ok := w.encoding(variant); ok {
						all = append(all, e)
					}
				}
			}
		}
	}
	for n := range Reg(16) {
		r, v := n, (n*5+1)%16
		for _, wide := range []bool{false, true} {
			prefix, v := "{vex3} ", v
			if wide {
				prefix, v = "{evex} ", v+16*(n%2)
			}
			add := func(text string, write func(a *Assembler)) {
				all = append(all, encoding{text: prefix + text, wide: wide, write: write})
			}
			add(fmt.Sprintf("vmovd %s,%s", vectorName(Bits128, v), names32[r]), func(a *Assembler) { a.FromGeneral32(v, r) })
		}
	}
	return all
}

// vectorWriter writes one variant of a row.
type vectorWriter struct {
	row       vectorRow
	wide      bool
	l         Length
	name      string
	registers Reg
	m         Mem
	count     int
}

// encoding is a variant: 0 to 3 have registers, 4 and 5 memory, 6 masks on registers,
// 7 on memory, 8 a broadcast.
func (w vectorWriter) encoding(variant int) (encoding, bool) {
	row := w.row
	gathers := strings.Contains(row.form, "g")
	onMemory := strings.ContainsAny(row.form, "mg")
	useMemory := onMemory || variant == 4 || variant == 5 || variant >= 7
	masked := variant == 6 || variant == 7 || w.wide && (gathers || strings.Contains(row.name(), "blendm"))
	broadcast := variant == 8
	simple := row.memory == "full" && !onMemory && !strings.Contains(row.form, "m")
	comparing := row.form[0] == 'k'
	switch {
	case useMemory && row.memory == "",
		onMemory && variant > 3 && variant != 7,
		masked && !w.wide,
		variant >= 6 && strings.ContainsAny(row.form, "R"),
		variant >= 6 && (row.name() == "vcomiss" || row.name() == "vcomisd"),
		broadcast && (!w.wide || !simple || strings.HasPrefix(w.name, "vmov") || row.op.one),
		(variant == 7 || variant == 6) && gathers:
		return encoding{}, false
	}
	d, x, y := Reg(w.count)%w.registers, Reg(w.count*11+3)%w.registers, Reg(w.count*13+5)%w.registers
	if comparing {
		d %= 8
	}
	k := Mask{}
	if masked {
		k = Mask{K: Reg(1 + w.count%7), Zero: variant == 6 && !comparing && !gathers && row.form[0] == 'd'}
	}
	var immediates []byte
	m := w.m
	if gathers {
		if m.Index = Reg(w.count*17+1) % w.registers; m.Index == d || !w.wide && (m.Index == x || x == d) {
			return encoding{}, false // which the processor forbids
		}
		m.Scale = 8
	}
	var operand any = y
	if useMemory {
		m.Broadcast = broadcast
		operand = m
	}
	parts := []string{}
	half := max(w.l, 1) - 1
	for _, c := range row.form {
		parts = append(parts, w.operand(c, half, d, x, y, m, useMemory, broadcast))
		if c == 'i' {
			immediates = []byte{byte(w.count % 8)}
		}
		if c == 'v' {
			immediates = []byte{byte(Reg(w.count*3)%16) << 4}
		}
	}
	if strings.ContainsAny(row.form[:1], "642") {
		parts = parts[1:]
	}
	if k.K != 0 {
		parts[0] += fmt.Sprintf("{k%d}", k.K)
		if k.Zero {
			parts[0] += "{z}"
		}
	}
	prefix := "{vex3} "
	if w.wide {
		prefix = "{evex} "
	}
	if !strings.ContainsAny(row.form, "x") {
		x = NoReg
	}
	dst := d
	switch row.form[0] {
	case '6', '4', '2':
		dst = Reg(row.form[0] - '0')
	case 'H': // stores and conversions to half a vector
		if row.form != "Hy" {
			operand = y
		}
	case 'r':
		dst = d % 16
	}
	if strings.Contains(row.form, "R") {
		operand = y % 16
	}
	text := prefix + w.name + " " + strings.Join(parts, ",")
	return encoding{text, w.wide, func(a *Assembler) { a.Vector(row.op, w.l, k, dst, x, operand, immediates...) }}, true
}

func (r vectorRow) name() string {
	if r.evex != "" {
		return r.evex
	}
	return r.vex
}

// operand is the text of one operand.
func (w vectorWriter) operand(c rune, half Length, d, x, y Reg, m Mem, useMemory, broadcast bool) string {
	full := []string{"xmmword", "ymmword", "zmmword"}
	one := map[int]string{4: "dword", 8: "qword"}[w.row.op.element]
	memory := func() string {
		switch {
		case broadcast:
			return memoryName(one, m, nil) + fmt.Sprintf("{1to%d}", w.l.Bytes()/w.row.op.element)
		case w.row.memory == "one":
			return memoryName(one, m, nil)
		case w.row.memory == "quarter":
			return memoryName("xmmword", m, nil)
		case w.row.memory == "half" && half == w.l:
			return memoryName("qword", m, nil)
		case w.row.memory == "half":
			return memoryName(full[half], m, nil)
		}
		return memoryName(full[w.l], m, nil)
	}
	switch c {
	case 'd':
		return vectorName(w.l, d)
	case 'k':
		return fmt.Sprint("k", d)
	case 'x':
		return vectorName(w.l, x)
	case 'y', 'H', 'X':
		l := w.l
		switch c {
		case 'H':
			l = half
		case 'X':
			l = Bits128
		}
		if w.row.form == "Hy" && c == 'H' {
			return vectorName(l, d)
		}
		if useMemory {
			return memory()
		}
		return vectorName(l, y)
	case 'm':
		return memory()
	case 'g':
		index := w.l
		if w.row.op.element == 8 {
			index = half
		}
		return memoryName(one, m, &index)
	case 'r':
		return names32[d%16]
	case 'R':
		return names32[y%16]
	case 'i':
		return fmt.Sprint(w.count % 8)
	case 'v':
		return vectorName(w.l, Reg(w.count*3)%16)
	}
	return ""
}
