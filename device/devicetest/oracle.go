package devicetest

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Oracle runs kernels by their plain definition: one lane after the other, one
// instruction after the other, in float64 with a bound on the rounding error. The
// lanes of a group run one after the other up to each barrier.
type Oracle struct {
	numbers arithmetic
}

// NewOracle is the oracle for devices of a precision.
func NewOracle(p device.Precision) *Oracle { return &Oracle{arithmeticOf(p)} }

// ErrRounding is the error of [Oracle.Run] where rounding decides which way a
// kernel goes or which integer it computes, so that the oracle cannot say what a
// device does.
var ErrRounding = errors.New("it depends on rounding")

// Array is the oracle's buffer.
type Array struct {
	floats []number
	ints   []int32
}

// Floats makes an array of floats, rounded to the device's precision.
func (o *Oracle) Floats(values []float64) *Array {
	a := &Array{floats: make([]number, len(values))}
	for i, x := range values {
		a.floats[i] = o.numbers.given(x)
	}
	return a
}

// Ints makes an array of integers.
func (o *Oracle) Ints(values []int32) *Array { return &Array{ints: slices.Clone(values)} }

// Argument is an array from an offset on.
type Argument struct {
	Array  *Array
	Offset int
}

// Run runs a kernel for the items from first on: for every chain of each, or with
// a group of lanes for each. It gives an error where the kernel leaves its
// contract (an index outside an array, a barrier that some lanes miss), and
// [ErrRounding].
func (o *Oracle) Run(k *shaders.Kernel, arguments []Argument, first, count int) error {
	if k.Arrays != nil {
		l := &arrayLane{numbers: o.numbers, kernel: k, arguments: arguments}
		for n := range count * k.Chains {
			if err := l.run(int32(first+n/k.Chains), int32(n%k.Chains)); err != nil {
				return err
			}
		}
		return nil
	}
	partner := partners(k)
	lanes := make([]*lane, max(k.Lanes, 1))
	for n := range lanes {
		lanes[n] = &lane{numbers: o.numbers, kernel: k, partner: partner, arguments: arguments, local: int32(n), cells: make([]cell, len(k.Instructions))}
	}
	for item := first; item < first+count; item++ {
		if k.Lanes > 0 {
			if err := runGroup(lanes, int32(item)); err != nil {
				return err
			}
			continue
		}
		for chain := range k.Chains {
			lanes[0].start(int32(item), int32(chain), nil)
			if _, err := lanes[0].run(); err != nil {
				return err
			}
		}
	}
	return nil
}

// runGroup runs all lanes of a group to the next barrier until they are done.
func runGroup(lanes []*lane, item int32) error {
	k := lanes[0].kernel
	shared := make([][]number, len(k.Shared))
	for i, s := range k.Shared {
		shared[i] = slices.Repeat([]number{{math.NaN(), unknown}}, s.Size)
	}
	for _, l := range lanes {
		l.start(item, 0, shared)
	}
	for {
		reached := 0
		for n, l := range lanes {
			at, err := l.run()
			if err != nil {
				return err
			}
			if n > 0 && at != reached {
				return fmt.Errorf("kernel %q, group %d: lane 0 stops at instruction %d, lane %d at %d", k.Name, item, reached, n, at)
			}
			reached = at
		}
		if reached == len(k.Instructions) {
			return nil
		}
	}
}
