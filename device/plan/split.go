package plan

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// longestSum is how many children of a node one lane reduces. Those of nodes with
// more are reduced in runs first, so that a star does not serialise.
const longestSum = 256

// splitRound is one round of splitting: places are reduced in runs.
type splitRound struct {
	first, count *intArray // of each run: its places in the round before
	length       int       // of the longest run
}

// splitChildren says how the reductions over the children of some nodes, first to
// before end, are split.
type splitChildren struct {
	firstNode int
	rounds    []splitRound
	// first and count are, by node from firstNode on, its runs of the last round.
	first, count *intArray
	// sources are where the statement of a piece finds what is left to reduce.
	sources map[splitRead]tree.VariableID
}

type splitRead struct {
	variable  tree.VariableID
	reduction tree.Reduction
}

// longSums says how sums over the children of some nodes are split; nil where none
// has many.
func (p *planner) longSums(first, end int) *splitChildren {
	counts := p.topology.ChildCount()[first:end]
	most := int32(0)
	for _, n := range counts {
		most = max(most, n)
	}
	if most <= longestSum {
		return nil
	}
	if known := p.split[first]; known != nil && len(known.count.values) == end-first {
		return known
	}
	s := &splitChildren{firstNode: first}
	starts := p.topology.FirstChild()[first:end]
	for most > longestSum {
		round := splitRound{first: &intArray{name: "first of run"}, count: &intArray{name: "length of run"}}
		nextStarts, nextCounts := make([]int32, len(counts)), make([]int32, len(counts))
		most = 0
		for i, n := range counts {
			nextStarts[i] = int32(len(round.first.values))
			for done := int32(0); done < n; done += longestSum {
				round.first.values = append(round.first.values, starts[i]+done)
				round.count.values = append(round.count.values, min(longestSum, n-done))
				nextCounts[i]++
				round.length = longestSum
			}
			most = max(most, nextCounts[i])
		}
		s.rounds = append(s.rounds, round)
		starts, counts = nextStarts, nextCounts
	}
	s.first, s.count = &intArray{"first run", starts}, &intArray{"number of runs", counts}
	p.split[first] = s
	return s
}

// add makes the pieces that reduce runs of what a variant reads of children, and
// makes x, the variant's own piece, reduce their results.
func (s *splitChildren) add(p *planner, v *variant, x *piece) []*piece {
	own := *s
	own.sources = map[splitRead]tree.VariableID{}
	var pieces []*piece
	for _, r := range v.list {
		key := splitRead{r.Variable, r.Reduction}
		if _, done := own.sources[key]; done || r.Via != tree.OfChildren {
			continue
		}
		source, places := r.Variable, p.topology.Size()
		within := levels{x.levels.low + 1, x.levels.high + 1}
		for n, round := range s.rounds {
			target := p.newPartial(r.Variable, len(round.first.values))
			pieces = append(pieces, runPiece(v.statement.Name, round, r.Reduction, source, target, places, within))
			pieces[len(pieces)-1].key = fmt.Sprintf("runs %d %d %d %d", s.firstNode, len(s.count.values), n, target)
			source, places = target, p.places[target]
		}
		own.sources[key] = source
		x.uses = append(x.uses, use{variable: source})
	}
	x.key += fmt.Sprintf(" split from %d", s.firstNode)
	x.emit = func(k *kernelBuilder) error { return v.emit(k, &own) }
	if v.arrays {
		x.arrays = func(k *arrayKernelBuilder) error { return v.emitArrays(k, &own) }
	}
	return pieces
}

// runPiece reduces each run of a round.
func runPiece(name string, round splitRound, r tree.Reduction, source, target tree.VariableID, places int, within levels) *piece {
	return &piece{name: name, count: len(round.first.values), length: round.length, uses: []use{{variable: source, levels: within}}, writes: []tree.VariableID{target},
		emit: func(k *kernelBuilder) error {
			first, count := k.integer(round.first, 0), k.integer(round.count, 0)
			k.store(target, len(round.first.values), k.Item(), k.reduce(r, source, places, first, count))
			return nil
		}}
}

// reduce is what is left of a reduction over children.
func (s *splitChildren) reduce(k *kernelBuilder, r tree.Read) []shaders.Value {
	source := s.sources[splitRead{r.Variable, r.Reduction}]
	return k.reduce(r.Reduction, source, k.plan.places[source], k.integer(s.first, -s.firstNode), k.integer(s.count, -s.firstNode))
}
