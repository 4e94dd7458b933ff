//go:build cgo

package vulkan

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/bits"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// spread is an array kernel as the device runs it: as group kernels.
type spread struct {
	*shaders.Spread
	kernels []*kernel
}

const (
	// scratchBytes bounds what the arrays of the groups that run at once take;
	// more groups than fit run in batches. A processor runs few at once.
	scratchBytes         = 1 << 30
	scratchBytesSoftware = 64 << 20
	// scratchShare is the largest part of the memory that scratch may take.
	scratchShare = 8
	// settingsStride keeps the settings of every call aligned, so that they all can
	// be bound to one pipeline.
	settingsStride = 64
	// groupElements is how many elements of an array a lane has to itself.
	groupElements      = 4
	mostGroupLanes     = 256
	softwareGroupLanes = 64
	// softwareInstructions keeps kernels short for llvmpipe, whose time to compile
	// grows with the square of their length.
	softwareInstructions = 500
)

// compileArrays writes an array kernel as group kernels and compiles them.
func (g *gpu) compileArrays(source *shaders.Kernel) (*spread, error) {
	limits := shaders.SpreadLimits{Rounds: g.driver.adapter.Limits.LaneRounds}
	if g.driver.adapter.Software {
		limits.Instructions = softwareInstructions
	}
	written, err := shaders.SpreadArrays(source, g.arrayLanes(source.Arrays), limits)
	if err != nil {
		return nil, err
	}
	s := &spread{Spread: written}
	for _, part := range written.Kernels {
		k, err := g.compilePart(part.Kernel)
		if err != nil {
			return nil, err
		}
		s.kernels = append(s.kernels, k)
	}
	return s, nil
}

