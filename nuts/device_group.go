package nuts

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Most ticks of one submission, and the time that one should take at most: a
// desktop's display waits for what runs on its GPU.
const (
	longestBatch = 256
	batchTime    = 500 * time.Millisecond
)

// ringFloats bounds the memory of the draws that wait to be read.
const ringFloats = 1 << 24

// deviceGroup is a number of chains whose sampler runs on the device. The host
// submits many ticks at once and reads how far the chains are, and their draws.
type deviceGroup struct {
	sampling   *sampling
	number     int // of the group
	evaluator  Recordable
	first, n   int // chains
	dim        int
	kept       []int // coordinates put into the ring
	capacity   int   // places of the ring
	batch      int   // ticks per submission
	owned      []device.Buffer
	vectors    device.Buffer
	numbers    device.Buffer
	counters   device.Buffer
	ring       device.Buffer
	program    device.Program
	state      []int32 // the counters as last read, [counter][chain]
	drained    []int   // draws of each chain that have been read
	leapfrogs  []int64
	ticks      int64
	warm       []bool
	stepSizes  []float64
	inverse    []float64 // [dimension][chain]
	ringValues []float64
}

func (s *sampling) newDeviceGroup(ctx context.Context, dev device.Device, e Recordable, dim, first, end int) (*deviceGroup, error) {
	n := end - first
	g := &deviceGroup{sampling: s, number: len(s.groups), evaluator: e, first: first, n: n, dim: dim, drained: make([]int, n), leapfrogs: make([]int64, n),
		warm: make([]bool, n), state: make([]int32, int(reported)*n), kept: s.options.Select}
	if g.kept == nil || s.options.OnDraw != nil {
		g.kept = make([]int, dim)
		for i := range g.kept {
			g.kept[i] = i
		}
	}
	if err := g.open(ctx, dev); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

func (g *deviceGroup) open(ctx context.Context, dev device.Device) error {
	o := g.sampling.options
	if slots := vectorSlots(o); slots*g.dim*g.n > 1<<31-1 {
		return fmt.Errorf("nuts: %d chains of dimension %d need %d numbers of sampler state, more than one buffer holds; use fewer chains or a smaller maximal tree depth", g.n, g.dim, slots*g.dim*g.n)
	}
	if err := g.trial(ctx); err != nil {
		return err
	}
	rows := len(g.kept) + ringStats
	g.capacity = 1
	for g.capacity*2*rows*g.n <= ringFloats && g.capacity < max(g.batch, o.Draws+o.Warmup) {
		g.capacity *= 2
	}
	g.batch = min(g.batch, g.capacity)
	config, windows, selected, err := g.allocate(dev, rows)
	if err != nil {
		return err
	}
	info := dev.Info()
	lanes := lanesPerChain(info, g.dim, g.n)
	kernel, err := dev.Compile(buildTick(g.dim, g.n, lanes, len(g.kept), g.sampling.noise, info.Precision, o))
	if err != nil {
		return err
	}
	whole := func(b device.Buffer) device.Binding { return device.Binding{Buffer: b} }
	tick := device.Dispatch{Kernel: kernel, Count: 1, Bindings: []device.Binding{g.evaluator.Position(), g.evaluator.LogDensity(), g.evaluator.Slope(),
		whole(g.vectors), whole(g.numbers), whole(g.counters), config, windows, selected, whole(g.ring)}}
	if lanes > 1 {
		tick.Count = g.n
	}
	stages := append(append([][]device.Dispatch(nil), g.evaluator.Stages()...), []device.Dispatch{tick})
	if g.program, err = dev.Record(device.Recording{Name: "sampler", Stages: stages, ChainsIndependent: true, Repeat: g.batch}); err != nil {
		return err
	}
	if o.Resume != nil && !(o.relays() && o.Resume.onHost(g.first, g.first+g.n)) {
		return g.restore(o.Resume)
	}
	return nil
}

// lanesPerChain is 1 where chains alone fill the lanes that run in step, the
// dimension is small, or lanes take turns anyway; else a power of two of lanes that
// share the coordinates.
func lanesPerChain(info device.Info, dim, chains int) int {
	// A tick goes over the coordinates some ten times, and four times more for every
	// level of the trajectory's tree that ends.
	const passes = 60
	short := info.Limits.LaneRounds == 0 || passes*dim < info.Limits.LaneRounds
	if dim <= 32 || !info.Fuses || (info.Software && chains >= 8 && short) {
		return 1
	}
	lanes := 32
	for lanes < dim && lanes < 256 {
		lanes *= 2
	}
	for lanes > info.Limits.GroupLanes || lanes*widestReduction*8 > info.Limits.SharedBytes {
		lanes /= 2
	}
	return max(lanes, 1)
}

// trial times one gradient at the starting positions and chooses how many ticks
// make up a batch.
func (g *deviceGroup) trial(ctx context.Context) error {
	q := make([]float64, g.dim*g.n)
	one := make([]float64, g.dim)
	for k := range g.n {
		startPosition(g.sampling.options, g.first+k, 0, one, g.sampling.noise)
		scatter(q, k, g.n, one)
	}
	g.inverse = make([]float64, g.dim*g.n)
	density := make([]float64, g.n)
	took, start := time.Duration(math.MaxInt64), time.Now()
	for try := 0; try < 2 || try < 5 && time.Since(start) < batchTime; try++ { // the first may have to compile, others be disturbed
		began := time.Now()
		if err := g.evaluator.Gradient(ctx, q, density, g.inverse); err != nil {
			return fmt.Errorf("nuts: evaluating the target: %w", err)
		}
		took = min(took, time.Since(began))
	}
	g.batch = 1
	for g.batch < longestBatch && took < batchTime/time.Duration(2*g.batch) {
		g.batch *= 2
	}
	p := g.evaluator.Position()
	return p.Buffer.WriteFloats(p.Offset, q)
}

func (g *deviceGroup) newBuffer(dev device.Device, t shaders.Type, n int) (device.Buffer, error) {
	b, err := dev.NewBuffer(t, n)
	if err == nil {
		g.owned = append(g.owned, b)
	}
	return b, err
}

func (g *deviceGroup) newInts(dev device.Device, values []int32) (device.Binding, error) {
	b, err := g.newBuffer(dev, shaders.Int, len(values))
	if err != nil {
		return device.Binding{}, err
	}
	return device.Binding{Buffer: b}, b.WriteInts(0, values)
}

// allocate makes the buffers of the sampler's state and settings.
func (g *deviceGroup) allocate(dev device.Device, rows int) (config, windows, selected device.Binding, err error) {
	o := g.sampling.options
	firstKept := o.Warmup
	if o.KeepWarmup {
		firstKept = 0
	}
	settings := make([]int32, configSize)
	settings[configSeedLow], settings[configSeedHigh] = int32(uint32(o.Seed)), int32(uint32(o.Seed>>32))
	settings[configFirstChain], settings[configWarmup], settings[configTotal] = int32(g.first), int32(o.Warmup), int32(o.Warmup+o.Draws)
	settings[configFirstKept], settings[configCapacity] = int32(firstKept), int32(g.capacity)
	plan := newSchedule(o.Warmup)
	flags := make([]int32, max(o.Warmup, 1))
	for i := range o.Warmup {
		if plan.inWindow(i) {
			flags[i] |= flagInWindow
		}
		if plan.closes[i] {
			flags[i] |= flagCloses
		}
	}
	if o.Algorithm == HMC {
		flags = g.sampling.ensemble.pathSteps(o)
	}
	list := make([]int32, max(len(g.kept), 1))
	for k, i := range g.kept {
		list[k] = int32(i)
	}
	var errs [7]error
	config, errs[0] = g.newInts(dev, settings)
	windows, errs[1] = g.newInts(dev, flags)
	selected, errs[2] = g.newInts(dev, list)
	g.vectors, errs[3] = g.newBuffer(dev, shaders.Float, vectorSlots(o)*g.dim*g.n)
	g.numbers, errs[4] = g.newBuffer(dev, shaders.Float, int(numbers)*g.n)
	g.counters, errs[5] = g.newBuffer(dev, shaders.Int, int(counters)*g.n)
	g.ring, errs[6] = g.newBuffer(dev, shaders.Float, g.capacity*rows*g.n)
	if err = errors.Join(errs[:]...); err != nil {
		return config, windows, selected, fmt.Errorf("nuts: state of the sampler on the device: %w", err)
	}
	ones := make([]float64, g.dim*g.n)
	for i := range ones {
		ones[i] = 1
	}
	copy(g.inverse, ones)
	g.stepSizes = make([]float64, g.n)
	largest := make([]float64, g.n)
	for i := range largest {
		largest[i] = largestAngle
	}
	err = errors.Join(g.numbers.WriteFloats(int(largestAllowed)*g.n, largest), g.vectors.WriteFloats(slotInverseMass*g.dim*g.n, ones), g.numbers.WriteFloats(int(stepSize)*g.n, append([]float64(nil), ones[:g.n]...)))
	return config, windows, selected, err
}

// run submits batches until all chains have finished.
func (g *deviceGroup) run(ctx context.Context) error {
	for {
		// A batch is not cut short, so that chains stand between two ticks.
		if err := g.program.Run(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("nuts: sampling on the device: %w", err)
		}
		g.ticks += int64(g.batch)
		done, err := g.look()
		if err != nil {
			return errors.Join(err, g.drain())
		}
		if done || g.fullest()+g.batch > g.capacity {
			if err := g.drain(); err != nil {
				return err
			}
		}
		if err := g.readStepSizes(); err != nil {
			return err
		}
		g.sampling.update(g)
		if !done && g.sampling.checkpointDue() {
			if err := g.drain(); err != nil {
				return err
			}
			if err := g.sampling.offer(g.number); err != nil {
				return err
			}
		}
		if done {
			return g.vectors.ReadFloats(slotInverseMass*g.dim*g.n, g.inverse)
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), g.drain())
		}
		if err := g.sampling.turns.pass(ctx, g.number); err != nil {
			return errors.Join(err, g.drain())
		}
	}
}

