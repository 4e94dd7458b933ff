package native

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// The block of arguments that code is called with, in bytes.
const (
	argumentLow     = 0
	argumentHigh    = 8
	argumentFrame   = 16
	argumentBuffers = 32 // of each formal buffer its address, and its length in elements
)

// General registers: the arguments and the frame have theirs, three are for the
// moment, the others are given out. RSP, RBP and R14 are Go's.
const (
	arguments = amd64.RDI
	frame     = amd64.RSI
)

var generals = []amd64.Reg{amd64.RBX, amd64.R8, amd64.R9, amd64.R10, amd64.R11, amd64.R12, amd64.R13, amd64.R15}

// roots number the counters that a kernel's integers may count from. They are values
// behind those of the kernel.
type roots struct{ lane, item, chain, local, high int }

// compiler turns a lane kernel into machine code.
type compiler struct {
	*amd64.Assembler
	kernel       *shaders.Kernel
	instructions []shaders.Instruction
	wide         bool // AVX-512, else AVX2
	bits         int  // of a float
	lanes        int  // of a vector
	length       amd64.Length
	intLength    amd64.Length
	chains       int
	group        bool
	packed       bool // a vector spans items; else it has chains of one item
	tail         bool // what is being written is for a vector some of whose lanes are not there
	forms        []shaders.Affine
	roots        roots

	integers     []integer
	uniformTruth []bool
	narrowed     []bool // by instruction: some lanes may be inactive
	ends         []int  // of regions
	elses        []int
	loopOf       []int
	last         []int // the instruction until which a value is needed, -1 if it is not

	values    []value
	spare     [2][]int // frame places that are free: of vectors, of 8 bytes
	expires   map[int][]int
	frameSize int
	shared    []int // places of the shared arrays
	registers [classes][]register
	position  int
	regions   []openRegion
	loaded    bool // k1 is what the region's place says
	checked   map[check]bool
	extents   map[check]extent
	pointers  map[int]amd64.Reg
	traps     map[int]amd64.Label
}

// openRegion is a branch or loop that is being written.
type openRegion struct {
	first     int // its instruction
	mask      int // the place of its mask, or -1: all lanes are active
	top, end  amd64.Label
	alternate amd64.Label // where the else begins
	hasElse   bool
	counter   int // place
}

// vectorLanes is how many floats of some bits a vector has.
func vectorLanes(bits int, wide bool) int {
	if wide {
		return 512 / bits
	}
	return 256 / bits
}

// compileLanes writes the code of a lane kernel whose functions are expanded.
func compileLanes(k *shaders.Kernel, bits int, wide bool) (code []byte, frameSize int, err error) {
	c := &compiler{Assembler: &amd64.Assembler{Wide: wide}, wide: wide, kernel: k, instructions: k.Instructions, bits: bits,
		lanes: vectorLanes(bits, wide), length: amd64.Bits512, chains: k.Chains, group: k.Lanes > 0,
		traps: map[int]amd64.Label{}}
	if !wide {
		c.length = amd64.Bits256
	}
	c.intLength = c.length
	if bits == 64 {
		c.intLength--
	}
	if reason := unsupported(k, c.lanes); reason != "" {
		return nil, 0, fmt.Errorf("native: kernel %q: %w: %s", k.Name, ErrNoCode, reason)
	}
	c.packed = !c.group && c.lanes%c.chains == 0 && c.chains < c.lanes
	if c.packed && c.chains > 1 {
		c.forms = shaders.AffineForms(k)
	}
	n := len(k.Instructions)
	c.roots = roots{n, n + 1, n + 2, n + 3, n + 4}
	c.frameSize = firstPlace
	for _, s := range k.Shared {
		c.shared = append(c.shared, c.frameSize)
		c.frameSize += (s.Size*bits/8 + 63) / 64 * 64
	}
	c.Load64(frame, amd64.At(arguments, argumentFrame))
	if c.group {
		c.groups()
	} else {
		c.grid()
	}
	exit := c.NewLabel()
	c.MoveConstant(amd64.RAX, 0)
	c.Bind(exit)
	c.ZeroUpper()
	c.Return()
	for _, status := range slices.Sorted(maps.Keys(c.traps)) {
		c.Bind(c.traps[status])
		c.MoveConstant(amd64.RAX, int64(status))
		c.Jump(exit)
	}
	code, err = c.Finish()
	return code, c.frameSize, err
}

// unsupported says why a kernel has no machine code, or nothing.
func unsupported(k *shaders.Kernel, lanes int) string {
	if len(k.Buffers) > mostBuffers {
		return "it has too many buffers"
	}
	if k.Lanes > lanes {
		for _, i := range k.Instructions {
			if i.Op == shaders.OpBarrier || i.Op == shaders.OpLoadShared || i.Op == shaders.OpStoreShared {
				return "its groups are larger than a vector, and their lanes wait for each other"
			}
		}
	}
	return ""
}

