package shaders

import (
	"fmt"
	"strconv"
	"strings"
)

var opNames = [...]string{"invalid", "const.int", "item", "chain", "local", "add.int", "sub.int", "mul.int", "mul.high.int",
	"and.int", "or.int", "xor.int", "shift.left.int", "shift.right.int", "bit.count.int", "select.int", "load.int", "float.to.int", "exponent",
	"const", "load", "segment", "int.to.float", "power.of.two", "load.shared", "add", "sub", "mul", "div", "min", "max", "neg", "abs", "sqrt",
	"exp", "log", "log1p", "expm1", "tanh", "sin", "cos", "less", "less.equal", "equal", "less.int", "equal.int", "and", "or", "not", "select",
	"store", "store.int", "store.shared", "variable", "get", "set", "if", "else", "loop", "break", "end", "barrier"}

// String is the operation's name in a listing.
func (op Op) String() string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return "op" + strconv.Itoa(int(op))
}

// String is the type's name in a listing.
func (t Type) String() string { return [...]string{"none", "float", "int", "bool"}[t&3] }

// String is the reduction's name in a listing.
func (r Reduction) String() string { return [...]string{"sum", "prod", "max", "min"}[r&3] }

// String lists the kernel, one line per buffer and instruction.
func (k *Kernel) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "kernel %q chains %d", k.Name, k.Chains)
	if k.Lanes > 0 {
		fmt.Fprintf(&b, " lanes %d", k.Lanes)
	}
	b.WriteByte('\n')
	for i, buffer := range k.Buffers {
		fmt.Fprintf(&b, "buffer $%d %s %s %q\n", i, [...]string{"", "in", "out", "in out"}[buffer.Access&3], buffer.Type, buffer.Name)
	}
	for i, array := range k.Shared {
		fmt.Fprintf(&b, "shared #%d float[%d] %q\n", i, array.Size, array.Name)
	}
	depth := 1
	for n, i := range k.Instructions {
		if i.Op == OpElse || i.Op == OpEnd {
			depth--
		}
		b.WriteString(strings.Repeat("  ", max(depth, 1)))
		if i.Op == OpIf || i.Op == OpElse || i.Op == OpLoop {
			depth++
		}
		if i.Type != None {
			fmt.Fprintf(&b, "%%%d = ", n)
		}
		b.WriteString(i.Op.String())
		switch i.Op {
		case OpConstInt:
			fmt.Fprintf(&b, " %d", i.Int)
		case OpConst:
			fmt.Fprintf(&b, " %s", strconv.FormatFloat(i.Float, 'g', -1, 64))
		case OpLoadShared:
			fmt.Fprintf(&b, " #%d[%%%d]", i.Buffer, i.A)
		case OpStoreShared:
			fmt.Fprintf(&b, " #%d[%%%d] %%%d", i.Buffer, i.A, i.B)
		case OpVariable:
			fmt.Fprintf(&b, " %v %%%d", i.Type, i.A)
		case OpLoad, OpLoadInt:
			fmt.Fprintf(&b, " $%d[%%%d]", i.Buffer, i.A)
		case OpSegmentReduce:
			fmt.Fprintf(&b, " %v $%d[%%%d] count %%%d stride %d", i.Reduction, i.Buffer, i.A, i.B, i.Int)
		case OpStore, OpStoreInt:
			fmt.Fprintf(&b, " $%d[%%%d] %%%d", i.Buffer, i.A, i.B)
		default:
			for _, operand := range [...]Value{i.A, i.B, i.C} {
				if operand != NoValue {
					fmt.Fprintf(&b, " %%%d", operand)
				}
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
