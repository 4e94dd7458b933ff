package cpu

import (
	"context"
	"fmt"
	"sync"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// shareWork is how many lane operations a dispatch must have to be shared out:
// below it, waking a goroutine costs more than it saves.
const shareWork = 200_000

// dispatch is one recorded dispatch: lanes low to high of its code.
type dispatch[T float] struct {
	code      *code
	number    int // of the code, among those of the program
	arguments arguments[T]
	low, high int
	shared    bool
}

type program[T float] struct {
	owner  *processor[T]
	name   string
	stages [][]dispatch[T]
	// registers[worker][code number]
	registers [][]*registers[T]
	heavy     bool // some dispatch is shared
	closed    bool
	buffers   []*buffer[T] // all that are bound
	closures  int64        // of the device when all of them were last seen open
	errs      []error      // of the workers, and the workers yet to finish
	group     sync.WaitGroup
}

func (p *processor[T]) Record(r device.Recording) (device.Program, error) {
	if p.isClosed() {
		return nil, errClosed
	}
	out := &program[T]{owner: p, name: r.Name, closures: -1}
	bindings := map[*buffer[T]]bool{}
	numbers := map[*code]int{}
	var codes []*code
	for s, stage := range r.Stages {
		recorded := make([]dispatch[T], 0, len(stage))
		for _, d := range stage {
			bound, err := p.bind(d)
			if err != nil {
				return nil, fmt.Errorf("cpu: recording %q, stage %d: %w", r.Name, s, err)
			}
			for _, b := range d.Bindings {
				bindings[b.Buffer.(*buffer[T])] = true
			}
			number, known := numbers[bound.code]
			if !known {
				number = len(codes)
				numbers[bound.code] = number
				codes = append(codes, bound.code)
			}
			bound.number = number
			bound.shared = p.options.Workers > 1 && (bound.high-bound.low)*bound.code.work >= shareWork
			out.heavy = out.heavy || bound.shared
			recorded = append(recorded, bound)
		}
		out.stages = append(out.stages, recorded)
	}
	for b := range bindings {
		out.buffers = append(out.buffers, b)
	}
	workers := 1
	if out.heavy {
		workers = p.options.Workers
		p.crew.start(workers - 1)
	}
	out.errs = make([]error, workers)
	for range workers {
		var set []*registers[T]
		for _, c := range codes {
			set = append(set, newRegisters[T](c))
		}
		out.registers = append(out.registers, set)
	}
	return out, nil
}

// bind checks a dispatch and resolves its buffers.
func (p *processor[T]) bind(d device.Dispatch) (dispatch[T], error) {
	k, ok := d.Kernel.(*kernel[T])
	if !ok || k.owner != p {
		return dispatch[T]{}, fmt.Errorf("a kernel of another device")
	}
	name := k.source.Name
	if len(d.Bindings) != len(k.source.Buffers) {
		return dispatch[T]{}, fmt.Errorf("kernel %q has %d buffers, %d are bound", name, len(k.source.Buffers), len(d.Bindings))
	}
	if d.First < 0 || d.Count < 0 {
		return dispatch[T]{}, fmt.Errorf("kernel %q: items from %d, %d of them", name, d.First, d.Count)
	}
	bound := dispatch[T]{code: k.inPlace, low: d.First * k.source.Chains, high: (d.First + d.Count) * k.source.Chains}
	bound.arguments.floats = make([][]T, len(d.Bindings))
	bound.arguments.ints = make([][]int32, len(d.Bindings))
	for i, b := range d.Bindings {
		formal := k.source.Buffers[i]
		own, ok := b.Buffer.(*buffer[T])
		switch {
		case !ok || own.owner != p:
			return dispatch[T]{}, fmt.Errorf("kernel %q: buffer %q is of another device", name, formal.Name)
		case own.kind != formal.Type:
			return dispatch[T]{}, fmt.Errorf("kernel %q: buffer %q has the wrong element type", name, formal.Name)
		case own.closed.Load():
			return dispatch[T]{}, fmt.Errorf("kernel %q: buffer %q is closed", name, formal.Name)
		case b.Offset < 0 || b.Offset > own.Len():
			return dispatch[T]{}, fmt.Errorf("kernel %q: buffer %q of %d elements is bound from %d on", name, formal.Name, own.Len(), b.Offset)
		case formal.Type == shaders.Float:
			bound.arguments.floats[i] = own.floats[b.Offset:]
		default:
			bound.arguments.ints[i] = own.ints[b.Offset:]
		}
	}
	if overlaps(k.source, d.Bindings) {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if k.copying == nil {
			var err error
			if k.copying, err = compileCode(k.source, false); err != nil {
				return dispatch[T]{}, err
			}
		}
		bound.code = k.copying
	}
	return bound, nil
}

// overlaps reports whether two formal buffers, one of them stored, are bound to
// one device buffer.
func overlaps(k *shaders.Kernel, bindings []device.Binding) bool {
	for i := range bindings {
		for j := range i {
			stored := (k.Buffers[i].Access|k.Buffers[j].Access)&shaders.Write != 0
			if stored && bindings[i].Buffer == bindings[j].Buffer {
				return true
			}
		}
	}
	return false
}

func (p *program[T]) Close() error {
	p.closed = true
	p.stages, p.registers = nil, nil
	return nil
}

func (p *program[T]) run(ctx context.Context) error {
	for s := range p.stages {
		for i := range p.stages[s] {
			d := &p.stages[s][i]
			if !d.shared {
				if err := p.part(d, 0, d.low, d.high); err != nil {
					return err
				}
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := p.share(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// share splits a dispatch into one run of whole blocks per worker; the calling
// goroutine takes the last.
func (p *program[T]) share(d *dispatch[T]) error {
	workers := len(p.registers)
	blocks := (d.high - d.low + d.code.block - 1) / d.code.block
	p.group.Add(workers - 1)
	for w := range workers {
		j := job[T]{p, d, w, d.low + blocks*w/workers*d.code.block, min(d.low+blocks*(w+1)/workers*d.code.block, d.high)}
		if w < workers-1 {
			p.owner.crew.give(j)
			continue
		}
		p.errs[w] = p.part(d, w, j.low, j.high)
	}
	p.group.Wait()
	for _, err := range p.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// part runs a run of lanes on a worker's registers. An index outside a buffer is
// the one mistake that a verified kernel can still make.
func (p *program[T]) part(d *dispatch[T], worker, low, high int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("cpu: kernel %q: an index is outside its buffer: %v", d.code.kernel.Name, r)
		}
	}()
	runRange(d.code, p.registers[worker][d.number], &d.arguments, low, high)
	return nil
}
