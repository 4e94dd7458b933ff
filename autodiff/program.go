package autodiff

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// GradientName is the field under which [Gradient] leaves the derivative with
// respect to a field.
func GradientName(field string) string { return "gradient of " + field }

// Gradient extends a copy of the program by the statements that compute the
// derivative of a scalar chain variable with respect to fields: chain fields
// and state fields, both inputs of the program. The results are the fields
// [GradientName] of each, in the shape of the field.
//
// A statement with loops stores what their steps began with. Of a long loop that
// carries much it stores less and computes the rest again: see [SegmentLength].
func Gradient(p *tree.Program, output string, fields ...string) (*tree.Program, error) {
	return gradient(p, output, SegmentLength, fields...)
}

// gradient is [Gradient] with the length of the segments of a loop chosen by the
// caller.
func gradient(p *tree.Program, output string, every func(*tensor.LoopBody) int, fields ...string) (*tree.Program, error) {
	if err := p.Err(); err != nil {
		return nil, err
	}
	r := &reversal{program: p.Clone(), every: every, adjoints: map[tree.VariableID][]term{}}
	target, err := p.Current(output)
	if err != nil {
		return nil, err
	}
	if v := p.Variable(target); v.Kind != tree.Chain || v.Shape.Size() != 1 {
		return nil, fmt.Errorf("autodiff: %q has shape %v on the %v axis; a gradient needs a scalar of the chain", output, v.Shape, v.Kind)
	}
	wanted := make([]tree.VariableID, len(fields))
	for i, field := range fields {
		if wanted[i], err = firstVersion(p, field); err != nil {
			return nil, err
		}
	}
	r.findActive(wanted)
	one := tensor.Fill(1, p.Variable(target).Shape...)
	r.adjoints[target] = []term{func(*builder) tensor.Value { return one }}
	statements := p.Statements()
	err = tensor.Trace(func() {
		for i := len(statements) - 1; i >= 0; i-- {
			r.number = i
			r.reverse(statements[i])
		}
		for i, field := range fields {
			r.collect(field, wanted[i])
		}
	})
	if err != nil {
		return nil, fmt.Errorf("autodiff: %w", err)
	}
	return r.program, nil
}

// firstVersion is the input variable of a field.
func firstVersion(p *tree.Program, field string) (tree.VariableID, error) {
	for id, v := range p.Variables() {
		if v.Name == field && v.Input {
			if v.Kind == tree.Data {
				return 0, fmt.Errorf("autodiff: %q is data; derivatives are taken with respect to chain and state fields", field)
			}
			return tree.VariableID(id), nil
		}
	}
	return 0, fmt.Errorf("autodiff: the program has no input field %q", field)
}

// term is one contribution to the cotangent of a variable, read by the
// statement that consumes it.
type term func(b *builder) tensor.Value

type reversal struct {
	program  *tree.Program
	every    func(*tensor.LoopBody) int // length of a loop's segments, 0 for none
	active   map[tree.VariableID]bool
	adjoints map[tree.VariableID][]term
	number   int // of the statement that is being reversed
}

// findActive marks the variables that depend on the wanted ones.
func (r *reversal) findActive(wanted []tree.VariableID) {
	r.active = map[tree.VariableID]bool{}
	for _, id := range wanted {
		r.active[id] = true
	}
	for _, s := range r.program.Statements() {
		if s.Kind == tree.TotalStatement {
			r.active[s.Target] = r.active[s.Source]
			continue
		}
		active := false
		for _, read := range s.Reads {
			active = active || (hasVariable(read) && r.active[read.Variable])
		}
		for _, w := range s.Writes {
			r.active[w.Variable] = r.active[w.Variable] || active
		}
	}
}

func hasVariable(read tree.Read) bool {
	return read.Via != tree.LeafFlag && read.Via != tree.RootFlag && read.Via != tree.Degree
}

// builder collects the reads of one adjoint statement.
type builder struct{ reads []tree.Read }

func (b *builder) read(p *tree.Program, r tree.Read) tensor.Value {
	for _, known := range b.reads {
		if known.Variable == r.Variable && known.Via == r.Via && known.Reduction == r.Reduction {
			return tensor.Wrap(known.Input)
		}
	}
	if r.Input == nil {
		var shape tensor.Shape
		name := "flag"
		if hasVariable(r) {
			shape, name = p.Variable(r.Variable).Shape, p.Variable(r.Variable).Name
		}
		r.Input = tensor.Input(name, shape...).Node()
	}
	b.reads = append(b.reads, r)
	return tensor.Wrap(r.Input)
}

