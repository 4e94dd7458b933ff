package tree

import (
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/tensor"
)

// tracer collects the reads and writes of a statement while its function runs.
type tracer struct {
	program *Program
	reads   []Read
	written map[string]tensor.Value
	order   []string // names of written fields, in order
}

func newTracer(p *Program) *tracer {
	return &tracer{program: p, written: map[string]tensor.Value{}}
}

// read is the input that stands for a variable seen in some way; equal reads
// share one input.
func (t *tracer) read(r Read, name string, shape tensor.Shape) tensor.Value {
	for _, known := range t.reads {
		if known.Variable == r.Variable && known.Via == r.Via && known.Reduction == r.Reduction {
			return tensor.Wrap(known.Input)
		}
	}
	input := tensor.Input(name, shape...)
	r.Input = input.Node()
	t.reads = append(t.reads, r)
	return input
}

// field finds the latest version of a field of one of the given kinds.
func (t *tracer) field(operation, name string, kinds ...Kind) (VariableID, Variable) {
	id, ok := t.program.current[name]
	if !ok {
		tensor.Fail(operation, "there is no field %q; fields: %s", name, t.program.knownFields(kinds))
	}
	v := t.program.variables[id]
	if !slices.Contains(kinds, v.Kind) {
		tensor.Fail(operation, "%q is a %v variable and cannot be read here; fields: %s", name, v.Kind, t.program.knownFields(kinds))
	}
	return id, v
}

