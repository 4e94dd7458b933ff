package autodiff

import (
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Starts gives, for every carried value of an OpLoop node, what each step began
// with, of shape (steps, ...).
func Starts(n *tensor.Node) []tensor.Value {
	_, starts := record(n)
	return starts
}

// record is a loop that also stacks what its steps began with: its other results,
// carried and then stacked, and those starts.
func record(n *tensor.Node) (others, starts []tensor.Value) {
	l := n.Loop
	recorded := *l
	recorded.Stacked = append([]tensor.Value(nil), l.Stacked...)
	size := n.Shape[0]
	for _, c := range l.Carried {
		recorded.Stacked = append(recorded.Stacked, tensor.Wrap(c))
		size += l.Steps * c.Shape.Size()
	}
	loop := tensor.Wrap(&tensor.Node{Op: tensor.OpLoop, Shape: tensor.Shape{size}, Operands: n.Operands, Loop: &recorded})
	all := make([]tensor.Value, 0, len(l.Carried)+len(recorded.Stacked))
	for _, p := range results(&recorded) {
		all = append(all, pick(loop, p))
	}
	kept := len(l.Carried) + len(l.Stacked)
	return all[:kept], all[kept:]
}

// keepStarts makes a statement store what the steps of its loops began with, so
// that its adjoint need not run the loops again, and reads that into b. Loops that
// carry much are cut into segments first; the statement to differentiate has them
// so, and what it keeps of each loop is given with it.
func (r *reversal) keepStarts(b *builder, s tree.Statement) (tree.Statement, map[*tensor.Node][]tensor.Value) {
	values := make([]tensor.Value, len(s.Writes))
	for i, w := range s.Writes {
		values[i] = w.Value
	}
	values = rewriteLoops(values, func(_, n *tensor.Node) []tensor.Value {
		every := r.every(n.Loop)
		if every == 0 {
			return nil
		}
		final, stacked := Segment(n, every)
		return append(final, stacked...)
	})
	kind, via := tree.State, tree.Own
	if s.Kind == tree.ScalarStatement {
		kind, via = tree.Chain, tree.OfChain
	}
	kept := map[*tensor.Node][]tensor.Value{}
	var writes []tree.Write
	recorded := rewriteLoops(values, func(old, n *tensor.Node) []tensor.Value {
		others, starts := record(n)
		for _, start := range starts {
			id := r.program.NewVariable(tree.Variable{Name: "starts of " + s.Name, Kind: kind, Shape: start.Shape()})
			writes = append(writes, tree.Write{Variable: id, Value: start, NotRoot: s.Order == tree.RootToLeaves})
			kept[old] = append(kept[old], r.value(b, id, via))
		}
		return others
	})
	if len(kept) == 0 {
		return s, nil
	}
	stored, differentiated := s, s
	stored.Writes, differentiated.Writes = nil, nil
	for i, w := range s.Writes {
		w.Value = recorded[i]
		stored.Writes = append(stored.Writes, w)
		w.Value = values[i]
		differentiated.Writes = append(differentiated.Writes, w)
	}
	stored.Writes = append(stored.Writes, writes...)
	r.program.SetStatement(r.number, stored)
	return differentiated, kept
}