func (r *reversal) value(b *builder, id tree.VariableID, via tree.Via) tensor.Value {
	return b.read(r.program, tree.Read{Variable: id, Via: via, Reduced: -1, Zeros: -1})
}

func (r *reversal) atRoot(b *builder) tensor.Condition {
	return tensor.Constant(0.5).Less(r.value(b, -1, tree.RootFlag))
}

func (r *reversal) add(id tree.VariableID, t term) {
	r.adjoints[id] = append(r.adjoints[id], t)
}

// cotangent is the sum of all contributions to a variable.
func (r *reversal) cotangent(b *builder, id tree.VariableID) tensor.Value {
	sum := tensor.Zeros(r.program.Variable(id).Shape...)
	for i, t := range r.adjoints[id] {
		if i == 0 {
			sum = t(b)
		} else {
			sum = sum.Add(t(b))
		}
	}
	return sum
}

// newVariable is where a contribution to read's cotangent is stored.
func (r *reversal) newVariable(read tree.Read, kind tree.Kind) tree.VariableID {
	v := r.program.Variable(read.Variable)
	return r.program.NewVariable(tree.Variable{Name: "adjoint of " + v.Name, Kind: kind, Shape: v.Shape})
}

func (r *reversal) reverse(s tree.Statement) {
	switch s.Kind {
	case tree.TotalStatement:
		if len(r.adjoints[s.Target]) > 0 && r.active[s.Source] {
			// The cotangent of the sum is the same at every node.
			b := &builder{}
			g := r.cotangent(b, s.Target)
			id := r.program.NewVariable(tree.Variable{Name: "adjoint of " + s.Name, Kind: tree.Chain, Shape: g.Shape()})
			if simplified := tensor.Simplify(g)[0]; simplified.Node().Op == tensor.OpConst {
				r.add(s.Source, func(*builder) tensor.Value { return simplified })
				return
			}
			r.program.AppendSweep(tree.Statement{Name: "adjoint of " + s.Name, Kind: tree.ScalarStatement, Reads: b.reads,
				Writes: []tree.Write{{Variable: id, Value: g}}})
			r.add(s.Source, func(b *builder) tensor.Value { return r.value(b, id, tree.OfChain) })
		}
	case tree.ScalarStatement:
		r.reverseScalars(s)
	case tree.SweepStatement:
		r.reverseSweep(s)
	}
}

// differentiate gives the cotangents of the active reads of a statement, with
// the reads of the forward statement bound in b.
func (r *reversal) differentiate(b *builder, s tree.Statement, prepare func()) ([]tree.Read, []tensor.Value) {
	var reads []tree.Read
	var inputs []tensor.Value
	for _, read := range s.Reads {
		b.read(r.program, read)
		if hasVariable(read) && r.active[read.Variable] {
			reads = append(reads, read)
			inputs = append(inputs, tensor.Wrap(read.Input))
		}
	}
	if len(reads) == 0 {
		return nil, nil
	}
	prepare()
	s, starts := r.keepStarts(b, s)
	var outputs, cotangents []tensor.Value
	for _, w := range s.Writes {
		if len(r.adjoints[w.Variable]) > 0 {
			outputs = append(outputs, w.Value)
			cotangents = append(cotangents, r.cotangent(b, w.Variable))
		}
	}
	if len(outputs) == 0 {
		return nil, nil
	}
	return reads, tensor.Simplify(vjp(outputs, cotangents, inputs, starts)...)
}

func (r *reversal) hasAdjoint(s tree.Statement) bool {
	for _, w := range s.Writes {
		if len(r.adjoints[w.Variable]) > 0 {
			return true
		}
	}
	return false
}

func (r *reversal) reverseScalars(s tree.Statement) {
	if !r.hasAdjoint(s) {
		return
	}
	b := &builder{}
	reads, gradients := r.differentiate(b, s, func() {})
	adjoint := tree.Statement{Name: "adjoint of " + s.Name, Kind: tree.ScalarStatement}
	for i, read := range reads {
		if gradients[i].IsZero() {
			continue
		}
		id := r.newVariable(read, tree.Chain)
		adjoint.Writes = append(adjoint.Writes, tree.Write{Variable: id, Value: gradients[i]})
		if read.Via == tree.Own { // the root's value of a state field
			r.add(read.Variable, func(b *builder) tensor.Value {
				g := r.value(b, id, tree.OfChain)
				return tensor.Select(r.atRoot(b), g, tensor.Zeros(g.Shape()...))
			})
			continue
		}
		r.add(read.Variable, func(b *builder) tensor.Value { return r.value(b, id, tree.OfChain) })
	}
	if len(adjoint.Writes) > 0 {
		adjoint.Reads = b.reads
		r.program.AppendSweep(adjoint)
	}
}

