package cpu

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// shareWork is how many lane operations a dispatch must have to be shared out:
// below it, waking a goroutine costs more than it saves.
const shareWork = 200_000

// dispatch is one recorded dispatch: units low to high of its engine.
type dispatch[T float] struct {
	kernel    *shaders.Kernel
	engine    engine[T]
	number    int // of the engine, among those of the program
	arguments arguments[T]
	low, high int
	shared    bool
}

type program[T float] struct {
	owner    *processor[T]
	name     string
	stages   [][]dispatch[T]
	order    []step
	runners  [][]runner[T] // [worker][engine]
	heavy    bool          // some dispatch is shared
	repeat   int
	timings  [][][]time.Duration // of the last run, if they were asked for
	closed   bool
	buffers  []*buffer[T] // all that are bound
	closures int64        // of the device when all of them were last seen open
	errs     []error      // of the workers, and the workers yet to finish
	group    sync.WaitGroup
}

func (p *processor[T]) Record(r device.Recording) (device.Program, error) {
	if p.isClosed() {
		return nil, errClosed
	}
	out := &program[T]{owner: p, name: r.Name, closures: -1, repeat: max(r.Repeat, 1)}
	if r.Timed {
		out.timings = newTimings(r.Stages, out.repeat)
	}
	bindings := map[*buffer[T]]bool{}
	numbers := map[engine[T]]int{}
	var engines []engine[T]
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
			number, known := numbers[bound.engine]
			if !known {
				number = len(engines)
				numbers[bound.engine] = number
				engines = append(engines, bound.engine)
			}
			bound.number = number
			bound.shared = p.options.Workers > 1 && (bound.high-bound.low)*bound.engine.cost() >= shareWork
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
		var set []runner[T]
		for _, e := range engines {
			set = append(set, e.runner())
		}
		out.runners = append(out.runners, set)
	}
	out.order = out.steps()
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
	width := k.source.Chains // units per item
	if k.source.Lanes > 0 {
		width = 1
	}
	bound := dispatch[T]{kernel: k.source, engine: k.engine, low: d.First * width, high: (d.First + d.Count) * width}
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
	if _, inPlace := k.engine.(blockEngine[T]); inPlace && overlaps(k.source, d.Bindings) {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if k.copying == nil {
			code, err := compileCode(k.source, false)
			if err != nil {
				return dispatch[T]{}, err
			}
			k.copying = blockEngine[T]{code}
		}
		bound.engine = k.copying
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
	p.stages, p.runners, p.order = nil, nil, nil
	return nil
}

func (p *program[T]) run(ctx context.Context) error {
	for repetition := range p.repeat {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, s := range p.order {
			if s.burst != nil {
				if err := s.burst.Run(); err != nil {
					return err
				}
				continue
			}
			if err := p.timed(ctx, repetition, s.stage, s.number); err != nil {
				return err
			}
		}
	}
	return nil
}

// timed runs one dispatch and notes its time if that was asked for.
func (p *program[T]) timed(ctx context.Context, repetition, stage, number int) error {
	if p.timings == nil {
		return p.dispatch(ctx, &p.stages[stage][number])
	}
	began := time.Now()
	err := p.dispatch(ctx, &p.stages[stage][number])
	p.timings[repetition][stage][number] = time.Since(began)
	return err
}

func (p *program[T]) dispatch(ctx context.Context, d *dispatch[T]) error {
	if !d.shared {
		return p.part(d, 0, d.low, d.high)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.share(d)
}

func newTimings(stages [][]device.Dispatch, repeat int) [][][]time.Duration {
	timings := make([][][]time.Duration, repeat)
	for r := range timings {
		for _, stage := range stages {
			timings[r] = append(timings[r], make([]time.Duration, len(stage)))
		}
	}
	return timings
}

// Timings gives the time that each dispatch took in the last run.
func (p *program[T]) Timings() ([][][]time.Duration, error) {
	if p.timings == nil {
		return nil, fmt.Errorf("cpu: program %q was recorded without timings", p.name)
	}
	return p.timings, nil
}

// share splits a dispatch into one run of whole blocks per worker; the calling
// goroutine takes the last.
func (p *program[T]) share(d *dispatch[T]) error {
	workers, block := len(p.runners), d.engine.block()
	blocks := (d.high - d.low + block - 1) / block
	p.group.Add(workers - 1)
	for w := range workers {
		j := job[T]{p, d, w, d.low + blocks*w/workers*block, min(d.low+blocks*(w+1)/workers*block, d.high)}
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

// part runs some units of a dispatch with a worker's memory. An index outside a
// buffer, and a barrier in a branch, are the mistakes that a verified kernel can
// still make.
func (p *program[T]) part(d *dispatch[T], worker, low, high int) (err error) {
	defer func() {
		r := recover()
		if failure, known := r.(nativeFailure); known {
			err = failure.error
			return
		}
		switch r {
		case nil:
		case errPartialBarrier:
			err = fmt.Errorf("cpu: kernel %q: %w", d.kernel.Name, errPartialBarrier)
		default:
			err = fmt.Errorf("cpu: kernel %q: an index is outside its buffer: %v", d.kernel.Name, r)
		}
	}()
	p.runners[worker][d.number].run(&d.arguments, low, high)
	return nil
}
