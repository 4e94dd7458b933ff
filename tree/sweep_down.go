package tree

import "github.com/hxgpu/hxgpu/tensor"

// DownView is what the function of [Program.Down] sees: a node and its parent.
type DownView struct {
	t       *tracer
	parents map[string]tensor.Value
}

// Field is the node's value of a field, as it was before the sweep.
func (v *DownView) Field(name string) tensor.Value { return v.t.own("Field", name) }

// Parameter is a value of the chain.
func (v *DownView) Parameter(name string) tensor.Value { return v.t.chain(name) }

// Parent is the parent's value of a field: the new one, if the sweep writes it.
func (v *DownView) Parent(name string) tensor.Value {
	_, f := v.t.field("Parent", name, State, Data)
	if value, ok := v.parents[name]; ok {
		return value
	}
	value := tensor.Input("parent "+name, f.Shape...)
	v.parents[name] = value
	return value
}

// IsLeaf holds at leaves.
func (v *DownView) IsLeaf() tensor.Condition { return isSet(v.t.flag(LeafFlag, "is leaf")) }

// Write sets the node's value of a state field.
func (v *DownView) Write(name string, value tensor.Value) { v.t.write("Write", name, value, State) }

// Down adds a sweep from the root to the leaves. Its function runs at every
// node but the root, whose fields stay as they are.
func (p *Program) Down(name string, function func(v *DownView)) {
	t := newTracer(p)
	view := &DownView{t: t, parents: map[string]tensor.Value{}}
	if !p.trace(func() { function(view) }) {
		return
	}
	old := map[string]tensor.Value{}
	for _, field := range t.order {
		old[field] = t.own("Write", field)
	}
	s := Statement{Name: name, Order: RootToLeaves}
	isRoot := isSet(t.flag(RootFlag, "is root"))
	before := map[string]VariableID{}
	for field := range view.parents {
		before[field] = p.current[field]
	}
	for _, field := range t.order {
		value := tensor.Select(isRoot, old[field], t.written[field])
		s.Writes = append(s.Writes, Write{Variable: p.newVersion(field), Value: value})
	}
	s.Reads = t.reads
	for _, field := range sortedKeys(view.parents) {
		id := before[field]
		if _, written := t.written[field]; written {
			id = p.current[field]
		}
		s.Reads = append(s.Reads, Read{Input: view.parents[field].Node(), Variable: id, Via: OfParent})
	}
	p.finish(s)
}