// reverseSweep appends the adjoint of a sweep, which runs the other way round:
// what a node read from its children its children read from it, and so on.
func (r *reversal) reverseSweep(s tree.Statement) {
	if !r.hasAdjoint(s) {
		return
	}
	writes := map[tree.VariableID]bool{}
	for _, w := range s.Writes {
		writes[w.Variable] = true
	}
	b := &builder{}
	stored := map[int]tree.VariableID{} // by index into s.Reads
	reads, gradients := r.differentiate(b, s, func() {
		// Reads of the sweep's own results feed back into their cotangents, so
		// their terms must exist before the cotangents are summed.
		for i, read := range s.Reads {
			if hasVariable(read) && writes[read.Variable] && r.active[read.Variable] {
				stored[i] = r.newVariable(read, tree.State)
				r.addNeighbour(read, stored[i])
			}
		}
	})
	adjoint := tree.Statement{Name: "adjoint of " + s.Name, Order: opposite(s.Order)}
	type total struct {
		read tree.Read
		id   tree.VariableID
	}
	var totals []total
	next := 0
	for i, read := range s.Reads {
		if next >= len(reads) || read.Input != reads[next].Input {
			continue
		}
		g := gradients[next]
		next++
		id, recursive := stored[i]
		if g.IsZero() && !recursive {
			continue
		}
		if !recursive {
			id = r.newVariable(read, tree.State)
			switch read.Via {
			case tree.OfChain:
				totals = append(totals, total{read, id})
			case tree.Own:
				r.add(read.Variable, func(b *builder) tensor.Value { return r.value(b, id, tree.Own) })
			default:
				r.addNeighbour(read, id)
			}
		}
		adjoint.Writes = append(adjoint.Writes, tree.Write{Variable: id, Value: g, NotRoot: read.Via == tree.OfParent})
	}
	if len(adjoint.Writes) == 0 {
		return
	}
	adjoint.Reads = b.reads
	r.program.AppendSweep(adjoint)
	for _, t := range totals {
		sum := r.program.AppendTotal("adjoint of "+r.program.Variable(t.read.Variable).Name, t.id)
		r.add(t.read.Variable, func(b *builder) tensor.Value { return r.value(b, sum, tree.OfChain) })
	}
}

// addNeighbour adds the contribution of a read from the parent or the children,
// whose cotangent each node keeps in id.
func (r *reversal) addNeighbour(read tree.Read, id tree.VariableID) {
	if read.Via == tree.OfParent {
		r.add(read.Variable, func(b *builder) tensor.Value { return r.value(b, id, tree.OfChildren) })
		return
	}
	r.add(read.Variable, func(b *builder) tensor.Value {
		g := r.value(b, id, tree.OfParent)
		zero := tensor.Zeros(g.Shape()...)
		switch read.Reduction {
		case tree.Max, tree.Min:
			own, extreme := r.value(b, read.Variable, tree.Own), r.value(b, read.Reduced, tree.OfParent)
			g = tensor.Select(own.Equal(extreme), g, zero)
		case tree.Prod:
			if read.Reduced < 0 { // an auxiliary product has no cotangent of its own
				return zero
			}
			own := r.value(b, read.Variable, tree.Own)
			factors, zeros := r.value(b, read.Reduced, tree.OfParent), r.value(b, read.Zeros, tree.OfParent)
			isZero, one := own.Equal(zero), tensor.Fill(1, g.Shape()...)
			others := tensor.Select(isZero, tensor.Select(zeros.Equal(one), factors, zero),
				tensor.Select(zeros.Equal(zero), factors.Div(tensor.Select(isZero, one, own)), zero))
			g = g.Mul(others)
		}
		return tensor.Select(r.atRoot(b), zero, g)
	})
}

func opposite(o tree.Order) tree.Order {
	switch o {
	case tree.LeavesToRoot:
		return tree.RootToLeaves
	case tree.RootToLeaves:
		return tree.LeavesToRoot
	}
	return tree.AnyOrder
}

// collect sums the contributions to an input into its gradient field.
func (r *reversal) collect(field string, id tree.VariableID) {
	b := &builder{}
	g := r.cotangent(b, id)
	v := r.program.Variable(id)
	result := r.program.NewVariable(tree.Variable{Name: GradientName(field), Kind: v.Kind, Shape: v.Shape})
	kind := tree.SweepStatement
	if v.Kind == tree.Chain {
		kind = tree.ScalarStatement
	}
	r.program.AppendSweep(tree.Statement{Name: GradientName(field), Kind: kind, Reads: b.reads,
		Writes: []tree.Write{{Variable: result, Value: g}}})
	r.program.SetCurrent(GradientName(field), result)
}