// counter is a counter of a chain as last read.
func (g *deviceGroup) counter(c counter, chain int) int { return int(g.state[int(c)*g.n+chain]) }

// look reads how far the chains are.
func (g *deviceGroup) look() (done bool, err error) {
	before := append([]int32(nil), g.state[int(allLeapfrogs)*g.n:int(allLeapfrogs+1)*g.n]...)
	if err := g.counters.ReadInts(0, g.state); err != nil {
		return false, err
	}
	done = true
	for k := range g.n {
		g.leapfrogs[k] += int64(g.state[int(allLeapfrogs)*g.n+k] - before[k]) // the counter may wrap around
		if !g.warm[k] && g.counter(transitionsDone, k) >= g.sampling.options.Warmup {
			g.warm[k] = true
			g.sampling.finishedWarmup()
		}
		switch stage(g.counter(chainStage, k)) {
		case stageFinished:
		case stageNoStart:
			if g.sampling.options.Init != nil {
				return true, errBadStart(g.first + k)
			}
			return true, errNoStart(g.first + k)
		case stageTooLarge:
			return true, errTooLarge(g.first + k)
		case stageTooSmall:
			return true, errTooSmall(g.first + k)
		default:
			done = false
		}
	}
	return done, nil
}

func (g *deviceGroup) readStepSizes() error {
	return g.numbers.ReadFloats(int(stepSize)*g.n, g.stepSizes)
}

