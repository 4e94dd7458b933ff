package cpu

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// Matrices are row-major. Products and sums are rounded one by one, and every sum
// runs in ascending order, whatever the loops around it.

// product computes out (n,m) = a (n,k) b (k,m).
func product[T float](i *shaders.ArrayInstruction, out, a, b []T) {
	n, inner, m := i.N, i.K, i.M
	// A matrix times its own transpose is symmetric: half of it will do.
	symmetric := i.TransposeA != i.TransposeB && n == m && &a[0] == &b[0]
	row, column := inner, 1 // strides of a
	if i.TransposeA {
		row, column = 1, n
	}
	for r := range n {
		to := out[r*m : (r+1)*m]
		if symmetric {
			to = to[:r+1]
		}
		switch {
		case i.TransposeB && !i.TransposeA:
			dots(to, a[r*inner:(r+1)*inner], b)
		case i.TransposeB:
			for c := range to {
				sum := T(0)
				for k := range inner {
					sum += T(a[r*row+k*column] * b[c*inner+k])
				}
				to[c] = sum
			}
		default:
			clear(to)
			addRows(to, a[r*row:], column, b, m, inner)
		}
	}
	if symmetric {
		for r := range n {
			for c := r + 1; c < m; c++ {
				out[r*m+c] = out[c*m+r]
			}
		}
	}
}

// dots computes out[c] = x . (row c of b).
func dots[T float](out, x, b []T) {
	inner := len(x)
	c := 0
	for ; c+4 <= len(out); c += 4 {
		b0, b1, b2, b3 := b[c*inner:][:inner], b[(c+1)*inner:][:inner], b[(c+2)*inner:][:inner], b[(c+3)*inner:][:inner]
		var s0, s1, s2, s3 T
		for k, y := range x {
			s0 += T(y * b0[k])
			s1 += T(y * b1[k])
			s2 += T(y * b2[k])
			s3 += T(y * b3[k])
		}
		out[c], out[c+1], out[c+2], out[c+3] = s0, s1, s2, s3
	}
	for ; c < len(out); c++ {
		b0, s0 := b[c*inner:][:inner], T(0)
		for k, y := range x {
			s0 += T(y * b0[k])
		}
		out[c] = s0
	}
}

// addRows adds x[k*stride] times row k of b, of m elements, for k < count.
func addRows[T float](out, x []T, stride int, b []T, m, count int) {
	k := 0
	for ; k+4 <= count; k += 4 {
		x0, x1, x2, x3 := x[k*stride], x[(k+1)*stride], x[(k+2)*stride], x[(k+3)*stride]
		b0, b1, b2, b3 := b[k*m:][:len(out)], b[(k+1)*m:][:len(out)], b[(k+2)*m:][:len(out)], b[(k+3)*m:][:len(out)]
		for j, y := range out {
			y += T(x0 * b0[j])
			y += T(x1 * b1[j])
			y += T(x2 * b2[j])
			y += T(x3 * b3[j])
			out[j] = y
		}
	}
	for ; k < count; k++ {
		x0, b0 := x[k*stride], b[k*m:][:len(out)]
		for j := range out {
			out[j] += T(x0 * b0[j])
		}
	}
}

// subtractRows subtracts x[k*stride] times row k of b, of m elements, for k < count.
func subtractRows[T float](out, x []T, stride int, b []T, m, count int) {
	k := 0
	for ; k+4 <= count; k += 4 {
		x0, x1, x2, x3 := x[k*stride], x[(k+1)*stride], x[(k+2)*stride], x[(k+3)*stride]
		b0, b1, b2, b3 := b[k*m:][:len(out)], b[(k+1)*m:][:len(out)], b[(k+2)*m:][:len(out)], b[(k+3)*m:][:len(out)]
		for j, y := range out {
			y -= T(x0 * b0[j])
			y -= T(x1 * b1[j])
			y -= T(x2 * b2[j])
			y -= T(x3 * b3[j])
			out[j] = y
		}
	}
	for ; k < count; k++ {
		x0, b0 := x[k*stride], b[k*m:][:len(out)]
		for j := range out {
			out[j] -= T(x0 * b0[j])
		}
	}
}

func reciprocalOrZero[T float](x T) T {
	if x == 0 {
		return 0
	}
	return 1 / x
}

func scale[T float](x []T, factor T) {
	for i := range x {
		x[i] *= factor
	}
}

