package tensor

func unary(op Op, v Value) Value {
	if v.node == nil {
		Fail(op.String(), "the operand is the zero Value")
	}
	return Value{&Node{Op: op, Shape: v.node.Shape, Operands: []*Node{v.node}}}
}

// match spreads a scalar operand over the other's shape.
func match(op Op, a, b Value) (Value, Value) {
	if a.node == nil || b.node == nil {
		Fail(op.String(), "an operand is the zero Value")
	}
	switch {
	case a.Shape().Equal(b.Shape()):
	case len(a.Shape()) == 0:
		a = a.Spread(b.Shape()...)
	case len(b.Shape()) == 0:
		b = b.Spread(a.Shape()...)
	default:
		Fail(op.String(), "shapes %v and %v do not fit", a.Shape(), b.Shape())
	}
	return a, b
}

func binary(op Op, a, b Value) Value {
	a, b = match(op, a, b)
	return Value{&Node{Op: op, Shape: a.Shape(), Operands: []*Node{a.node, b.node}}}
}

func compare(op Op, a, b Value) Condition {
	return Condition{binary(op, a, b).node}
}

// Add is the elementwise sum; a scalar fits any shape.
func (v Value) Add(w Value) Value { return binary(OpAdd, v, w) }

// Sub is the elementwise difference; a scalar fits any shape.
func (v Value) Sub(w Value) Value { return binary(OpSub, v, w) }

// Mul is the elementwise product; a scalar fits any shape.
func (v Value) Mul(w Value) Value { return binary(OpMul, v, w) }

// Div is the elementwise quotient; a scalar fits any shape.
func (v Value) Div(w Value) Value { return binary(OpDiv, v, w) }

// Min is the elementwise smaller of two values; NaN where either is NaN.
func (v Value) Min(w Value) Value { return binary(OpMin, v, w) }

// Max is the elementwise larger of two values; NaN where either is NaN.
func (v Value) Max(w Value) Value { return binary(OpMax, v, w) }

// Scale multiplies every element by a constant.
func (v Value) Scale(x float64) Value { return v.Mul(Constant(x)) }

// Shift adds a constant to every element.
func (v Value) Shift(x float64) Value { return v.Add(Constant(x)) }

// Neg is -v.
func (v Value) Neg() Value { return unary(OpNeg, v) }

// Abs is |v|; its derivative at 0 is taken as 0.
func (v Value) Abs() Value { return unary(OpAbs, v) }

// Sqrt is the square root; its derivative at 0 is taken as 0, so that the
// factor of a zero covariance has a finite gradient.
func (v Value) Sqrt() Value { return unary(OpSqrt, v) }

// Exp is e to the power v.
func (v Value) Exp() Value { return unary(OpExp, v) }

// Log is the natural logarithm.
func (v Value) Log() Value { return unary(OpLog, v) }

// Log1p is log(1+v), accurate near 0.
func (v Value) Log1p() Value { return unary(OpLog1p, v) }

// Expm1 is exp(v)-1, accurate near 0.
func (v Value) Expm1() Value { return unary(OpExpm1, v) }

// Tanh is the hyperbolic tangent.
func (v Value) Tanh() Value { return unary(OpTanh, v) }

// Sin is the sine.
func (v Value) Sin() Value { return unary(OpSin, v) }

// Cos is the cosine.
func (v Value) Cos() Value { return unary(OpCos, v) }

// Square is v*v elementwise.
func (v Value) Square() Value { return v.Mul(v) }

// Less is v < w elementwise; false where either is NaN.
func (v Value) Less(w Value) Condition { return compare(OpLess, v, w) }

// LessEqual is v <= w elementwise; false where either is NaN.
func (v Value) LessEqual(w Value) Condition { return compare(OpLessEqual, v, w) }

// Equal is v == w elementwise; false where either is NaN.
func (v Value) Equal(w Value) Condition { return compare(OpEqual, v, w) }

// Select is yes where the condition holds and no elsewhere. The condition has
// the shape of both or is a scalar's. The branch not taken contributes no value,
// whatever it is; its gradient is multiplied by zero, so it must be finite there
// (divide by a denominator that is itself selected to be non-zero).
func Select(condition Condition, yes, no Value) Value {
	yes, no = match(OpSelect, yes, no)
	c := condition.node
	if c == nil {
		Fail("Select", "the condition is the zero Condition")
	}
	if !c.Shape.Equal(yes.Shape()) {
		switch {
		case len(c.Shape) == 0:
			// Spread the compared scalars rather than the truth value.
			c = &Node{Op: c.Op, Shape: yes.Shape(), Operands: []*Node{
				Value{c.Operands[0]}.Spread(yes.Shape()...).node, Value{c.Operands[1]}.Spread(yes.Shape()...).node}}
		case len(yes.Shape()) == 0:
			yes, no = yes.Spread(c.Shape...), no.Spread(c.Shape...)
		default:
			Fail("Select", "a condition of shape %v does not fit values of shape %v", c.Shape, yes.Shape())
		}
	}
	return Value{&Node{Op: OpSelect, Shape: yes.Shape(), Operands: []*Node{c, yes.node, no.node}}}
}
