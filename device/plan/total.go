package plan

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tree"
)

// totalRun is how many values one lane adds. Sums over more nodes take several
// stages, blocks of blocks: no lane has a long chain of additions, and rounding
// errors grow with 128 times the logarithm of the number of nodes, not with
// their number.
const totalRun = 128

// newPartial adds a variable for parts of a sum, with a number of places.
func (p *planner) newPartial(source tree.VariableID, places int) tree.VariableID {
	v := p.program.Variable(source)
	id := p.program.NewVariable(tree.Variable{Name: "parts of " + v.Name, Kind: tree.State, Shape: v.Shape})
	p.partial[id] = true
	p.places[id] = places
	return id
}

// total adds the pieces of a sum over all nodes.
func (p *planner) total(number int, s tree.Statement) {
	source, places := s.Source, p.topology.Size()
	for round := 0; ; round++ {
		runs := (places + totalRun - 1) / totalRun
		target := s.Target
		if runs > 1 {
			target = p.newPartial(s.Source, runs)
		}
		whole := places / totalRun
		if whole > 0 {
			p.add(p.totalPiece(number, round, source, target, places, 0, totalRun, 0, whole))
		}
		if rest := places % totalRun; rest > 0 {
			p.add(p.totalPiece(number, round, source, target, places, whole*totalRun, rest, whole, 1))
		}
		if runs == 1 {
			return
		}
		source, places = target, runs
	}
}

// totalPiece sums runs of consecutive places of a variable: item i is the run of
// length places from first+i*length on, and its sum goes to place firstTarget+i of
// the target.
func (p *planner) totalPiece(number, round int, source, target tree.VariableID, places, first, length, firstTarget, count int) *piece {
	return &piece{name: "sum of " + p.program.Variable(source).Name, key: fmt.Sprintf("total %d %d %d", number, round, first), count: count, length: length,
		uses: []use{{variable: source, levels: levels{0, p.topology.Levels() - 1}}}, writes: []tree.VariableID{target},
		emit: func(k *kernelBuilder) error {
			start := k.AddInt(k.MulInt(k.Item(), k.ConstInt(length)), k.ConstInt(first))
			sums := k.reduce(tree.Sum, source, places, start, k.ConstInt(length))
			k.store(target, p.places[target], k.AddInt(k.Item(), k.ConstInt(firstTarget)), sums)
			return nil
		}}
}