// cholesky leaves the lower factor of a in out, column after column.
func cholesky[T float](out, a []T, n int) {
	for r := range n {
		copy(out[r*n:r*n+r+1], a[r*n:])
		clear(out[r*n+r+1 : (r+1)*n])
	}
	for k := range n {
		pivot := T(math.Sqrt(float64(out[k*n+k])))
		out[k*n+k] = pivot
		reciprocal := reciprocalOrZero(pivot)
		for r := k + 1; r < n; r++ {
			x := out[r*n+k] * reciprocal
			out[r*n+k] = x
			to := out[r*n+k+1 : r*n+r+1]
			at := (k+1)*n + k
			for j := range to {
				to[j] -= T(x * out[at])
				at += n
			}
		}
	}
}

// choleskyAdjoint takes the factor l and its cotangent to the cotangent of the
// lower triangle of the matrix, column by column.
func choleskyAdjoint[T float](out, l, cotangent []T, n int) {
	for r := range n {
		copy(out[r*n:r*n+r+1], cotangent[r*n:])
		clear(out[r*n+r+1 : (r+1)*n])
	}
	for k := n - 1; k >= 0; k-- {
		for r := k + 1; r < n; r++ {
			sum, factor := out[r*n+k], l[r*n+k]
			at := (k+1)*n + k
			for _, x := range out[r*n+k+1 : r*n+r+1] {
				if at == r*n+k { // the diagonal touches the sum itself, twice
					sum -= T(x * factor)
					sum -= T(x * factor)
					break
				}
				sum -= T(x * l[at])
				out[at] -= T(x * factor)
				at += n
			}
			out[r*n+k] = sum
		}
		reciprocal := reciprocalOrZero(l[k*n+k])
		diagonal := out[k*n+k]
		for r := k + 1; r < n; r++ {
			x := out[r*n+k] * reciprocal
			out[r*n+k] = x
			diagonal -= T(l[r*n+k] * x)
		}
		out[k*n+k] = diagonal * 0.5 * reciprocal
	}
}

func solveLow[T float](out, l, b []T, n, m int) {
	copy(out, b)
	for r := range n {
		row := out[r*m : (r+1)*m]
		subtractRows(row, l[r*n:], 1, out, m, r)
		scale(row, reciprocalOrZero(l[r*n+r]))
	}
}

func solveLowT[T float](out, l, b []T, n, m int) {
	copy(out, b)
	for r := n - 1; r >= 0; r-- {
		row := out[r*m : (r+1)*m]
		if below := n - 1 - r; below > 0 {
			subtractRows(row, l[(r+1)*n+r:], n, out[(r+1)*m:], m, below)
		}
		scale(row, reciprocalOrZero(l[r*n+r]))
	}
}

// eliminate brings a to upper triangular form, with the same row operations on b
// (n,m); rows are exchanged pairwise as the kernels of other devices do.
func eliminate[T float](a, b []T, n, m int) {
	for k := range n {
		pivot := a[k*n : (k+1)*n]
		for r := k + 1; r < n; r++ {
			row := a[r*n : (r+1)*n]
			if math.Abs(float64(pivot[k])) < math.Abs(float64(row[k])) {
				for j := k; j < n; j++ {
					pivot[j], row[j] = row[j], pivot[j]
				}
				for j := range m {
					b[k*m+j], b[r*m+j] = b[r*m+j], b[k*m+j]
				}
			}
		}
		reciprocal := 1 / pivot[k]
		for r := k + 1; r < n; r++ {
			factor := a[r*n+k] * reciprocal
			subtractRows(a[r*n+k+1:(r+1)*n], []T{factor}, 1, pivot[k+1:], n, 1)
			if m > 0 {
				subtractRows(b[r*m:(r+1)*m], []T{factor}, 1, b[k*m:], m, 1)
			}
		}
	}
}

func solve[T float](out, a, b, scratch []T, n, m int) {
	copy(scratch, a)
	copy(out, b)
	eliminate(scratch, out, n, m)
	for r := n - 1; r >= 0; r-- {
		row := out[r*m : (r+1)*m]
		if below := n - 1 - r; below > 0 {
			subtractRows(row, scratch[r*n+r+1:], 1, out[(r+1)*m:], m, below)
		}
		scale(row, 1/scratch[r*n+r])
	}
}

func logDet[T float](a, scratch []T, n int) T {
	copy(scratch, a)
	eliminate(scratch, nil, n, 0)
	sum := T(0)
	for k := range n {
		sum += T(math.Log(math.Abs(float64(scratch[k*n+k]))))
	}
	return sum
}
