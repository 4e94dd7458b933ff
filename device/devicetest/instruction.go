package devicetest

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/hxgpu/hxgpu/shaders"
)

// value runs an instruction that is not one of structure.
func (l *lane) value(i shaders.Instruction) (cell, error) {
	var a, b, c cell
	if i.A != shaders.NoValue {
		a = l.cells[i.A]
	}
	if i.B != shaders.NoValue {
		b = l.cells[i.B]
	}
	if i.C != shaders.NoValue {
		c = l.cells[i.C]
	}
	switch op := i.Op; {
	case op >= shaders.OpAdd && op <= shaders.OpMax:
		return cell{float: l.numbers.binary(op, a.float, b.float)}, nil
	case op >= shaders.OpNeg && op <= shaders.OpCos:
		return cell{float: l.numbers.unary(op, a.float)}, nil
	case op >= shaders.OpLess && op <= shaders.OpEqual:
		return compare(op, a.float, b.float), nil
	case op >= shaders.OpAddInt && op <= shaders.OpBitCountInt:
		x, err := integer(op, a.int, b.int)
		return cell{int: x}, err
	}
	switch i.Op {
	case shaders.OpConstInt:
		return cell{int: int32(i.Int)}, nil
	case shaders.OpItem:
		return cell{int: l.item}, nil
	case shaders.OpChain:
		return cell{int: l.chain}, nil
	case shaders.OpLocal:
		return cell{int: l.local}, nil
	case shaders.OpSelectInt:
		switch {
		case !a.known:
			return cell{}, ErrRounding
		case a.truth:
			return cell{int: b.int}, nil
		}
		return cell{int: c.int}, nil
	case shaders.OpFloatToInt:
		x, err := whole(a.float)
		return cell{int: x}, err
	case shaders.OpExponent:
		x, err := l.numbers.exponent(a.float)
		return cell{int: x}, err
	case shaders.OpConst:
		return cell{float: l.numbers.given(i.Float)}, nil
	case shaders.OpIntToFloat:
		exact := float64(a.int)
		return cell{float: number{l.numbers.cut(exact), math.Abs(exact - l.numbers.cut(exact))}}, nil
	case shaders.OpPowerOfTwo:
		x := math.Ldexp(1, int(a.int))
		if x < l.numbers.tiny || l.numbers.cut(x) > 4*l.numbers.huge {
			return cell{}, fmt.Errorf("2^%d is no normal number", a.int)
		}
		return cell{float: number{x: x}}, nil
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
	return l.access(i, a.int, b)
}

// access runs an instruction that loads or stores at an index.
func (l *lane) access(i shaders.Instruction, index int32, b cell) (cell, error) {
	switch i.Op {
	case shaders.OpLoadShared, shaders.OpStoreShared:
		x, err := element(l.shared[i.Buffer], 0, index)
		if i.Op == shaders.OpStoreShared {
			*x = b.float
		}
		return cell{float: *x}, err
	case shaders.OpLoadInt, shaders.OpStoreInt:
		x, err := element(l.arguments[i.Buffer].Array.ints, l.arguments[i.Buffer].Offset, index)
		if i.Op == shaders.OpStoreInt {
			*x = b.int
		}
		return cell{int: *x}, err
	case shaders.OpLoad, shaders.OpStore:
		x, err := element(l.arguments[i.Buffer].Array.floats, l.arguments[i.Buffer].Offset, index)
		if i.Op == shaders.OpStore {
			*x = b.float
		}
		return cell{float: *x}, err
	case shaders.OpSegmentReduce:
		x, err := l.reduce(i, index, b.int)
		return cell{float: x}, err
	}
	return cell{}, fmt.Errorf("the oracle does not know %v", i.Op)
}

// element is an element of an array from an offset on; outside of it one that is
// thrown away.
func element[E any](array []E, offset int, index int32) (*E, error) {
	at := offset + int(index)
	if index < 0 || at >= len(array) {
		return new(E), fmt.Errorf("element %d of %d", at, len(array))
	}
	return &array[at], nil
}

func (l *lane) reduce(i shaders.Instruction, first, count int32) (number, error) {
	fold := map[shaders.Reduction]shaders.Op{shaders.Sum: shaders.OpAdd, shaders.Prod: shaders.OpMul,
		shaders.Max: shaders.OpMax, shaders.Min: shaders.OpMin}[i.Reduction]
	x := number{x: [...]float64{0, 1, math.Inf(-1), math.Inf(1)}[i.Reduction]}
	for n := range count {
		y, err := element(l.arguments[i.Buffer].Array.floats, l.arguments[i.Buffer].Offset, first+n*int32(i.Int))
		if err != nil {
			return x, err
		}
		x = l.numbers.binary(fold, x, *y)
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

// integer is an operation on integers; OpBitCountInt takes no y.
func integer(op shaders.Op, x, y int32) (int32, error) {
	switch op {
	case shaders.OpAddInt:
		return x + y, nil
	case shaders.OpSubInt:
		return x - y, nil
	case shaders.OpMulInt:
		return x * y, nil
	case shaders.OpMulHighInt:
		return int32(uint64(uint32(x)) * uint64(uint32(y)) >> 32), nil
	case shaders.OpAndInt:
		return x & y, nil
	case shaders.OpOrInt:
		return x | y, nil
	case shaders.OpXorInt:
		return x ^ y, nil
	case shaders.OpBitCountInt:
		return int32(bits.OnesCount32(uint32(x))), nil
	}
	if y < 0 || y > 31 {
		return 0, fmt.Errorf("a shift by %d places", y)
	}
	if op == shaders.OpShiftLeftInt {
		return x << y, nil
	}
	return int32(uint32(x) >> y), nil
}

// whole cuts a number towards zero.
func whole(p number) (int32, error) {
	low, high := math.Trunc(p.x-p.bound), math.Trunc(p.x+p.bound)
	switch {
	case p.bound > 0 && low != high:
		return 0, ErrRounding
	case !(math.Abs(p.x) < 1<<31):
		return 0, fmt.Errorf("%v is no integer of 32 bits", p.x)
	}
	return int32(p.x), nil
}
