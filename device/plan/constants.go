package plan

import (
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// foldConstants replaces what statements read of variables that are constant.
// The adjoint of a sum is the constant 1, so a gradient has many; the weights of a
// model whose auxiliary is the truth are all 0.
func foldConstants(nodes int, statements []tree.Statement) []tree.Statement {
	constants := map[tree.VariableID]tensor.Value{}
	result := make([]tree.Statement, len(statements))
	for n, s := range statements {
		if c, known := constants[s.Source]; known && s.Kind == tree.TotalStatement {
			s = tree.Statement{Name: s.Name, Kind: tree.ScalarStatement,
				Writes: []tree.Write{{Variable: s.Target, Value: tensor.Simplify(c.Scale(float64(nodes)))[0]}}}
		}
		if s.Kind != tree.TotalStatement {
			s = foldStatement(s, constants)
			for _, w := range s.Writes {
				if w.Value.Node().Op == tensor.OpConst {
					constants[w.Variable] = w.Value
				}
			}
		}
		result[n] = s
	}
	return result
}

func foldStatement(s tree.Statement, constants map[tree.VariableID]tensor.Value) tree.Statement {
	replacements := map[*tensor.Node]tensor.Value{}
	for _, r := range s.Reads {
		if c, ok := constants[r.Variable]; ok && (r.Via == tree.Own || r.Via == tree.OfParent || r.Via == tree.OfChain) {
			replacements[r.Input] = c
		}
	}
	values := make([]tensor.Value, len(s.Writes))
	for i, w := range s.Writes {
		values[i] = w.Value
	}
	if len(replacements) > 0 {
		values = tensor.Substitute(values, replacements)
	}
	values = tensor.Simplify(values...)
	s.Writes = append([]tree.Write(nil), s.Writes...)
	for i := range s.Writes {
		s.Writes[i].Value = values[i]
	}
	return s
}
