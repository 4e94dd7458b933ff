package tensor

// Gather picks elements by their row-major position: element k of the result,
// which has the given shape, is element indices[k] of v.
func (v Value) Gather(indices []int, shape ...int) Value {
	if len(indices) != Shape(shape).Size() {
		Fail("Gather", "%d indices do not fill shape %v", len(indices), Shape(shape))
	}
	for _, i := range indices {
		if i < 0 || i >= v.Shape().Size() {
			Fail("Gather", "index %d is outside a value of shape %v", i, v.Shape())
		}
	}
	return Value{&Node{Op: OpGather, Shape: Shape(shape), Operands: []*Node{v.node}, Indices: indices}}
}

// Scatter is the transpose of [Value.Gather]: element j of the result is the
// sum of those elements k of v with indices[k] == j.
func (v Value) Scatter(indices []int, shape ...int) Value {
	if len(indices) != v.Shape().Size() {
		Fail("Scatter", "%d indices for a value of shape %v", len(indices), v.Shape())
	}
	size := Shape(shape).Size()
	for _, j := range indices {
		if j < 0 || j >= size {
			Fail("Scatter", "index %d is outside shape %v", j, Shape(shape))
		}
	}
	return Value{&Node{Op: OpScatter, Shape: Shape(shape), Operands: []*Node{v.node}, Indices: indices}}
}

// Spread repeats a scalar over a shape.
func (v Value) Spread(shape ...int) Value {
	if v.Shape().Size() != 1 {
		Fail("Spread", "a value of shape %v is not a scalar", v.Shape())
	}
	return v.Gather(make([]int, Shape(shape).Size()), shape...)
}

// Reshape gives the elements another shape of the same size.
func (v Value) Reshape(shape ...int) Value {
	if v.Shape().Size() != Shape(shape).Size() {
		Fail("Reshape", "shape %v has %d elements, %v has %d", v.Shape(), v.Shape().Size(), Shape(shape), Shape(shape).Size())
	}
	return v.Gather(sequence(v.Shape().Size()), shape...)
}

// Scalar is the only element of a value of size 1.
func (v Value) Scalar() Value { return v.Reshape() }

func sequence(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// At is the scalar at an index per axis.
func (v Value) At(index ...int) Value {
	s := v.Shape()
	if len(index) != len(s) {
		Fail("At", "%d indices for a value of shape %v", len(index), s)
	}
	position := 0
	for axis, i := range index {
		if i < 0 || i >= s[axis] {
			Fail("At", "index %v is outside shape %v", index, s)
		}
		position = position*s[axis] + i
	}
	return v.Gather([]int{position})
}

// Transpose exchanges the rows and columns of a matrix.
func (v Value) Transpose() Value {
	n, m := v.matrix("Transpose")
	indices := make([]int, 0, n*m)
	for j := range m {
		for i := range n {
			indices = append(indices, i*m+j)
		}
	}
	return v.Gather(indices, m, n)
}

// Diagonal is the diagonal of a square matrix, as a vector.
func (v Value) Diagonal() Value {
	n := v.square("Diagonal")
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i * (n + 1)
	}
	return v.Gather(indices, n)
}

// Diag is the square matrix with a vector on its diagonal and zeros elsewhere.
func (v Value) Diag() Value {
	n := v.vector("Diag")
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i * (n + 1)
	}
	return v.Scatter(indices, n, n)
}

// Sum is the sum of all elements, a scalar.
func (v Value) Sum() Value { return v.Scatter(make([]int, v.Shape().Size())) }

// Concat joins the elements of values, in row-major order, into one vector.
func Concat(values ...Value) Value {
	node := &Node{Op: OpConcat}
	size := 0
	for _, v := range values {
		if v.node == nil {
			Fail("Concat", "an operand is the zero Value")
		}
		size += v.Shape().Size()
		node.Operands = append(node.Operands, v.node)
	}
	node.Shape = Shape{size}
	return Value{node}
}

// Matrix makes an n x m matrix of its scalars in row-major order.
func Matrix(n, m int, elements ...Value) Value {
	return Concat(elements...).Reshape(n, m)
}

// KroneckerIdentity is the Kronecker product of a matrix with the m x m
// identity: element (i*m+k, j*m+k) is v(i,j).
func (v Value) KroneckerIdentity(m int) Value {
	r, c := v.matrix("KroneckerIdentity")
	var from, to []int
	for i := range r {
		for j := range c {
			for k := range m {
				from = append(from, i*c+j)
				to = append(to, (i*m+k)*c*m+j*m+k)
			}
		}
	}
	return v.Gather(from, len(from)).Scatter(to, r*m, c*m)
}

func (v Value) vector(operation string) int {
	if v.node == nil || len(v.Shape()) != 1 {
		Fail(operation, "needs a vector")
	}
	return v.Shape()[0]
}

func (v Value) matrix(operation string) (rows, columns int) {
	if v.node == nil {
		Fail(operation, "the operand is the zero Value")
	}
	if len(v.Shape()) != 2 {
		Fail(operation, "needs a matrix, has a value of shape %v", v.Shape())
	}
	return v.Shape()[0], v.Shape()[1]
}

func (v Value) square(operation string) int {
	n, m := v.matrix(operation)
	if n != m {
		Fail(operation, "needs a square matrix, has shape %v", v.Shape())
	}
	return n
}
