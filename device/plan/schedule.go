package plan

import (
	"fmt"
	"math/bits"
	"runtime"

	"github.com/hxgpu/hxgpu/device"
)

// Schedule says how a program is cut into dispatches. All schedules compute the
// same numbers, bit for bit on one device.
type Schedule uint8

// The schedules.
const (
	// Auto is Tree for small trees on devices where dispatches are dear, else Slab.
	Auto Schedule = iota
	// Slab is one dispatch per stage of a slab; where dispatches are dear, runs of
	// small slabs share one.
	Slab
	// Tree is one dispatch for everything: a group of lanes carries some chains
	// through the whole tree.
	Tree
)

// String is the schedule's name on a command line.
func (s Schedule) String() string {
	if s > Tree {
		return fmt.Sprintf("schedule %d", uint8(s))
	}
	return [...]string{"auto", "slab", "tree"}[s]
}

// ParseSchedule reads a schedule's name.
func ParseSchedule(name string) (Schedule, error) {
	for s := Auto; s <= Tree; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return Auto, fmt.Errorf("plan: there is no schedule %q; use auto, slab or tree", name)
}

const (
	// smallTree is the largest tree that Auto puts into one dispatch.
	smallTree = 2048
	// mostTrips is how many rounds a group may make over a slab, in Auto's choice of
	// Tree and in the choice of slabs that share a dispatch.
	mostTrips = 4
	// groupLanes is how many lanes a group gets at most: more leave each lane fewer
	// registers. The lanes of a processor's group run one after another.
	groupLanes         = 256
	groupLanesSoftware = 64
	// wantedLanes fill a GPU, and wantedGroups its processors.
	wantedLanes  = 16384
	wantedGroups = 64
	// leastLimit is what every Vulkan device offers.
	leastLimit = 128
)

// groupShape is how groups are laid out.
type groupShape struct {
	lanes, chains int // per group; powers of two
}

// perChain is how many lanes share the nodes of a chain.
func (g groupShape) perChain() int { return g.lanes / g.chains }

// ceilPower is the least power of two that is at least n, floorPower the greatest
// that is at most n; both are at least 1.
func ceilPower(n int) int  { return 1 << bits.Len(uint(max(n, 1)-1)) }
func floorPower(n int) int { return 1 << (bits.Len(uint(max(n, 1))) - 1) }

// shapeGroups chooses the shape of groups for a number of chains and slabs of at
// most widest nodes.
//
// Many chains fill a device by themselves: then each lane carries a whole chain
// and there is nothing to wait for. Fewer chains share out their nodes.
func shapeGroups(info device.Info, chains, widest int) groupShape {
	limit := info.Limits.GroupLanes
	if limit <= 0 {
		limit = leastLimit
	}
	limit = floorPower(limit)
	subgroup := floorPower(info.Limits.SubgroupLanes)
	all := ceilPower(chains)
	if info.Software {
		limit = min(limit, groupLanesSoftware)
		if chains >= 2*subgroup && chains >= 8 {
			// A few groups for each processor, which threads them.
			c := max(floorPower(chains/(4*runtime.NumCPU())), subgroup, 8)
			c = min(c, all, limit)
			return groupShape{c, c}
		}
		return groupShape{min(max(subgroup, ceilPower(widest/4)), limit), 1}
	}
	limit = min(limit, groupLanes)
	c := min(floorPower(chains/wantedGroups), 32, limit)
	perChain := min(floorPower(wantedLanes/chains), ceilPower(widest), limit/c)
	if c*perChain < subgroup {
		c = min(subgroup/perChain, all, limit/perChain)
	}
	return groupShape{c * perChain, c}
}

// choose settles Auto.
func (s Schedule) choose(info device.Info, chains, nodes, widest int) Schedule {
	if s != Auto {
		return s
	}
	if info.Fuses && nodes <= smallTree {
		shape := shapeGroups(info, chains, widest)
		if shape.chains > 1 || widest <= mostTrips*shape.perChain() {
			return Tree
		}
	}
	return Slab
}