// fullest is the most draws that a chain has waiting.
func (g *deviceGroup) fullest() int {
	most := 0
	for k := range g.n {
		most = max(most, g.counter(written, k)-g.drained[k])
	}
	return most
}

// drain reads the draws that wait in the ring.
func (g *deviceGroup) drain() error {
	rows := len(g.kept) + ringStats
	low, high := g.drained[0], 0
	for k := range g.n {
		low, high = min(low, g.drained[k]), max(high, g.counter(written, k))
	}
	if high <= low {
		return nil
	}
	if g.ringValues == nil {
		g.ringValues = make([]float64, g.capacity*rows*g.n)
	}
	place := rows * g.n
	first, last := low&(g.capacity-1), (high-1)&(g.capacity-1)
	read := func(from, to int) error {
		return g.ring.ReadFloats(from*place, g.ringValues[from*place:(to+1)*place])
	}
	var err error
	switch {
	case high-low >= g.capacity: // chains may be further apart than the ring is long
		err = read(0, g.capacity-1)
	case first <= last:
		err = read(first, last)
	default:
		err = errors.Join(read(first, g.capacity-1), read(0, last))
	}
	if err != nil {
		return fmt.Errorf("nuts: reading draws from the device: %w", err)
	}
	for k := range g.n {
		for ; g.drained[k] < g.counter(written, k); g.drained[k]++ {
			at := (g.drained[k] & (g.capacity - 1)) * place
			if err := g.give(k, g.drained[k], g.ringValues[at:at+place]); err != nil {
				return err
			}
		}
	}
	return nil
}

// give hands one draw of a chain to the run.
func (g *deviceGroup) give(k, draw int, values []float64) error {
	q := make([]float64, len(g.kept))
	for i := range q {
		q[i] = values[i*g.n+k]
	}
	number := func(row int) float64 { return values[(len(g.kept)+row)*g.n+k] }
	o := g.sampling.options
	transition := draw
	if !o.KeepWarmup {
		transition += o.Warmup
	}
	stats := Stats{AcceptProb: number(ringAccept), StepSize: number(ringStepSize), TreeDepth: int(number(ringDepth)), Leapfrogs: int(number(ringLeapfrogs)),
		Energy: number(ringEnergy), Divergent: number(ringDivergent) != 0, LogDensity: number(ringDensity)}
	if o.OnDraw != nil {
		return g.sampling.keep(g.first+k, transition, q, stats)
	}
	g.sampling.store(g.first+k, transition, q, stats)
	return nil
}

func (g *deviceGroup) progress() []ChainProgress {
	o := g.sampling.options
	result := make([]ChainProgress, g.n)
	for k := range result {
		result[k] = ChainProgress{Transitions: g.counter(transitionsDone, k), Warmup: o.Warmup, Total: o.Warmup + o.Draws,
			StepSize: g.stepSizes[k], Leapfrogs: g.leapfrogs[k], Divergences: g.counter(divergences, k)}
	}
	return result
}

func (g *deviceGroup) firstChain() int { return g.first }

func (g *deviceGroup) collect(run *Run) {
	for k := range g.n {
		mass := make([]float64, g.dim)
		gather(g.inverse, k, g.n, mass)
		run.StepSizes = append(run.StepSizes, g.stepSizes[k])
		run.InverseMass = append(run.InverseMass, mass)
		run.Gradients += g.leapfrogs[k] + int64(g.counter(tries, k)) + 1
	}
	run.Ticks += g.ticks
	run.Submissions += g.ticks / int64(g.batch)
}

// close frees all but the evaluator.
func (g *deviceGroup) close() error {
	var errs []error
	if g.program != nil {
		errs = append(errs, g.program.Close())
	}
	for _, b := range g.owned {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}
