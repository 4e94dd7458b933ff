package plan

import (
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// hoist moves the parts of sweeps that depend on chain variables alone into
// statements over chains, where they cost one lane per chain rather than one per
// node and chain. It returns the new statements; new variables go to p.
func hoist(p *tree.Program, statements []tree.Statement) []tree.Statement {
	var result []tree.Statement
	for _, s := range statements {
		if s.Kind == tree.SweepStatement {
			scalars, sweep := hoistFrom(p, s)
			if len(scalars.Writes) > 0 {
				result = append(result, scalars)
			}
			s = sweep
		}
		result = append(result, s)
	}
	return result
}

func hoistFrom(p *tree.Program, s tree.Statement) (scalars, sweep tree.Statement) {
	values := make([]tensor.Value, len(s.Writes))
	for i, w := range s.Writes {
		values[i] = w.Value
	}
	chainInput := map[*tensor.Node]tree.Read{}
	for _, r := range s.Reads {
		if r.Via == tree.OfChain {
			chainInput[r.Input] = r
		}
	}
	order := tensor.Order(values)
	chainOnly := map[*tensor.Node]bool{}   // depends on chain inputs and constants
	worthwhile := map[*tensor.Node]bool{}  // and does arithmetic on the way
	candidates := map[*tensor.Node]bool{}  // maximal such nodes
	conditional := map[*tensor.Node]bool{} // conditions cannot be stored
	for _, n := range order {
		if n.Op == tensor.OpConst {
			chainOnly[n] = true
			continue
		}
		if n.Op == tensor.OpInput {
			_, chainOnly[n] = chainInput[n]
			continue
		}
		all := true
		for _, o := range n.Operands {
			all = all && chainOnly[o]
			worthwhile[n] = worthwhile[n] || worthwhile[o]
		}
		chainOnly[n] = all
		conditional[n] = n.Op.IsComparison()
		arithmetic := n.Op != tensor.OpGather && n.Op != tensor.OpConcat
		worthwhile[n] = all && (worthwhile[n] || arithmetic)
		if !all {
			for _, o := range n.Operands {
				candidates[o] = worthwhile[o] && !conditional[o]
			}
		}
	}
	for _, v := range values {
		n := v.Node()
		candidates[n] = worthwhile[n] && !conditional[n]
	}
	scalars = tree.Statement{Name: s.Name + " per chain", Kind: tree.ScalarStatement}
	replacements := map[*tensor.Node]tensor.Value{}
	sweep = s
	sweep.Reads = append([]tree.Read(nil), s.Reads...)
	for _, n := range order {
		if !candidates[n] {
			continue
		}
		value := tensor.Wrap(n)
		id := p.NewVariable(tree.Variable{Name: s.Name + " per chain", Kind: tree.Chain, Shape: n.Shape})
		scalars.Writes = append(scalars.Writes, tree.Write{Variable: id, Value: value})
		input := tensor.Input("per chain", n.Shape...)
		sweep.Reads = append(sweep.Reads, tree.Read{Input: input.Node(), Variable: id, Via: tree.OfChain})
		replacements[n] = input
	}
	if len(scalars.Writes) == 0 {
		return scalars, s
	}
	for _, r := range s.Reads {
		if r.Via == tree.OfChain {
			scalars.Reads = append(scalars.Reads, r)
		}
	}
	sweep.Writes = append([]tree.Write(nil), s.Writes...)
	for i, v := range tensor.Substitute(values, replacements) {
		sweep.Writes[i].Value = v
	}
	return scalars, sweep
}
