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
	byLane       bool // the loop counts lanes; else it counts items, and a vector has chains of one
	packed       bool // a vector spans items
	straight     bool // the kernel has no branches and no loops
	tail         bool // what is being written is for a vector some of whose lanes are not there
	rest         int  // of a tail the lanes that are, where that is known
	forms        []shaders.Affine
	roots        roots

	integers     []integer
	multiples    map[multiple]int
	firstPiece   map[int]int // of the pieces of an integer by item
	owners       []int       // of pieces
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
func vectorLanes(bits int, l amd64.Length) int { return 8 * l.Bytes() / bits }

// longest is the length of the vectors of a kernel: the greatest there is, but the least
// that holds the chains of an item where those of several do not fill one. Items are
// gathered whose chains are no rows (see [compiler.rows]): at most 256 bits of them, for
// the longer the vector the more lanes of a small tree are not there.
func longest(k *shaders.Kernel, bits int, wide bool) amd64.Length {
	l := amd64.Bits256
	if wide {
		l = amd64.Bits512
	}
	if k.Lanes > 0 {
		return l
	}
	for l > amd64.Bits128 && k.Chains <= vectorLanes(bits, l-1) && !packs(k, vectorLanes(bits, l)) {
		l--
	}
	half := vectorLanes(bits, amd64.Bits256)
	if l == amd64.Bits512 && (k.Chains == half && !straight(k) || k.Chains > 1 && k.Chains < vectorLanes(bits, amd64.Bits128)) {
		l--
	}
	return l
}

// straight reports whether a kernel has neither branches nor loops.
func straight(k *shaders.Kernel) bool {
	return !slices.ContainsFunc(k.Instructions, func(i shaders.Instruction) bool { return divides(i.Op) })
}

// setLength chooses the length of the vectors of what is written next.
func (c *compiler) setLength(l amd64.Length) {
	c.length, c.intLength, c.lanes = l, l, vectorLanes(c.bits, l)
	if c.bits == 64 && l > amd64.Bits128 { // two int32 have no shorter vector
		c.intLength--
	}
	c.packed = c.byLane && c.chains < c.lanes
	c.frameSize = (c.frameSize + lineBytes - 1) / lineBytes * lineBytes // shorter vectors have left it anywhere
}

// compileLanes writes the code of a lane kernel whose functions are expanded.
func compileLanes(k *shaders.Kernel, bits int, wide bool) (code []byte, frameSize int, err error) {
	c := &compiler{Assembler: &amd64.Assembler{Wide: wide}, wide: wide, kernel: k, instructions: k.Instructions, bits: bits,
		chains: k.Chains, group: k.Lanes > 0, straight: straight(k),
		traps: map[int]amd64.Label{}}
	l := longest(k, bits, wide)
	c.byLane = packs(k, vectorLanes(bits, l))
	c.setLength(l)
	if reason := unsupported(k, c.lanes); reason != "" {
		return nil, 0, fmt.Errorf("native: kernel %q: %w: %s", k.Name, ErrNoCode, reason)
	}
	if c.byLane && c.chains > 1 {
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

// packs reports whether vectors of some lanes hold all chains of several items.
func packs(k *shaders.Kernel, lanes int) bool {
	return k.Lanes == 0 && k.Chains < lanes && lanes%k.Chains == 0
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
