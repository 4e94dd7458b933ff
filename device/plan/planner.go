package plan

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tree"
)

// planner cuts statements into steps and gives each a stage.
//
// Every statement becomes pieces, one per slab where it has an order. A piece
// joins a step that it can share a kernel with, so that sweeps in one direction
// run together, a map runs with a sweep, and values that only the next statement
// reads need not go through memory.
type planner struct {
	program    *tree.Program
	topology   *tree.Topology
	chains     int
	statements []tree.Statement
	// dear is set where a dispatch costs more than what it takes to spread a map
	// over the slabs of a sweep.
	dear bool

	parent, firstChild, childCount *intArray

	variants map[variantKey]*variant
	split    map[int]*splitChildren // by first node of the run
	partial  map[tree.VariableID]bool
	places   map[tree.VariableID]int // of partial variables
	writers  map[tree.VariableID]*writers
	byItems  map[[2]int][]*step
	stages   [][]*step
	stored   map[tree.VariableID]bool
}

type variantKey struct {
	number int
	kind   slabKind
}

func newPlanner(p *tree.Program, t *tree.Topology, chains int, dear bool) *planner {
	return &planner{program: p, topology: t, chains: chains, dear: dear,
		parent: &intArray{"parent", t.Parents()}, firstChild: &intArray{"first child", t.FirstChild()}, childCount: &intArray{"child count", t.ChildCount()},
		variants: map[variantKey]*variant{}, split: map[int]*splitChildren{}, partial: map[tree.VariableID]bool{}, places: map[tree.VariableID]int{},
		writers: map[tree.VariableID]*writers{}, byItems: map[[2]int][]*step{}, stored: map[tree.VariableID]bool{}}
}

// plan gives every statement its steps.
func (p *planner) plan(statements []tree.Statement, outputs map[tree.VariableID]bool) {
	p.statements = statements
	for n, s := range statements {
		switch {
		case s.Kind == tree.TotalStatement:
			p.total(n, s)
		case s.Kind == tree.ScalarStatement:
			if x := p.statement(n, slabKind{root: true, degree: mixedDegree}, 0, 1, levels{}); x != nil {
				p.add(x)
			}
		case s.Order == tree.AnyOrder:
			p.unordered(n, s)
		default:
			p.ordered(n, s)
		}
	}
	p.findStored(outputs)
}

// ordered adds the pieces of a sweep, slab by slab.
func (p *planner) ordered(number int, s tree.Statement) {
	count := p.topology.Levels()
	for i := range count {
		level := i
		if s.Order == tree.LeavesToRoot {
			level = count - 1 - i
		}
		for _, x := range p.slab(number, levels{level, level}) {
			p.add(x)
		}
	}
}

// unordered adds the pieces of a map.
func (p *planner) unordered(number int, s tree.Statement) {
	last := p.topology.Levels() - 1
	whole := []levels{{0, last}}
	for _, r := range s.Reads {
		if r.Via == tree.RootFlag && last > 0 {
			whole = []levels{{0, 0}, {1, last}}
		}
	}
	var coarse, fine []*piece
	for _, run := range whole {
		coarse = append(coarse, p.slab(number, run)...)
	}
	if !p.dear {
		for _, x := range coarse {
			p.add(x)
		}
		return
	}
	for level := range p.topology.Levels() {
		fine = append(fine, p.slab(number, levels{level, level})...)
	}
	p.addMap(coarse, fine)
}

// slab is a statement for the nodes of some levels: at most one piece, after those
// that split its long sums.
func (p *planner) slab(number int, l levels) []*piece {
	first, _ := p.topology.Slab(l.low)
	_, end := p.topology.Slab(l.high)
	kind := p.kind(first, end)
	v := p.variantOf(number, kind)
	if v == nil {
		return nil
	}
	var pieces []*piece
	x := p.statement(number, kind, first, end-first, l)
	if long := p.longSums(first, end); long != nil && v.readsChildren() {
		pieces = long.add(p, v, x)
	}
	return append(pieces, x)
}

func (v *variant) readsChildren() bool {
	for _, r := range v.list {
		if r.Via == tree.OfChildren {
			return true
		}
	}
	return false
}

// statement is a statement for a run of nodes that are of a kind, or for the
// chains; nil if nothing is left to do.
func (p *planner) statement(number int, kind slabKind, first, count int, l levels) *piece {
	v := p.variantOf(number, kind)
	if v == nil {
		return nil
	}
	x := &piece{name: v.statement.Name, key: fmt.Sprintf("statement %d %v", number, kind), first: first, count: count, levels: l,
		emit: func(k *kernelBuilder) error { return v.emit(k, nil) }}
	if v.arrays {
		x.arrays = func(k *arrayKernelBuilder) error { return v.emitArrays(k, nil) }
	}
	for _, r := range v.list {
		if !isVariable(r) {
			continue
		}
		u := use{r.Variable, l, true}
		switch r.Via {
		case tree.OfParent:
			u.levels, u.own = levels{l.low - 1, l.high - 1}, false
		case tree.OfChildren:
			u.levels, u.own = levels{l.low + 1, l.high + 1}, false
		}
		x.uses = append(x.uses, u)
	}
	for _, w := range v.writes {
		x.writes = append(x.writes, w.Variable)
	}
	return x
}
