package nuts

import "math"

// Stream is a sequence of random numbers that depends on nothing but the four
// numbers it was made of: no state is shared between streams, so chains give
// the same draws however they are grouped, ordered or interrupted.
//
// It is Philox4x32-10, a counter-based generator that passes BigCrush: Salmon,
// Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3",
// SC'11. A stream holds 2^33 uniform numbers, after which it repeats. The
// zero Stream is NewStream(0, 0, 0, 0). A Stream is not safe for use by several
// goroutines; copying one forks it.
type Stream struct {
	key     [2]uint32
	counter [4]uint32 // block, draw, chain, purpose
	words   [4]uint32 // the block in use
	used    int8      // halves of words handed out, 2 = both
	started bool
	spare   float64 // second normal of a pair
	paired  bool
}

// ReservedPurposes is the number of purposes, counted from 0, that Sample uses
// itself. Streams of a caller's own take purposes from here on.
const ReservedPurposes = 16

const (
	purposeStart      uint32 = iota // starting points; draw counts the attempts
	purposeSearch                   // momenta of the step-size search
	purposeTransition               // momentum, directions and multinomial choices of a transition
	purposeWalk                     // proposals and acceptances of a random walk
	purposeJitter                   // of a transition's step size
	purposeStartNoise               // noise of starting points
)

// NewStream makes the stream of a chain's draw. Purpose tells apart streams
// that one draw needs for different things; see [ReservedPurposes].
func NewStream(seed uint64, chain, draw, purpose uint32) Stream {
	return Stream{
		key:     [2]uint32{uint32(seed), uint32(seed >> 32)},
		counter: [4]uint32{0, draw, chain, purpose},
	}
}

// Uint64 gives 64 random bits.
func (s *Stream) Uint64() uint64 {
	if !s.started || s.used == 2 {
		s.words = philox4x32(s.counter, s.key)
		s.counter[0]++
		s.started, s.used = true, 0
	}
	i := 2 * s.used
	s.used++
	return uint64(s.words[i]) | uint64(s.words[i+1])<<32
}

// Uniform gives a number of the open interval (0, 1): an odd multiple of 2^-53,
// so neither its logarithm nor that of one minus it is infinite.
func (s *Stream) Uniform() float64 {
	return uniformOf(s.Uint64())
}

func uniformOf(bits uint64) float64 { return float64(int64(bits>>12<<1|1)) * 0x1p-53 }

// uniformsOf are the two numbers of a block.
func uniformsOf(words [4]uint32) (first, second float64) {
	return uniformOf(uint64(words[0]) | uint64(words[1])<<32), uniformOf(uint64(words[2]) | uint64(words[3])<<32)
}

// Normal gives a standard normal number by Box & Muller (1958), two from two
// uniforms. It uses no library function but the square root, and allows no
// fused multiplication, so that it gives the same bits on every machine.
func (s *Stream) Normal() float64 {
	if s.paired {
		s.paired = false
		return s.spare
	}
	radius := math.Sqrt(-2 * logarithm(s.Uniform()))
	cos, sin := turn(s.Uniform())
	s.spare, s.paired = radius*sin, true
	return radius * cos
}

// Normals fills dst with the numbers that as many calls of Normal give.
func (s *Stream) Normals(dst []float64) {
	for len(dst) > 0 && (s.paired || s.started && s.used == 1) {
		dst[0], dst = s.Normal(), dst[1:]
	}
	// Pairs stand in whole blocks from here on.
	const most = 16
	var along, around [most]float64 // uniforms
	for len(dst) > 1 {
		n := min(len(dst)/2, most)
		for i := 0; i < n; i += 2 { // the last may be of no use
			one, next := philox4x32Twice(s.counter, s.key)
			along[i], around[i] = uniformsOf(one)
			along[i+1], around[i+1] = uniformsOf(next)
			s.counter[0] += 2
		}
		s.counter[0] -= uint32(n & 1)
		for i := range n {
			radius := math.Sqrt(-2 * logarithm(along[i]))
			cos, sin := turn(around[i])
			dst[2*i], dst[2*i+1] = radius*cos, radius*sin
		}
		s.started, s.used = true, 2
		dst = dst[2*n:]
	}
	if len(dst) == 1 {
		dst[0] = s.Normal()
	}
}

// align drops the second normal of a pair and the rest of a block, so that the
// next number starts a new block.
func (s *Stream) align() { s.paired, s.used = false, 2 }

// The constants of Philox4x32.
const (
	philoxMultiplier0, philoxMultiplier1 = 0xD2511F53, 0xCD9E8D57
	philoxWeyl0, philoxWeyl1             = 0x9E3779B9, 0xBB67AE85
)

// philox4x32 is Philox4x32 with ten rounds.
func philox4x32(c [4]uint32, k [2]uint32) [4]uint32 {
	c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
	k0, k1 := k[0], k[1]
	for range 10 {
		a := philoxMultiplier0 * uint64(c0)
		b := philoxMultiplier1 * uint64(c2)
		c0, c1, c2, c3 = uint32(b>>32)^c1^k0, uint32(b), uint32(a>>32)^c3^k1, uint32(a)
		k0 += philoxWeyl0
		k1 += philoxWeyl1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// philox4x32Twice is philox4x32 of a counter and of the next block's. Every round of one
// waits for the last; two side by side take little longer.
func philox4x32Twice(c [4]uint32, k [2]uint32) (one, next [4]uint32) {
	c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
	d0, d1, d2, d3 := c0+1, c1, c2, c3
	k0, k1 := k[0], k[1]
	for range 10 {
		a, b := philoxMultiplier0*uint64(c0), philoxMultiplier1*uint64(c2)
		c0, c1, c2, c3 = uint32(b>>32)^c1^k0, uint32(b), uint32(a>>32)^c3^k1, uint32(a)
		a, b = philoxMultiplier0*uint64(d0), philoxMultiplier1*uint64(d2)
		d0, d1, d2, d3 = uint32(b>>32)^d1^k0, uint32(b), uint32(a>>32)^d3^k1, uint32(a)
		k0 += philoxWeyl0
		k1 += philoxWeyl1
	}
	return [4]uint32{c0, c1, c2, c3}, [4]uint32{d0, d1, d2, d3}
}

// The purposes of streams outside the sampler.
const (
	PurposeStates      uint32 = ReservedPurposes + iota // noise of node states, drawn for kept draws
	PurposeSimulation                                   // simulated trees and data
	PurposeReplication                                  // data replicated for posterior predictive checks
	PurposeTrees                                        // seeds of the runs on the trees of a set, their numbers for chains
)
