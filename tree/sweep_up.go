package tree

import (
	"maps"
	"slices"

	"github.com/hxgpu/hxgpu/tensor"
)

func sortedKeys(m map[string]tensor.Value) []string { return slices.Sorted(maps.Keys(m)) }

// UpView is what the function of [Program.Up] sees: a node and its children.
type UpView struct {
	t          *tracer
	child      map[string]tensor.Value // stands for the child's fields
	childWrite map[string]tensor.Value
	childOrder []string
	reduced    []reduced
	leaves     bool
}

// reduced is one reduction over the children: message is the child's value,
// input stands for the reduced one.
type reduced struct {
	message   tensor.Value
	reduction Reduction
	input     tensor.Value
}

// Field is the node's value of a field, as it was before the sweep.
func (v *UpView) Field(name string) tensor.Value { return v.t.own("Field", name) }

// Parameter is a value of the chain.
func (v *UpView) Parameter(name string) tensor.Value { return v.t.chain(name) }

// IsLeaf holds at leaves.
func (v *UpView) IsLeaf() tensor.Condition { return isSet(v.t.flag(LeafFlag, "is leaf")) }

// IsRoot holds at the root.
func (v *UpView) IsRoot() tensor.Condition { return isSet(v.t.flag(RootFlag, "is root")) }

// Degree is the number of children.
func (v *UpView) Degree() tensor.Value { return v.t.flag(Degree, "degree") }

// VisitLeaves makes the sweep run at leaves too, with reductions over no
// children: 0 for a sum. By default leaves keep their fields as they are.
func (v *UpView) VisitLeaves() { v.leaves = true }

// Write sets the node's value of a state field.
func (v *UpView) Write(name string, value tensor.Value) { v.t.write("Write", name, value, State) }

// Children maps a function over the children; its values are then reduced.
func (v *UpView) Children(function func(c *ChildView) tensor.Value) ChildAxis {
	return ChildAxis{v, function(&ChildView{v})}
}

// ChildView is what the function of [UpView.Children] sees: one child.
type ChildView struct{ up *UpView }

// Field is the child's value of a field: the new one, if the sweep writes it.
func (c *ChildView) Field(name string) tensor.Value {
	_, f := c.up.t.field("Field", name, State, Data)
	if value, ok := c.up.child[name]; ok {
		return value
	}
	value := tensor.Input("child "+name, f.Shape...)
	c.up.child[name] = value
	return value
}

// Parameter is a value of the chain.
func (c *ChildView) Parameter(name string) tensor.Value { return c.up.t.chain(name) }

// IsLeaf holds where the child is a leaf.
func (c *ChildView) IsLeaf() tensor.Condition { return isSet(c.up.t.flag(LeafFlag, "is leaf")) }

// Write sets the child's value of a state field, after the child's own node
// has been visited.
func (c *ChildView) Write(name string, value tensor.Value) {
	_, f := c.up.t.field("Write", name, State)
	if !f.Shape.Equal(value.Shape()) {
		tensor.Fail("Write", "field %q has shape %v, the value has shape %v", name, f.Shape, value.Shape())
	}
	if _, twice := c.up.childWrite[name]; twice {
		tensor.Fail("Write", "field %q is written twice in one statement", name)
	}
	c.up.childWrite[name] = value
	c.up.childOrder = append(c.up.childOrder, name)
}

// ChildAxis holds one value per child, to be reduced.
type ChildAxis struct {
	up    *UpView
	value tensor.Value
}

func (a ChildAxis) reduce(reduction Reduction) tensor.Value {
	input := tensor.Input("children", a.value.Shape()...)
	a.up.reduced = append(a.up.reduced, reduced{a.value, reduction, input})
	return input
}

// Sum is the sum over the children; 0 over none.
func (a ChildAxis) Sum() tensor.Value { return a.reduce(Sum) }

// Mean is the mean over the children; NaN over none.
func (a ChildAxis) Mean() tensor.Value { return a.reduce(Sum).Div(a.up.Degree()) }

// Prod is the product over the children; 1 over none.
func (a ChildAxis) Prod() tensor.Value { return a.reduce(Prod) }

// Max is the largest value of the children; -Inf over none. Where children tie,
// each takes the whole derivative.
func (a ChildAxis) Max() tensor.Value { return a.reduce(Max) }

// Min is the smallest value of the children; +Inf over none. Where children
// tie, each takes the whole derivative.
func (a ChildAxis) Min() tensor.Value { return a.reduce(Min) }

