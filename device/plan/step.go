package plan

import "github.com/hxgpu/hxgpu/tree"

// levels are a run of a tree's levels, both ends included. Of a variable that is
// not one of nodes, all is meant.
type levels struct{ low, high int }

// use is what a piece reads of a variable.
type use struct {
	variable tree.VariableID
	levels   levels
	// own is set if an item reads only what the same item of another piece with the
	// same items has computed.
	own bool
}

// piece is a statement, or part of a long sum, for a run of items. Pieces that
// are put together in one step become one kernel.
type piece struct {
	name         string
	key          string // pieces with equal keys emit equal code
	first, count int    // items
	length       int    // how many values an item adds, where that is many
	uses         []use
	writes       []tree.VariableID
	levels       levels // of what is written
	emit         func(*kernelBuilder) error
	// arrays, if set, emits an array kernel instead; such a piece is a step by itself.
	arrays func(*arrayKernelBuilder) error
}

// step is what becomes a dispatch: pieces with the same items, in order.
type step struct {
	stage        int
	first, count int
	pieces       []*piece
}

// writers are the steps that compute a variable.
type writers struct {
	levels []*step // by level, of a variable of nodes
	all    []*step // of another one
}

// writersOf is the record of a variable.
func (p *planner) writersOf(id tree.VariableID) *writers {
	w := p.writers[id]
	if w == nil {
		w = &writers{}
		if p.program.Variable(id).Kind == tree.State && !p.partial[id] {
			w.levels = make([]*step, p.topology.Levels())
		}
		p.writers[id] = w
	}
	return w
}

// needs says after what a piece must come.
type needs struct {
	stage int   // the last stage that it reads from, -1 if none
	only  *step // the one step of that stage that it reads from, nil if several
	own   bool  // it reads from there only what the same item computed
}

func (n *needs) add(s *step, own bool) {
	switch {
	case s == nil || s.stage < n.stage:
	case s.stage > n.stage:
		*n = needs{s.stage, s, own}
	case n.only != s:
		n.only = nil
	default:
		n.own = n.own && own
	}
}

func (p *planner) needsOf(x *piece) needs {
	n := needs{stage: -1}
	for _, u := range x.uses {
		w := p.writers[u.variable]
		if w == nil {
			continue // an input
		}
		for _, s := range w.all {
			n.add(s, u.own)
		}
		if w.levels != nil {
			for l := max(u.levels.low, 0); l <= min(u.levels.high, len(w.levels)-1); l++ {
				n.add(w.levels[l], u.own)
			}
		}
	}
	return n
}

// find looks for a step that a piece can join: one with the same items that runs
// after all that it needs, or computes itself what each item needs.
func (p *planner) find(x *piece) (*step, needs) {
	n := p.needsOf(x)
	if x.arrays != nil {
		return nil, n
	}
	var best *step
	for _, s := range p.byItems[[2]int{x.first, x.count}] {
		if s.stage > n.stage || (s == n.only && n.own) {
			if best == nil || s.stage < best.stage {
				best = s
			}
		}
	}
	return best, n
}

// add puts a piece into the earliest step that it can join, or a new one.
func (p *planner) add(x *piece) {
	s, n := p.find(x)
	if s == nil {
		s = &step{stage: n.stage + 1, first: x.first, count: x.count}
		if x.arrays == nil {
			items := [2]int{x.first, x.count}
			p.byItems[items] = append(p.byItems[items], s)
		}
		for len(p.stages) <= s.stage {
			p.stages = append(p.stages, nil)
		}
		p.stages[s.stage] = append(p.stages[s.stage], s)
	}
	s.pieces = append(s.pieces, x)
	for _, id := range x.writes {
		w := p.writersOf(id)
		if w.levels == nil {
			w.all = append(w.all, s)
			continue
		}
		for l := x.levels.low; l <= x.levels.high; l++ {
			w.levels[l] = s
		}
	}
}

// addMap puts a map, which has no order of its own, where it costs no dispatch of
// its own if it can: whole gives it as few pieces as possible, byLevel as one for
// each level.
func (p *planner) addMap(whole, byLevel []*piece) {
	if !p.allJoin(whole) && p.allJoin(byLevel) {
		whole = byLevel
	}
	for _, x := range whole {
		p.add(x)
	}
}

func (p *planner) allJoin(pieces []*piece) bool {
	for _, x := range pieces {
		if s, _ := p.find(x); s == nil {
			return false
		}
	}
	return true
}

// findStored finds the variables that must be in memory: outputs, and those that
// a step reads without having computed them itself.
func (p *planner) findStored(outputs map[tree.VariableID]bool) {
	for id := range outputs {
		p.stored[id] = true
	}
	for _, stage := range p.stages {
		for _, s := range stage {
			computed := map[tree.VariableID]bool{}
			for _, x := range s.pieces {
				for _, u := range x.uses {
					if !u.own || !computed[u.variable] {
						p.stored[u.variable] = true
					}
				}
				for _, id := range x.writes {
					computed[id] = true
				}
			}
		}
	}
}
