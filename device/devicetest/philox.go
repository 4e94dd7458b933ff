package devicetest

import (
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// philoxAnswers are known answers of Philox4x32 with ten rounds, from the
// kat_vectors of Random123 (Salmon, Moraes, Dror & Shaw 2011): counter, key, words.
var philoxAnswers = [][10]uint32{
	{0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
	{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
	{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
}

// testPhilox draws random words, against known answers, and normal numbers.
func testPhilox(h *harness) {
	bits := map[device.Precision]int{device.Float32: 32, device.Float64: 64}[h.precision]
	b := shaders.NewBuilder("philox", 1)
	input, words := b.Buffer("input", shaders.Int, shaders.Read), b.Buffer("words", shaders.Int, shaders.Write)
	normals := b.Buffer("normals", shaders.Float, shaders.Write)
	place := func(stride, n int) shaders.Value {
		return b.AddInt(b.MulInt(b.Item(), b.ConstInt(stride)), b.ConstInt(n))
	}
	var in [6]shaders.Value
	for n := range in {
		in[n] = b.LoadInt(input, place(6, n))
	}
	random := b.Philox([4]shaders.Value(in[:4]), [2]shaders.Value(in[4:]))
	for n, v := range random {
		b.StoreInt(words, place(4, n), v)
	}
	first, second := b.Normals(random, bits)
	b.Store(normals, place(2, 0), first)
	b.Store(normals, place(2, 1), second)

	const lanes = 1023
	values := h.whole(6*lanes, -1<<31, 1<<31)
	for i, answer := range philoxAnswers {
		for n := range in {
			values[6*i+n] = int32(answer[n])
		}
	}
	result := h.ints(make([]int32, 4*lanes))
	h.check(1, []work{{b.Kernel(), 0, lanes, []*memory{h.ints(values), result, h.floats(marked(2 * lanes))}}})
	got := make([]int32, 4*len(philoxAnswers))
	require.NoError(h.t, result.buffer.ReadInts(0, got))
	for i, answer := range philoxAnswers {
		for n, word := range answer[6:] {
			require.Equal(h.t, word, uint32(got[4*i+n]), "counter %x, key %x, word %d", answer[:4], answer[4:6], n)
		}
	}
}