// Up adds a sweep from the leaves to the root. Its function runs at every node
// that has children (see [UpView.VisitLeaves]).
func (p *Program) Up(name string, function func(v *UpView)) {
	t := newTracer(p)
	v := &UpView{t: t, child: map[string]tensor.Value{}, childWrite: map[string]tensor.Value{}}
	if !p.trace(func() {
		function(v)
		for _, field := range v.childOrder {
			if _, both := t.written[field]; both {
				tensor.Fail("Up", "field %q is written both at the node and at its children", field)
			}
		}
	}) {
		return
	}
	// The node's new values, and with them what the sweep's fields are at a
	// child when its parent is visited.
	isLeaf := isSet(t.flag(LeafFlag, "is leaf"))
	isRoot := isSet(t.flag(RootFlag, "is root"))
	value := map[string]tensor.Value{}
	for _, field := range t.order {
		value[field] = t.written[field]
		if !v.leaves {
			value[field] = tensor.Select(isLeaf, t.own("Write", field), v.finiteAtLeaves(t.written[field], isLeaf))
		}
	}
	atChild := map[*tensor.Node]tensor.Value{}
	for _, field := range sortedKeys(v.child) {
		if written, ok := value[field]; ok {
			atChild[v.child[field].Node()] = written
		} else {
			atChild[v.child[field].Node()] = t.own("Field", field)
		}
	}
	for _, field := range v.childOrder {
		written := tensor.Substitute([]tensor.Value{v.childWrite[field]}, atChild)[0]
		value[field] = tensor.Select(isRoot, t.own("Write", field), written)
	}
	s := Statement{Name: name, Order: LeavesToRoot}
	for _, field := range append(t.order, v.childOrder...) {
		s.Writes = append(s.Writes, Write{Variable: p.newVersion(field), Value: value[field]})
	}
	s.Reads = t.reads
	for _, r := range v.reduced {
		message := tensor.Substitute([]tensor.Value{r.message}, atChild)[0]
		p.addReduction(&s, name, message, r)
	}
	p.finish(s)
}

// finiteAtLeaves puts 1 in place of reductions over no children, so that what a
// sweep would compute at leaves, were it to visit them, has a finite gradient.
func (v *UpView) finiteAtLeaves(value tensor.Value, isLeaf tensor.Condition) tensor.Value {
	replacements := map[*tensor.Node]tensor.Value{}
	for _, r := range v.reduced {
		replacements[r.input.Node()] = tensor.Select(isLeaf, tensor.Fill(1, r.input.Shape()...), r.input)
	}
	for _, r := range v.t.reads {
		if r.Via == Degree {
			replacements[r.Input] = tensor.Select(isLeaf, tensor.Constant(1), tensor.Wrap(r.Input))
		}
	}
	return tensor.Substitute([]tensor.Value{value}, replacements)[0]
}

// addReduction writes the message at every child and reads it, reduced, at the
// parent. Equal messages, and messages that are themselves a field's new value,
// are stored once.
func (p *Program) addReduction(s *Statement, name string, message tensor.Value, r reduced) {
	source := VariableID(-1)
	values := []tensor.Value{message}
	for _, w := range s.Writes {
		values = append(values, w.Value)
	}
	simplified := tensor.Simplify(values...)
	for i := range s.Writes {
		s.Writes[i].Value = simplified[i+1]
		if simplified[i+1] == simplified[0] {
			source = s.Writes[i].Variable
		}
	}
	if source < 0 {
		source = p.NewVariable(Variable{Name: name + " message", Kind: State, Shape: message.Shape()})
		s.Writes = append(s.Writes, Write{Variable: source, Value: simplified[0], NotRoot: true})
	}
	read := Read{Input: r.input.Node(), Variable: source, Via: OfChildren, Reduction: r.reduction}
	if r.reduction != Sum {
		// The reversal needs the reduced value at the parent.
		read.Reduced = p.NewVariable(Variable{Name: name + " reduced", Kind: State, Shape: message.Shape()})
		s.Writes = append(s.Writes, Write{Variable: read.Reduced, Value: r.input})
	}
	if r.reduction == Prod {
		p.addProduct(s, name, message, &read)
	}
	s.Reads = append(s.Reads, read)
}

// addProduct keeps, for the reversal of a product, the product of the factors
// that are not zero and the number of those that are.
func (p *Program) addProduct(s *Statement, name string, message tensor.Value, read *Read) {
	shape := message.Shape()
	zero, one := tensor.Zeros(shape...), tensor.Fill(1, shape...)
	isZero := message.Equal(zero)
	add := func(label string, value tensor.Value, reduction Reduction) VariableID {
		source := p.NewVariable(Variable{Name: name + " " + label, Kind: State, Shape: shape})
		target := p.NewVariable(Variable{Name: name + " all " + label, Kind: State, Shape: shape})
		input := tensor.Input("children "+label, shape...)
		s.Writes = append(s.Writes,
			Write{Variable: source, Value: value, NotRoot: true}, Write{Variable: target, Value: input})
		s.Reads = append(s.Reads, Read{Input: input.Node(), Variable: source, Via: OfChildren, Reduction: reduction, Reduced: -1})
		return target
	}
	read.Reduced = add("factors", tensor.Select(isZero, one, message), Prod)
	read.Zeros = add("zeros", tensor.Select(isZero, one, zero), Sum)
}
