package shaders

import (
	"fmt"
	"strconv"
	"strings"
)

var opNames = [...]string{"invalid", "const.int", "item", "chain", "add.int", "mul.int", "load.int", "const", "load", "segment",
	"int.to.float", "add", "sub", "mul", "div", "min", "max", "neg", "abs", "sqrt", "exp", "log", "log1p", "expm1", "tanh", "sin",
	"cos", "less", "less.equal", "equal", "less.int", "equal.int", "and", "or", "not", "select", "store"}

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
	fmt.Fprintf(&b, "kernel %q chains %d\n", k.Name, k.Chains)
	for i, buffer := range k.Buffers {
		fmt.Fprintf(&b, "buffer $%d %s %s %q\n", i, [...]string{"", "in", "out", "in out"}[buffer.Access&3], buffer.Type, buffer.Name)
	}
	for n, i := range k.Instructions {
		b.WriteString("  ")
		if i.Op != OpStore {
			fmt.Fprintf(&b, "%%%d = ", n)
		}
		b.WriteString(i.Op.String())
		switch i.Op {
		case OpConstInt:
			fmt.Fprintf(&b, " %d", i.Int)
		case OpConst:
			fmt.Fprintf(&b, " %s", strconv.FormatFloat(i.Float, 'g', -1, 64))
		case OpLoad, OpLoadInt:
			fmt.Fprintf(&b, " $%d[%%%d]", i.Buffer, i.A)
		case OpSegmentReduce:
			fmt.Fprintf(&b, " %v $%d[%%%d] count %%%d stride %d", i.Reduction, i.Buffer, i.A, i.B, i.Int)
		case OpStore:
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