// compilePart compiles a part of an array kernel, or finds it: variants of one
// kernel often have parts in common.
func (g *gpu) compilePart(part *shaders.Kernel) (*kernel, error) {
	nameless := *part // it may be a part of several
	nameless.Name = ""
	key := sha256.Sum256([]byte(nameless.String()))
	g.mutex.Lock()
	k := g.parts[key]
	g.mutex.Unlock()
	if k != nil {
		return k, nil
	}
	k, err := g.compile(part)
	if err != nil {
		return nil, err
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.parts[key] = k
	return k, nil
}

// arrayLanes chooses the size of groups by the arrays that most work is done on.
func (g *gpu) arrayLanes(p *shaders.ArrayProgram) int {
	limits := g.driver.adapter.Limits
	most := 1 << (bits.Len(uint(limits.GroupLanes)) - 1)
	if g.driver.adapter.Software {
		return min(softwareGroupLanes, most)
	}
	work, weighted := 1, 1
	for n := range p.Instructions {
		i := &p.Instructions[n]
		if i.Op == shaders.ArrayLoop || i.Op == shaders.ArrayEnd {
			continue
		}
		work += max(i.Operations(), i.N)
		weighted += max(i.Operations(), i.N) * max(i.N, i.N*i.M)
	}
	lanes := 1 << bits.Len(uint(weighted/work/groupElements))
	return min(max(lanes, 1<<(bits.Len(uint(limits.SubgroupLanes))-1)), mostGroupLanes, most)
}

// slots is how many groups of an array kernel run at once, of those of a dispatch.
func (g *gpu) slots(k *kernel, d device.Dispatch) int {
	room := uint64(scratchBytes)
	if g.driver.adapter.Software {
		room = scratchBytesSoftware
	}
	room = min(room, uint64(g.driver.adapter.Memory)/scratchShare)
	size := max(k.spread.Size, 1)
	fit := max(int(room/(uint64(size)*g.elementBytes(shaders.Float))), 1)
	return min(fit, math.MaxInt32/size, d.Count*k.source.Chains)
}

// ownBuffer makes a buffer that belongs to the program.
func (c *recorder) ownBuffer(kind shaders.Type, n int, what string) (*buffer, error) {
	b, err := c.gpu.allocate(kind, n, what)
	if err != nil {
		return nil, err
	}
	c.program.owned = append(c.program.owned, b.part)
	return b, nil
}

// arrayBuffers are the constants and tables of an array kernel.
type arrayBuffers struct{ constants, tables *buffer }

// buffersOf gives the program an array kernel's constants and tables.
func (c *recorder) buffersOf(k *kernel) (own arrayBuffers, err error) {
	if known, ok := c.arrays[k]; ok {
		return known, nil
	}
	s := k.spread
	if own.constants, err = c.ownBuffer(shaders.Float, len(s.Constants), fmt.Sprintf("the constants of kernel %q", k.source.Name)); err != nil {
		return own, err
	}
	if err := own.constants.writeFloats(0, s.Constants); err != nil {
		return own, err
	}
	if own.tables, err = c.ownBuffer(shaders.Int, len(s.Tables), fmt.Sprintf("the tables of kernel %q", k.source.Name)); err != nil {
		return own, err
	}
	if err := own.tables.writeInts(0, s.Tables); err != nil {
		return own, err
	}
	c.arrays[k] = own
	return own, nil
}

// planScratch makes the scratch of array kernels. Those of one stage have scratch
// of their own, since they may run at once; later stages use it again.
func (c *recorder) planScratch(r device.Recording) error {
	var sizes []int
	for _, stage := range r.Stages {
		number := 0
		for _, d := range stage {
			k, ok := d.Kernel.(*kernel)
			if !ok || k.owner != c.gpu || k.spread == nil || d.Count < 1 {
				continue // or refused later
			}
			if number == len(sizes) {
				sizes = append(sizes, 0)
			}
			sizes[number] = max(sizes[number], c.gpu.slots(k, d)*k.spread.Size)
			number++
		}
	}
	for _, n := range sizes {
		b, err := c.ownBuffer(shaders.Float, n, "the arrays of groups")
		if err != nil {
			return err
		}
		c.scratch = append(c.scratch, b)
	}
	return nil
}

// dispatchArrays adds the steps of an array kernel's dispatch: all its calls for
// one batch of groups after the other.
func (c *recorder) dispatchArrays(stage, n int, k *kernel, d device.Dispatch) error {
	chains := k.source.Chains
	if d.First+d.Count > math.MaxInt32/chains {
		return fmt.Errorf("kernel %q: items up to %d, for %d chains: more than 2^31-1", k.source.Name, d.First+d.Count, chains)
	}
	own, err := c.buffersOf(k)
	if err != nil {
		return err
	}
	slots, first, end := c.gpu.slots(k, d), d.First*chains, (d.First+d.Count)*chains
	calls := k.spread.Calls
	batches := (end - first + slots - 1) / slots
	all := make([]int32, batches*len(calls)*settingsStride)
	for batch := range batches {
		for i, call := range calls {
			at := all[(batch*len(calls)+i)*settingsStride:]
			copy(at, call.Settings)
			at[shaders.SettingBase] = int32(first + batch*slots)
		}
	}
	settings, err := c.ownBuffer(shaders.Int, len(all), fmt.Sprintf("the calls of kernel %q", k.source.Name))
	if err != nil {
		return err
	}
	if err := settings.writeInts(0, all); err != nil {
		return err
	}
	scratch := c.scratch[c.inStage]
	c.inStage++
	for batch := range batches {
		from := first + batch*slots
		for i, call := range calls {
			bindings := []device.Binding{{Buffer: scratch}, {Buffer: own.constants}, {Buffer: own.tables},
				{Buffer: settings, Offset: (batch*len(calls) + i) * settingsStride}}
			for _, formal := range k.spread.Kernels[call.Kernel].Own {
				bindings = append(bindings, d.Bindings[formal])
			}
			if err := c.add(stage, n, k.spread.kernels[call.Kernel], bindings, from, min(slots, end-from)); err != nil {
				return err
			}
		}
	}
	return nil
}
