package devicetest

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// linear runs an operation of linear algebra. Devices may add terms in any order.
func (l *arrayLane) linear(i *shaders.ArrayInstruction) {
	n, m := i.N, i.M
	a := func(row, column int) number { return *l.at(&i.A, row*n+column) }
	out := func(row, column int) *number { return l.at(&i.Out, row*n+column) }
	switch i.Op {
	case shaders.ArrayMatMul:
		for r := range n {
			for c := range m {
				var s sum
				for k := range i.K {
					x, y := r*i.K+k, k*m+c
					if i.TransposeA {
						x = k*n + r
					}
					if i.TransposeB {
						y = c*i.K + k
					}
					s.add(l.numbers.binary(shaders.OpMul, *l.at(&i.A, x), *l.at(&i.B, y)))
				}
				*l.at(&i.Out, r*m+c) = s.total(l.numbers)
			}
		}
	case shaders.ArrayCholesky:
		for k := range n {
			for r := range n {
				if r < k {
					*out(r, k) = number{}
					continue
				}
				s := sum{terms: []number{a(r, k)}}
				for j := range k {
					s.subtract(l.numbers.binary(shaders.OpMul, *out(r, j), *out(k, j)))
				}
				*out(r, k) = s.total(l.numbers)
			}
			pivot := l.numbers.unary(shaders.OpSqrt, *out(k, k))
			*out(k, k) = pivot
			for r := k + 1; r < n; r++ {
				*out(r, k) = l.divide(*out(r, k), pivot)
			}
		}
	case shaders.ArrayCholeskyAdjoint:
		l.choleskyAdjoint(i)
	case shaders.ArraySolveLow:
		l.triangular(i, false, a, func(r, c int) number { return *l.at(&i.B, r*m+c) })
	case shaders.ArraySolveLowT:
		l.triangular(i, true, func(r, c int) number { return a(c, r) }, func(r, c int) number { return *l.at(&i.B, r*m+c) })
	case shaders.ArraySolve:
		upper, right := l.eliminate(i)
		l.triangular(i, true, func(r, c int) number { return upper[r][c] }, func(r, c int) number { return right[r][c] })
	case shaders.ArrayLogDet:
		upper, _ := l.eliminate(i)
		var s sum
		for k := range n {
			s.add(l.numbers.unary(shaders.OpLog, l.numbers.unary(shaders.OpAbs, upper[k][k])))
		}
		*l.at(&i.Out, 0) = s.total(l.numbers)
	}
}

// divide is x/y, by way of a reciprocal.
func (l *arrayLane) divide(x, y number) number {
	return l.numbers.binary(shaders.OpMul, x, l.numbers.binary(shaders.OpDiv, number{x: 1}, y))
}

func (l *arrayLane) triangular(i *shaders.ArrayInstruction, upwards bool, matrix, right func(r, c int) number) {
	n, m := i.N, i.M
	place := func(step int) int {
		if upwards {
			return n - 1 - step
		}
		return step
	}
	for step := range n {
		r := place(step)
		for c := range m {
			s := sum{terms: []number{right(r, c)}}
			for j := range step {
				s.subtract(l.numbers.binary(shaders.OpMul, matrix(r, place(j)), *l.at(&i.Out, place(j)*m+c)))
			}
			*l.at(&i.Out, r*m+c) = l.divide(s.total(l.numbers), matrix(r, r))
		}
	}
}

func (l *arrayLane) choleskyAdjoint(i *shaders.ArrayInstruction) {
	n := i.N
	factor := func(row, column int) number { return *l.at(&i.A, row*n+column) }
	out := func(row, column int) *number { return l.at(&i.Out, row*n+column) }
	for r := range n {
		for c := range n {
			*out(r, c) = number{}
			if c <= r {
				*out(r, c) = *l.at(&i.B, r*n+c)
			}
		}
	}
	for k := n - 1; k >= 0; k-- {
		diagonal := sum{terms: []number{*out(k, k)}}
		for r := k + 1; r < n; r++ {
			s := sum{terms: []number{*out(r, k)}}
			for j := k + 1; j < n; j++ {
				x := l.numbers.binary(shaders.OpMul, *out(max(r, j), min(r, j)), factor(j, k))
				s.subtract(x)
				if j == r {
					s.subtract(x)
				}
			}
			*out(r, k) = l.divide(s.total(l.numbers), factor(k, k))
			diagonal.subtract(l.numbers.binary(shaders.OpMul, factor(r, k), *out(r, k)))
		}
		half := l.numbers.binary(shaders.OpMul, diagonal.total(l.numbers), number{x: 0.5})
		*out(k, k) = l.divide(half, factor(k, k))
	}
}

// pivotSlack is how much worse the elimination of a device may be, which chooses
// its pivots in another way.
const pivotSlack = 16

// eliminate is Gaussian elimination with the largest pivots.
func (l *arrayLane) eliminate(i *shaders.ArrayInstruction) (upper, right [][]number) {
	n := i.N
	for r := range n {
		var row, side []number
		for c := range n {
			row = append(row, *l.at(&i.A, r*n+c))
		}
		for c := range i.M {
			side = append(side, *l.at(&i.B, r*i.M+c))
		}
		upper, right = append(upper, row), append(right, side)
	}
	for k := range n {
		pivot := k
		for r := k + 1; r < n; r++ {
			if math.Abs(upper[r][k].x) > math.Abs(upper[pivot][k].x) {
				pivot = r
			}
		}
		upper[k], upper[pivot] = upper[pivot], upper[k]
		right[k], right[pivot] = right[pivot], right[k]
		for r := k + 1; r < n; r++ {
			factor := l.divide(upper[r][k], upper[k][k])
			for c := k; c < n; c++ {
				upper[r][c] = l.numbers.binary(shaders.OpSub, upper[r][c], l.numbers.binary(shaders.OpMul, factor, upper[k][c]))
			}
			for c := range i.M {
				right[r][c] = l.numbers.binary(shaders.OpSub, right[r][c], l.numbers.binary(shaders.OpMul, factor, right[k][c]))
			}
		}
	}
	for r := range n {
		for c := r; c < n; c++ {
			upper[r][c].bound *= pivotSlack
		}
	}
	return upper, right
}

// sum is a sum whose terms may be added in any order.
type sum struct{ terms []number }

func (s *sum) add(x number)      { s.terms = append(s.terms, x) }
func (s *sum) subtract(x number) { s.terms = append(s.terms, number{-x.x, x.bound}) }

// total is the sum, with a bound that holds in every order: each of the additions
// rounds a partial sum, which is no more than the sum of the sizes.
func (s *sum) total(a arithmetic) number {
	x, size, spread := 0.0, 0.0, 0.0
	for _, t := range s.terms {
		x += t.x
		size += math.Abs(t.x) + t.bound
		spread += t.bound
	}
	if len(s.terms) > 1 {
		spread += float64(len(s.terms)-1) * a.unit * size
	}
	return a.rounded(x, spread, a.Arithmetic)
}
