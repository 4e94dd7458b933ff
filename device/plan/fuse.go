package plan

import (
	"errors"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// stageRun is a run of stages that are fused into one dispatch or not.
type stageRun struct {
	first, end int
	fused      bool
}

// runs decides which stages are fused: all of them in the Tree schedule, those of
// small slabs in the Slab schedule where dispatches are dear.
func (c *compilation) runs() []stageRun {
	if len(c.stages) == 0 {
		return nil
	}
	if c.execution.Schedule == Tree {
		return []stageRun{{0, len(c.stages), true}}
	}
	if !c.info.Fuses {
		return []stageRun{{0, len(c.stages), false}}
	}
	most := mostTrips * c.slabShape().perChain()
	var runs []stageRun
	for s, stage := range c.stages {
		small := true
		for _, x := range stage {
			small = small && x.breadth() <= most && x.pieces[0].arrays == nil
		}
		if last := len(runs) - 1; last >= 0 && runs[last].fused == small {
			runs[last].end = s + 1
		} else {
			runs = append(runs, stageRun{s, s + 1, small})
		}
	}
	for i, r := range runs {
		if r.end == r.first+1 && len(c.stages[r.first]) == 1 {
			runs[i].fused = false // one dispatch already
		}
	}
	return runs
}

// breadth is a step's items, those that add many values counted for more.
func (s *step) breadth() int {
	weight := 1
	for _, x := range s.pieces {
		weight = max(weight, x.length/16)
	}
	return s.count * weight
}

// slabShape is the shape of the groups that carry small slabs.
func (c *compilation) slabShape() groupShape {
	return shapeGroups(c.info, c.chains, widestSlab(c.topology))
}

// fuse records stages as one dispatch and returns the variables that it keeps in
// shared arrays.
func (c *compilation) fuse(stages [][]*step) (map[tree.VariableID]bool, error) {
	widest := 1
	numbers := map[binding]int{}
	var bindings []binding
	fusion := shaders.Fusion{Name: "tree program", Chains: c.chains}
	parts := make([][]shaders.Part, len(stages))
	for n, stage := range stages {
		for _, s := range stage {
			widest = max(widest, s.count)
			g, err := c.grid(s)
			if err != nil {
				return nil, err
			}
			part := shaders.Part{Kernel: g.kernel, First: s.first, Count: s.count}
			for _, b := range g.bindings {
				number, known := numbers[b]
				if !known {
					number = len(bindings)
					numbers[b] = number
					bindings = append(bindings, b)
				}
				part.Buffers = append(part.Buffers, number)
			}
			parts[n] = append(parts[n], part)
		}
	}
	// Only where everything is fused is it certain that nothing else needs a variable.
	everything := len(stages) == len(c.stages)
	for _, b := range bindings {
		formal := shaders.FusionBuffer{Type: shaders.Int}
		if b.array != nil {
			formal.Name, formal.Size = b.array.name, len(b.array.values)
		} else {
			v := c.program.Variable(b.variable)
			formal = shaders.FusionBuffer{Name: v.Name, Type: shaders.Float, Size: c.length(b.variable), Private: everything && !v.Input && !c.outputs[b.variable]}
		}
		fusion.Buffers = append(fusion.Buffers, formal)
	}
	shape := shapeGroups(c.info, c.chains, widest)
	if err := c.checkRounds(parts, shape); err != nil {
		return nil, err
	}
	fusion.Lanes, fusion.ChainsPerGroup = shape.lanes, shape.chains
	fusion.SharedElements = c.info.Limits.SharedBytes / floatBytes(c.info.Precision)
	fused, err := shaders.Fuse(fusion, parts)
	if err != nil {
		return nil, err
	}
	if shape.perChain() > 1 {
		c.execution.Cost.Barriers += len(stages) - 1
	}
	shared := map[tree.VariableID]bool{}
	for _, number := range fused.Shared {
		shared[bindings[number].variable] = true
	}
	return shared, c.recordFused(fused, fusion.Groups(), bindings)
}

// errRounds says that one dispatch would loop longer than the device allows.
var errRounds = errors.New("more rounds of loops in one dispatch than the device allows")

// checkRounds bounds how many rounds of loops a lane of a fused kernel makes.
func (c *compilation) checkRounds(parts [][]shaders.Part, shape groupShape) error {
	limit := c.info.Limits.LaneRounds
	if limit == 0 {
		return nil
	}
	degrees := c.topology.ChildCount()
	rounds := 0
	for _, stage := range parts {
		rounds++ // equal stages become a loop
		for _, p := range stage {
			each := 1
			for _, i := range p.Kernel.Instructions {
				if i.Op != shaders.OpSegmentReduce {
					continue
				}
				longest := 1
				for v := p.First; v < min(p.First+p.Count, len(degrees)); v++ {
					longest = max(longest, min(int(degrees[v]), longestSum))
				}
				if count := p.Kernel.Instructions[i.B]; count.Op == shaders.OpConstInt {
					longest = count.Int
				}
				each += longest
			}
			rounds += (p.Count + shape.perChain() - 1) / shape.perChain() * each
		}
	}
	if rounds > limit {
		return fmt.Errorf("%w: up to %d, at most %d; use the slab schedule", errRounds, rounds, limit)
	}
	return nil
}

// recordFused adds a stage of one dispatch.
func (c *compilation) recordFused(fused *shaders.Fused, groups int, bindings []binding) error {
	kernel, err := c.device.Compile(fused.Kernel)
	if err != nil {
		return err
	}
	d := device.Dispatch{Kernel: kernel, Count: groups}
	for _, number := range fused.Buffers {
		b := binding{array: &intArray{"ranges", fused.Ranges}}
		if number != shaders.RangesBuffer {
			b = bindings[number]
		}
		bound, err := c.binding(b)
		if err != nil {
			return err
		}
		d.Bindings = append(d.Bindings, bound)
	}
	c.execution.stages = append(c.execution.stages, []device.Dispatch{d})
	return nil
}
