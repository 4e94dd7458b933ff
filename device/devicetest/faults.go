package devicetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// buffers checks reading and writing from the host.
func (s suite) buffers(t *testing.T) {
	dev := s.open(t, s.precision)
	b, err := dev.NewBuffer(shaders.Float, 10)
	require.NoError(t, err)
	require.Equal(t, 10, b.Len())
	x := make([]float64, 10)
	require.NoError(t, b.ReadFloats(0, x))
	require.Equal(t, make([]float64, 10), x, "a new buffer is zero")
	require.NoError(t, b.WriteFloats(3, []float64{1, 2}))
	require.NoError(t, b.ReadFloats(2, x[:4]))
	require.Equal(t, []float64{0, 1, 2, 0}, x[:4])
	require.Error(t, b.WriteFloats(9, []float64{1, 2}))
	require.Error(t, b.ReadFloats(-1, x[:1]))
	require.Error(t, b.WriteInts(0, []int32{1}), "the element type is wrong")
	empty, err := dev.NewBuffer(shaders.Int, 0)
	require.NoError(t, err)
	require.NoError(t, empty.WriteInts(0, nil))
	require.Error(t, empty.WriteInts(0, []int32{1}))
	_, err = dev.NewBuffer(shaders.Float, -1)
	require.Error(t, err)
	_, err = dev.NewBuffer(shaders.Bool, 1)
	require.Error(t, err)
	require.NoError(t, b.Close())
	require.Error(t, b.WriteFloats(0, []float64{1}), "the buffer is closed")
}

// errors checks that mistakes come back as errors, and a closed device refuses.
func (s suite) errors(t *testing.T) {
	dev := s.open(t, s.precision)
	other := s.open(t, s.precision)
	b := shaders.NewBuilder("copy", 1)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	b.Store(out, b.Item(), b.Load(in, b.Item()))
	k, err := dev.Compile(b.Kernel())
	require.NoError(t, err)
	require.Equal(t, b.Kernel(), k.Source())
	x, y := upload(t, dev, shaders.Float, make([]float64, 4), 0), upload(t, dev, shaders.Float, make([]float64, 4), 0)
	ints := upload(t, dev, shaders.Int, make([]float64, 4), 0)
	foreign := upload(t, other, shaders.Float, make([]float64, 4), 0)
	good := []device.Binding{{Buffer: x}, {Buffer: y}}
	for name, d := range map[string]device.Dispatch{
		"too few buffers":  {Kernel: k, Bindings: good[:1], Count: 4},
		"wrong type":       {Kernel: k, Bindings: []device.Binding{{Buffer: x}, {Buffer: ints}}, Count: 4},
		"other device":     {Kernel: k, Bindings: []device.Binding{{Buffer: x}, {Buffer: foreign}}, Count: 4},
		"negative offset":  {Kernel: k, Bindings: []device.Binding{{Buffer: x, Offset: -1}, {Buffer: y}}, Count: 4},
		"offset too large": {Kernel: k, Bindings: []device.Binding{{Buffer: x, Offset: 5}, {Buffer: y}}, Count: 4},
		"negative first":   {Kernel: k, Bindings: good, First: -1, Count: 4},
		"negative count":   {Kernel: k, Bindings: good, Count: -4},
		"no kernel":        {Bindings: good, Count: 4},
	} {
		_, err := dev.Record(device.Recording{Stages: [][]device.Dispatch{{d}}})
		require.Error(t, err, name)
	}
	bad := *b.Kernel()
	bad.Instructions = append([]shaders.Instruction(nil), bad.Instructions...)
	bad.Instructions[0].A = 7
	_, err = dev.Compile(&bad)
	require.ErrorContains(t, err, "instruction 0")

	p, err := dev.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: k, Bindings: good, Count: 4}}}})
	require.NoError(t, err)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, p.Run(cancelled), context.Canceled)
	require.NoError(t, p.Run(context.Background()))
	require.NoError(t, p.Close())
	require.Error(t, p.Run(context.Background()), "the program is closed")
	require.NoError(t, dev.Close())
	_, err = dev.NewBuffer(shaders.Float, 1)
	require.Error(t, err, "the device is closed")
	_, err = dev.Compile(b.Kernel())
	require.Error(t, err, "the device is closed")
	require.Error(t, x.WriteFloats(0, []float64{1}), "the device is closed")
}
