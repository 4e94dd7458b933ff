package devicetest

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Oracle runs kernels by their plain definition: one lane after the other, one
// instruction after the other, in float64 with a bound on the rounding error.
type Oracle struct {
	numbers arithmetic
}

// NewOracle is the oracle for devices of a precision.
func NewOracle(p device.Precision) *Oracle { return &Oracle{arithmeticOf(p)} }

// Array is the oracle's buffer.
type Array struct {
	floats []number
	ints   []int32
}

// Floats makes an array of floats, rounded to the device's precision.
func (o *Oracle) Floats(values []float64) *Array {
	a := &Array{floats: make([]number, len(values))}
	for i, x := range values {
		a.floats[i] = number{x: o.numbers.cut(x)}
	}
	return a
}

// Ints makes an array of integers.
func (o *Oracle) Ints(values []int32) *Array { return &Array{ints: values} }

// Argument is an array from an offset on.
type Argument struct {
	Array  *Array
	Offset int
}

// cell is the value of an instruction in one lane.
type cell struct {
	float number
	int   int32
	truth bool
	known bool // of truth
}

// Run runs a kernel for the items from first on, for every chain of each.
func (o *Oracle) Run(k *shaders.Kernel, arguments []Argument, first, count int) error {
	cells := make([]cell, len(k.Instructions))
	for item := first; item < first+count; item++ {
		for chain := range k.Chains {
			for n, i := range k.Instructions {
				value, err := o.instruction(k, i, cells, arguments, int32(item), int32(chain))
				if err != nil {
					return fmt.Errorf("kernel %q, instruction %d, item %d, chain %d: %w", k.Name, n, item, chain, err)
				}
				cells[n] = value
			}
		}
	}
	return nil
}

func (o *Oracle) instruction(k *shaders.Kernel, i shaders.Instruction, cells []cell, arguments []Argument, item, chain int32) (cell, error) {
	var a, b, c cell
	if i.A != shaders.NoValue {
		a = cells[i.A]
	}
	if i.B != shaders.NoValue {
		b = cells[i.B]
	}
	if i.C != shaders.NoValue {
		c = cells[i.C]
	}
	switch i.Op {
	case shaders.OpConstInt:
		return cell{int: int32(i.Int)}, nil
	case shaders.OpItem:
		return cell{int: item}, nil
	case shaders.OpChain:
		return cell{int: chain}, nil
	case shaders.OpAddInt:
		return cell{int: a.int + b.int}, nil
	case shaders.OpMulInt:
		return cell{int: a.int * b.int}, nil
	case shaders.OpLoadInt:
		at, ints := arguments[i.Buffer].Offset+int(a.int), arguments[i.Buffer].Array.ints
		if at < 0 || at >= len(ints) {
			return cell{}, fmt.Errorf("element %d of %d integers", at, len(ints))
		}
		return cell{int: ints[at]}, nil
	case shaders.OpConst:
		return cell{float: number{x: o.numbers.cut(i.Float)}}, nil
	case shaders.OpLoad:
		x, err := element(arguments[i.Buffer], int(a.int))
		return cell{float: *x}, err
	case shaders.OpStore:
		x, err := element(arguments[i.Buffer], int(a.int))
		*x = b.float
		return cell{}, err
	case shaders.OpSegmentReduce:
		x, err := o.reduce(i, arguments[i.Buffer], int(a.int), int(b.int))
		return cell{float: x}, err
	case shaders.OpIntToFloat:
		exact := float64(a.int)
		return cell{float: number{o.numbers.cut(exact), math.Abs(exact - o.numbers.cut(exact))}}, nil
	case shaders.OpAdd, shaders.OpSub, shaders.OpMul, shaders.OpDiv, shaders.OpMin, shaders.OpMax:
		return cell{float: o.numbers.binary(i.Op, a.float, b.float)}, nil
	case shaders.OpLess, shaders.OpLessEqual, shaders.OpEqual:
		return compare(i.Op, a.float, b.float), nil
	case shaders.OpLessInt:
		return cell{truth: a.int < b.int, known: true}, nil
	case shaders.OpEqualInt:
		return cell{truth: a.int == b.int, known: true}, nil
	case shaders.OpAnd:
		falsified := a.known && !a.truth || b.known && !b.truth
		return cell{truth: a.truth && b.truth, known: a.known && b.known || falsified}, nil
	case shaders.OpOr:
		return cell{truth: a.truth || b.truth, known: a.known && b.known || a.known && a.truth || b.known && b.truth}, nil
	case shaders.OpNot:
		return cell{truth: !a.truth, known: a.known}, nil
	case shaders.OpSelect:
		switch {
		case !a.known:
			return cell{float: number{c.float.x, unknown}}, nil
		case a.truth:
			return cell{float: b.float}, nil
		}
		return cell{float: c.float}, nil
	}
	return cell{float: o.numbers.unary(i.Op, a.float)}, nil
}

// element is an element of an argument; outside of it a cell that is thrown away.
func element(a Argument, index int) (*number, error) {
	at := a.Offset + index
	if index < 0 || at >= len(a.Array.floats) {
		return new(number), fmt.Errorf("element %d of %d floats", at, len(a.Array.floats))
	}
	return &a.Array.floats[at], nil
}

func (o *Oracle) reduce(i shaders.Instruction, a Argument, first, count int) (number, error) {
	fold := map[shaders.Reduction]shaders.Op{shaders.Sum: shaders.OpAdd, shaders.Prod: shaders.OpMul,
		shaders.Max: shaders.OpMax, shaders.Min: shaders.OpMin}[i.Reduction]
	x := number{x: [...]float64{0, 1, math.Inf(-1), math.Inf(1)}[i.Reduction]}
	for n := range count {
		y, err := element(a, first+n*i.Int)
		if err != nil {
			return x, err
		}
		x = o.numbers.binary(fold, x, *y)
	}
	return x, nil
}

func compare(op shaders.Op, a, b number) cell {
	holds := false
	switch op {
	case shaders.OpLess:
		holds = a.x < b.x
	case shaders.OpLessEqual:
		holds = a.x <= b.x
	case shaders.OpEqual:
		holds = a.x == b.x
	}
	spread := a.bound + b.bound
	if spread == 0 || math.Abs(a.x-b.x) > spread {
		return cell{truth: holds, known: true}
	}
	return cell{truth: holds}
}
