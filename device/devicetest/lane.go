package devicetest

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
)

// lane is one lane on its way through a kernel.
type lane struct {
	numbers            arithmetic
	kernel             *shaders.Kernel
	partner            []int
	arguments          []Argument
	shared             [][]number
	item, chain, local int32
	cells              []cell // by instruction; a variable's is what it holds
	next               int    // the instruction to run
}

// cell is the value of an instruction in one lane.
type cell struct {
	float number
	int   int32
	truth bool
	known bool // of truth: it does not depend on rounding
}

// partners says where an instruction of structure leads: an if to its else or end,
// an else, a loop and a break to the end, an end to the loop that it repeats.
func partners(k *shaders.Kernel) []int {
	partner := make([]int, len(k.Instructions))
	var open []int
	for n, i := range k.Instructions {
		last := len(open) - 1
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop:
			open = append(open, n)
		case shaders.OpElse:
			partner[open[last]] = n
			open[last] = n
		case shaders.OpBreak:
			partner[n] = open[last] // whose end is not known yet
		case shaders.OpEnd:
			partner[open[last]], partner[n] = n, open[last]
			open = open[:last]
		}
	}
	for n, i := range k.Instructions {
		if i.Op == shaders.OpBreak {
			partner[n] = partner[partner[n]]
		}
	}
	return partner
}

// start puts the lane before the first instruction.
func (l *lane) start(item, chain int32, shared [][]number) {
	l.item, l.chain, l.shared, l.next = item, chain, shared, 0
}

// run goes on to the next barrier and returns its place, or the number of
// instructions at the end of the kernel.
func (l *lane) run() (int, error) {
	for l.next < len(l.kernel.Instructions) {
		n := l.next
		l.next++
		i := l.kernel.Instructions[n]
		if i.Op == shaders.OpBarrier {
			return n, nil
		}
		if err := l.step(n, i); err != nil {
			return n, fmt.Errorf("kernel %q, instruction %d (%v), item %d, chain %d, lane %d: %w", l.kernel.Name, n, i.Op, l.item, l.chain, l.local, err)
		}
	}
	return l.next, nil
}

func (l *lane) step(n int, i shaders.Instruction) error {
	switch i.Op {
	case shaders.OpVariable, shaders.OpGet:
		l.cells[n] = l.cells[i.A]
	case shaders.OpSet:
		l.cells[i.A] = l.cells[i.B]
	case shaders.OpIf, shaders.OpBreak:
		condition := l.cells[i.A]
		if !condition.known {
			return ErrRounding
		}
		if condition.truth == (i.Op == shaders.OpBreak) {
			l.next = l.partner[n] + 1
		}
	case shaders.OpElse: // the lane comes from the other branch
		l.next = l.partner[n] + 1
	case shaders.OpLoop:
		l.cells[n] = cell{}
		if l.cells[i.A].int <= 0 {
			l.next = l.partner[n] + 1
		}
	case shaders.OpEnd:
		loop := l.partner[n]
		if begin := l.kernel.Instructions[loop]; begin.Op == shaders.OpLoop {
			l.cells[loop].int++
			if l.cells[loop].int < l.cells[begin.A].int {
				l.next = loop + 1
			}
		}
	default:
		value, err := l.value(i)
		l.cells[n] = value
		return err
	}
	return nil
}