// Places of the counters in the frame.
const (
	placeLane  = 0
	placeItem  = 8
	placeChain = 16
	placeLocal = 24
	placeHigh  = 32
	placeTail  = 40

	placeTailVector = 64  // the same as a vector, for AVX2
	placeScatter    = 128 // indices and elements
	firstPlace      = 192
)

func (c *compiler) place(offset int) amd64.Mem { return amd64.At(frame, offset) }

// grid writes the loops over the lanes of a grid.
func (c *compiler) grid() {
	low, high := amd64.At(arguments, argumentLow), amd64.At(arguments, argumentHigh)
	c.Load64(amd64.RAX, high)
	c.Store64(c.place(placeHigh), amd64.RAX)
	if c.packed {
		c.Load64(amd64.RCX, low)
		c.Store64(c.place(placeLane), amd64.RCX)
		top, rest, end := c.NewLabel(), c.NewLabel(), c.NewLabel()
		c.Bind(top)
		c.Load64(amd64.RAX, c.place(placeHigh))
		c.DoMemory(amd64.Sub, amd64.RAX, c.place(placeLane))
		c.DoConstant(amd64.Cmp, amd64.RAX, int32(c.lanes))
		c.JumpIf(amd64.Less, rest)
		c.setItem()
		c.body(false)
		c.advance(placeLane, c.lanes)
		c.Jump(top)
		c.Bind(rest)
		c.Test(amd64.RAX, amd64.RAX)
		c.JumpIf(amd64.LessEqual, end)
		c.setTail(amd64.RAX)
		c.setItem()
		c.body(true)
		c.Bind(end)
		return
	}
	// Row by row: the chains of an item, vector by vector. The bounds are items.
	c.Load64(amd64.RAX, low)
	c.Store64(c.place(placeItem), amd64.RAX)
	items, end := c.NewLabel(), c.NewLabel()
	c.Bind(items)
	c.Load64(amd64.RAX, c.place(placeItem))
	c.DoMemory(amd64.Cmp, amd64.RAX, c.place(placeHigh))
	c.JumpIf(amd64.GreaterEqual, end)
	c.row(placeChain, c.chains)
	c.advance(placeItem, 1)
	c.Jump(items)
	c.Bind(end)
}

// groups writes the loop over groups, and over the vectors of a group.
func (c *compiler) groups() {
	c.Load64(amd64.RAX, amd64.At(arguments, argumentLow))
	c.Store64(c.place(placeItem), amd64.RAX)
	top, end := c.NewLabel(), c.NewLabel()
	c.Bind(top)
	c.Load64(amd64.RAX, c.place(placeItem))
	c.DoMemory(amd64.Cmp, amd64.RAX, amd64.At(arguments, argumentHigh))
	c.JumpIf(amd64.GreaterEqual, end)
	c.row(placeLocal, c.kernel.Lanes)
	c.advance(placeItem, 1)
	c.Jump(top)
	c.Bind(end)
}

// row writes a loop over n lanes, vector by vector, with a counter in the frame.
func (c *compiler) row(counter, n int) {
	c.MoveConstant(amd64.RAX, 0)
	c.Store64(c.place(counter), amd64.RAX)
	if whole := n / c.lanes; whole > 0 {
		top := c.NewLabel()
		c.Bind(top)
		c.body(false)
		c.advance(counter, c.lanes)
		c.Load64(amd64.RAX, c.place(counter))
		c.DoConstant(amd64.Cmp, amd64.RAX, int32(whole*c.lanes))
		c.JumpIf(amd64.Less, top)
	}
	if rest := n % c.lanes; rest > 0 {
		c.MoveConstant(amd64.RAX, int64(rest))
		c.setTail(amd64.RAX)
		c.body(true)
	}
}

// advance adds to a counter.
func (c *compiler) advance(place, by int) {
	c.Load64(amd64.RAX, c.place(place))
	c.DoConstant(amd64.Add, amd64.RAX, int32(by))
	c.Store64(c.place(place), amd64.RAX)
}

// setItem sets the item of a packed vector's first lane.
func (c *compiler) setItem() {
	if c.chains == 1 {
		return
	}
	c.Load64(amd64.RCX, c.place(placeLane))
	shift := 0
	for 1<<shift < c.chains {
		shift++
	}
	c.Shift(amd64.Right, amd64.RCX, shift)
	c.Store64(c.place(placeItem), amd64.RCX)
}

// body writes the kernel once, for vectors all of whose lanes are there or not.
func (c *compiler) body(tail bool) {
	c.tail = tail
	c.integers = nil
	c.findStructure()
	c.findShapes()
	c.findStructure() // again: now it is known which integers stand for others
	c.begin()
	for v := range c.instructions {
		c.position = v
		c.instruction(v)
		c.release(v)
	}
	c.flush()
}
