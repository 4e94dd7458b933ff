package native

import "github.com/hxgpu/hxgpu/device/cpu/amd64"

// Registers of a product: the rows of the left and of the result that a tile has, the
// columns of the right, and counters.
const (
	productLeft   = amd64.RSI
	productRight  = amd64.RDX
	productRows   = amd64.R12
	productOut    = amd64.R15
	productCount  = amd64.RAX
	productTiles  = amd64.RCX
	productColumn = amd64.RBX
)

// product writes out (n,m) = left (n,k) right (k,m) in tiles of rows by columns, whose
// sums stand in registers: an element of the left times a vector of the right at a
// time.
func (c *arrayCompiler) product(r arrayRoutine) {
	n, inner, m := r.n, r.k, r.m
	if n == 0 || m == 0 {
		return
	}
	if r.transposeB { // the right is stored (m,k)
		place := c.reserve(inner*m*c.size + lineBytes)
		c.Move(amd64.RBX, arrayOut)
		c.Move(amd64.R12, arrayLeft)
		c.Address(arrayOut, amd64.At(arrayFrame, place))
		c.Move(arrayLeft, arrayRight)
		c.Store64(amd64.At(arrayFrame, place+inner*m*c.size), amd64.RBX)
		c.Store64(amd64.At(arrayFrame, place+inner*m*c.size+8), amd64.R12)
		c.call(arrayRoutine{what: routineTranspose, n: m, m: inner, from: inner, to: m})
		c.Address(arrayRight, amd64.At(arrayFrame, place))
		c.Load64(arrayOut, amd64.At(arrayFrame, place+inner*m*c.size))
		c.Load64(arrayLeft, amd64.At(arrayFrame, place+inner*m*c.size+8))
	}
	row, column := inner, 1 // strides of the left
	if r.transposeA {
		row, column = 1, n
	}
	parts := c.parts(m)
	width := 2
	if len(parts) == 3 && c.Wide {
		width = 3
	}
	rows := c.tileRows(width)
	if len(parts) == 1 {
		width, rows = 1, c.tileRows(1)
	}
	if parts[len(parts)-1].cut {
		c.cut(parts[len(parts)-1])
	}
	whole := m / c.lanes / width // tiles of columns that are all alike
	rest := parts[whole*width:]
	t := productTile{c: c, row: row, column: column, inner: inner, m: m}
	tiles := func(columns []arrayPart) {
		c.Move(productRows, arrayLeft)
		c.Move(productOut, productColumn)
		t.columns = columns
		c.repeat(productTiles, n/rows, func() {
			t.write(rows)
			c.DoConstant(amd64.Add, productRows, int32(rows*row*c.size))
			c.DoConstant(amd64.Add, productOut, int32(rows*m*c.size))
		})
		if n%rows > 0 {
			t.write(n % rows)
		}
	}
	c.Move(productColumn, arrayOut)
	if whole > 0 {
		step := func() {
			tiles(parts[:width])
			c.DoConstant(amd64.Add, arrayRight, int32(width*c.whole.Bytes()))
			c.DoConstant(amd64.Add, productColumn, int32(width*c.whole.Bytes()))
		}
		c.repeatIn(whole, step)
	}
	if len(rest) > 0 {
		tiles(rest)
	}
}

// repeatIn is repeat with the counter in the frame.
func (c *arrayCompiler) repeatIn(n int, body func()) {
	if n == 1 {
		body()
		return
	}
	place := amd64.At(arrayFrame, c.reserve(8))
	top := c.NewLabel()
	c.MoveConstant(amd64.RAX, int64(n))
	c.Store64(place, amd64.RAX)
	c.Bind(top)
	body()
	c.Load64(amd64.RAX, place)
	c.DoConstant(amd64.Sub, amd64.RAX, 1)
	c.Store64(place, amd64.RAX)
	c.JumpIf(amd64.NotEqual, top)
}

// tileRows is how many rows a tile of some vectors' width has.
func (c *arrayCompiler) tileRows(width int) int {
	if !c.Wide {
		return map[int]int{1: 10, 2: 5}[width]
	}
	return map[int]int{1: 16, 2: 8, 3: 8}[width]
}

// productTile is a tile of a product.
type productTile struct {
	c           *arrayCompiler
	row, column int // strides of the left
	inner, m    int
	columns     []arrayPart
}

// write writes the code for some rows from productRows and productOut on.
func (t *productTile) write(rows int) {
	c := t.c
	const unrolled = 4
	width := len(t.columns)
	sum := func(r, v int) amd64.Reg { return amd64.Reg(r*width + v) }
	right := func(v int) amd64.Reg { return amd64.Reg(rows*width + v) }
	factor := amd64.Reg(rows*width + width)
	for r := range rows * width {
		c.Zero(amd64.Reg(r))
	}
	c.Move(productLeft, productRows)
	c.Move(productRight, arrayRight)
	some := func(k int) {
		for e := range k {
			for v, p := range t.columns {
				c.load(p, right(v), amd64.At(productRight, (e*t.m+v*c.lanes)*c.size))
			}
			for r := range rows {
				m := amd64.At(productLeft, (r*t.row+e*t.column)*c.size)
				if width == 1 {
					c.withElement(c.f.FusedAdd231, c.wide(t.columns[0]), sum(r, 0), right(0), m, factor)
					continue
				}
				c.broadcast(factor, m)
				for v, p := range t.columns {
					c.Vector(c.f.FusedAdd231, c.wide(p), all, sum(r, v), right(v), factor)
				}
			}
		}
	}
	c.repeat(productCount, t.inner/unrolled, func() {
		some(unrolled)
		c.DoConstant(amd64.Add, productLeft, int32(unrolled*t.column*c.size))
		c.DoConstant(amd64.Add, productRight, int32(unrolled*t.m*c.size))
	})
	some(t.inner % unrolled)
	for r := range rows {
		for v, p := range t.columns {
			c.store(p, amd64.At(productOut, (r*t.m+v*c.lanes)*c.size), sum(r, v))
		}
	}
}
