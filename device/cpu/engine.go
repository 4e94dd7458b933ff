package cpu

// engine is a compiled kernel: one of the block engine for straight-line kernels
// over a grid, or one of the lockstep engine for structured ones.
type engine[T float] interface {
	// runner is the engine with memory for one worker.
	runner() runner[T]
	// block is how many units of a dispatch are run together: lanes of a grid, or
	// groups.
	block() int
	// cost is the number of operations per unit, for sharing out.
	cost() int
}

// runner runs the units low to high of a dispatch.
type runner[T float] interface {
	run(a *arguments[T], low, high int)
}

type blockEngine[T float] struct{ *code }

func (e blockEngine[T]) block() int { return e.code.block }
func (e blockEngine[T]) cost() int  { return e.work }
func (e blockEngine[T]) runner() runner[T] {
	return blockRunner[T]{e.code, newRegisters[T](e.code)}
}

type blockRunner[T float] struct {
	code      *code
	registers *registers[T]
}

func (r blockRunner[T]) run(a *arguments[T], low, high int) {
	runRange(r.code, r.registers, a, low, high)
}

type lockstepEngine[T float] struct{ *lockstepCode }

func (e lockstepEngine[T]) block() int {
	if e.kernel.Lanes > 0 {
		return 1
	}
	return e.lanes
}

func (e lockstepEngine[T]) cost() int {
	if e.kernel.Lanes > 0 {
		return e.work * e.lanes
	}
	return e.work
}

func (e lockstepEngine[T]) runner() runner[T] {
	return lockstepRunner[T]{e.lockstepCode, newLockstepState[T](e.lockstepCode)}
}

type lockstepRunner[T float] struct {
	code  *lockstepCode
	state *lockstepState[T]
}

func (r lockstepRunner[T]) run(a *arguments[T], low, high int) {
	runLockstep(r.code, r.state, a, low, high)
}