func (p *Program) knownFields(kinds []Kind) string {
	var names []string
	for name, id := range p.current {
		if slices.Contains(kinds, p.variables[id].Kind) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (t *tracer) own(operation, name string) tensor.Value {
	id, v := t.field(operation, name, State, Data)
	return t.read(Read{Variable: id, Via: Own}, name, v.Shape)
}

func (t *tracer) chain(name string) tensor.Value {
	id, v := t.field("Parameter", name, Chain)
	return t.read(Read{Variable: id, Via: OfChain}, name, v.Shape)
}

func (t *tracer) flag(via Via, name string) tensor.Value {
	return t.read(Read{Variable: -1, Via: via}, name, nil)
}

func (t *tracer) write(operation, name string, value tensor.Value, kind Kind) {
	_, v := t.field(operation, name, kind)
	if value.Node() == nil {
		tensor.Fail(operation, "the value for %q is the zero Value", name)
	}
	if !v.Shape.Equal(value.Shape()) {
		tensor.Fail(operation, "field %q has shape %v, the value has shape %v", name, v.Shape, value.Shape())
	}
	if _, twice := t.written[name]; twice {
		tensor.Fail(operation, "field %q is written twice in one statement", name)
	}
	t.written[name] = value
	t.order = append(t.order, name)
}

// trace runs function unless the program has failed already, and keeps its error.
func (p *Program) trace(function func()) bool {
	if p.err == nil {
		p.err = tensor.Trace(function)
	}
	return p.err == nil
}

// finish simplifies the values of the writes, drops reads that are no longer
// used, and appends the statement.
func (p *Program) finish(s Statement) {
	values := make([]tensor.Value, len(s.Writes))
	for i, w := range s.Writes {
		values[i] = w.Value
	}
	values = tensor.Simplify(values...)
	used := map[*tensor.Node]bool{}
	for _, n := range tensor.Order(values) {
		used[n] = true
	}
	for i := range s.Writes {
		s.Writes[i].Value = values[i]
	}
	s.Reads = slices.DeleteFunc(s.Reads, func(r Read) bool { return !used[r.Input] })
	p.Append(s)
}

// AppendSweep simplifies and appends a statement that a package built itself.
func (p *Program) AppendSweep(s Statement) { p.finish(s) }

// newVersion makes the next version of a state or chain field.
func (p *Program) newVersion(name string) VariableID {
	v := p.variables[p.current[name]]
	v.Input = false
	id := p.NewVariable(v)
	p.current[name] = id
	return id
}

// MapView is what the function of [Program.Map] and [Program.Total] sees: one node.
type MapView struct{ t *tracer }

// Field is the node's value of a field.
func (v *MapView) Field(name string) tensor.Value { return v.t.own("Field", name) }

// Parameter is a value of the chain.
func (v *MapView) Parameter(name string) tensor.Value { return v.t.chain(name) }

// IsLeaf holds at leaves.
func (v *MapView) IsLeaf() tensor.Condition { return isSet(v.t.flag(LeafFlag, "is leaf")) }

// IsRoot holds at the root.
func (v *MapView) IsRoot() tensor.Condition { return isSet(v.t.flag(RootFlag, "is root")) }

// Write sets the node's value of a state field.
func (v *MapView) Write(name string, value tensor.Value) { v.t.write("Write", name, value, State) }

func isSet(flag tensor.Value) tensor.Condition { return tensor.Constant(0.5).Less(flag) }

// Map adds a statement that runs at every node, in no order.
func (p *Program) Map(name string, function func(v *MapView)) {
	t := newTracer(p)
	if !p.trace(func() { function(&MapView{t}) }) {
		return
	}
	s := Statement{Name: name, Order: AnyOrder, Reads: t.reads}
	for _, field := range t.order {
		s.Writes = append(s.Writes, Write{Variable: p.newVersion(field), Value: t.written[field]})
	}
	p.finish(s)
}

// Total adds the chain variable name: the sum over all nodes of what function
// gives, in a fixed order.
func (p *Program) Total(name string, function func(v *MapView) tensor.Value) {
	t := newTracer(p)
	var value tensor.Value
	if !p.trace(func() {
		value = function(&MapView{t})
		if value.Node() == nil {
			tensor.Fail("Total", "the function of %q returned the zero Value", name)
		}
		if _, exists := p.current[name]; exists {
			tensor.Fail("Total", "there is a field %q already", name)
		}
	}) {
		return
	}
	source := p.NewVariable(Variable{Name: name + " per node", Kind: State, Shape: value.Shape()})
	p.finish(Statement{Name: name, Order: AnyOrder, Reads: t.reads, Writes: []Write{{Variable: source, Value: value}}})
	p.current[name] = p.AppendTotal(name, source)
}

// AppendTotal adds the sum of a state variable over all nodes and returns the
// chain variable that holds it.
func (p *Program) AppendTotal(name string, source VariableID) VariableID {
	target := p.NewVariable(Variable{Name: name, Kind: Chain, Shape: p.variables[source].Shape})
	p.Append(Statement{Name: name, Kind: TotalStatement, Source: source, Target: target})
	return target
}

// ScalarView is what the function of [Program.Scalars] sees: one chain.
type ScalarView struct {
	t   *tracer
	new map[string]tensor.Value
}

// Parameter is a value of the chain.
func (v *ScalarView) Parameter(name string) tensor.Value {
	if value, ok := v.new[name]; ok {
		return value
	}
	return v.t.chain(name)
}

// AtRoot is the root's value of a state field.
func (v *ScalarView) AtRoot(name string) tensor.Value {
	id, f := v.t.field("AtRoot", name, State, Data)
	return v.t.read(Read{Variable: id, Via: Own}, name+" at the root", f.Shape)
}

// Write sets a chain variable, which is made if it does not exist yet.
func (v *ScalarView) Write(name string, value tensor.Value) {
	if value.Node() == nil {
		tensor.Fail("Write", "the value for %q is the zero Value", name)
	}
	if _, exists := v.t.program.current[name]; exists {
		tensor.Fail("Write", "there is a field %q already; chain variables are written once", name)
	}
	if _, twice := v.new[name]; twice {
		tensor.Fail("Write", "%q is written twice", name)
	}
	v.new[name] = value
	v.t.order = append(v.t.order, name)
}

// Scalars adds a statement on chain values: priors, transforms, the value at
// the root.
func (p *Program) Scalars(name string, function func(v *ScalarView)) {
	t := newTracer(p)
	view := &ScalarView{t: t, new: map[string]tensor.Value{}}
	if !p.trace(func() { function(view) }) {
		return
	}
	s := Statement{Name: name, Kind: ScalarStatement, Reads: t.reads}
	for _, field := range t.order {
		value := view.new[field]
		id := p.NewVariable(Variable{Name: field, Kind: Chain, Shape: value.Shape()})
		p.current[field] = id
		s.Writes = append(s.Writes, Write{Variable: id, Value: value})
	}
	p.finish(s)
}
