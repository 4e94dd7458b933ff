package plan

import (
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// prune drops writes that lead to none of the outputs, reads that no remaining
// write uses, and statements without writes.
func prune(statements []tree.Statement, outputs map[tree.VariableID]bool) []tree.Statement {
	needed := map[tree.VariableID]bool{}
	for id := range outputs {
		needed[id] = true
	}
	var kept []tree.Statement
	for i := len(statements) - 1; i >= 0; i-- {
		s := statements[i]
		if s.Kind == tree.TotalStatement {
			if needed[s.Target] {
				needed[s.Source] = true
				kept = append(kept, s)
			}
			continue
		}
		// A sweep that reads its own results can make more of its writes needed.
		for {
			var writes []tree.Write
			var values []tensor.Value
			for _, w := range s.Writes {
				if needed[w.Variable] {
					writes = append(writes, w)
					values = append(values, w.Value)
				}
			}
			used := map[*tensor.Node]bool{}
			for _, n := range tensor.Order(values) {
				used[n] = true
			}
			var reads []tree.Read
			grown := false
			for _, r := range s.Reads {
				if !used[r.Input] {
					continue
				}
				reads = append(reads, r)
				if isVariable(r) && !needed[r.Variable] {
					needed[r.Variable] = true
					grown = true
				}
			}
			if !grown {
				s.Writes, s.Reads = writes, reads
				break
			}
		}
		if len(s.Writes) > 0 {
			kept = append(kept, s)
		}
	}
	for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
		kept[i], kept[j] = kept[j], kept[i]
	}
	return kept
}

func isVariable(r tree.Read) bool {
	return r.Via != tree.LeafFlag && r.Via != tree.RootFlag && r.Via != tree.Degree
}
