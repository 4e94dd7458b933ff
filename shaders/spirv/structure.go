package spirv

// region is an open OpIf or OpLoop of the kernel, or the guard around all of it.
type region struct {
	merge    uint32 // where control joins again
	next     uint32 // an if's other branch until it is begun; a loop's continue target
	counter  uint32 // a loop's value
	header   uint32 // a loop's first block; 0 for an if
	advanced uint32 // the counter's next value
}

// begin starts a block.
func (e *encoder) begin(label uint32) {
	put(&e.body, opLabel, label)
	e.block = label
}

func (e *encoder) open(r region) { e.regions = append(e.regions, r) }

func (e *encoder) close() region {
	last := len(e.regions) - 1
	r := e.regions[last]
	e.regions = e.regions[:last]
	return r
}

// beginIf opens a selection; otherwise says whether an else follows.
func (e *encoder) beginIf(condition uint32, otherwise bool) {
	then, r := e.id(), region{merge: e.id()}
	r.next = r.merge
	if otherwise {
		r.next = e.id()
	}
	put(&e.body, opSelectionMerge, r.merge, 0)
	put(&e.body, opBranchConditional, condition, then, r.next)
	e.begin(then)
	e.open(r)
}

func (e *encoder) beginElse() {
	r := e.regions[len(e.regions)-1]
	put(&e.body, opBranch, r.merge)
	e.begin(r.next)
}

func (e *encoder) endIf() {
	r := e.close()
	put(&e.body, opBranch, r.merge)
	e.begin(r.merge)
}

// dontUnroll asks drivers to keep loops: unrolling the fused sweeps of a tree
// makes compilation take seconds.
const dontUnroll = 2

// beginLoop opens a loop and returns its counter.
func (e *encoder) beginLoop(count uint32) uint32 {
	r := region{merge: e.id(), next: e.id(), counter: e.id(), header: e.id(), advanced: e.id()}
	check, body := e.id(), e.id()
	before := e.block
	put(&e.body, opBranch, r.header)
	e.begin(r.header)
	put(&e.body, opPhi, e.integer, r.counter, e.number(0), before, r.advanced, r.next)
	put(&e.body, opLoopMerge, r.merge, r.next, dontUnroll)
	put(&e.body, opBranch, check)
	e.begin(check)
	goesOn := e.result(opSLessThan, e.boolean, r.counter, count)
	put(&e.body, opBranchConditional, goesOn, body, r.merge)
	e.begin(body)
	e.open(r)
	return r.counter
}

func (e *encoder) breakLoop(condition uint32) {
	after := e.id()
	put(&e.body, opBranchConditional, condition, e.regions[len(e.regions)-1].merge, after)
	e.begin(after)
}

func (e *encoder) endLoop() {
	r := e.close()
	put(&e.body, opBranch, r.next)
	e.begin(r.next)
	put(&e.body, opIAdd, e.integer, r.advanced, r.counter, e.number(1))
	put(&e.body, opBranch, r.header)
	e.begin(r.merge)
}

func (e *encoder) end() {
	if e.regions[len(e.regions)-1].header != 0 {
		e.endLoop()
	} else {
		e.endIf()
	}
}
