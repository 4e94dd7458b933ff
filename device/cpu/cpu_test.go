package cpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/devicetest"
)

func TestConformance(t *testing.T) {
	for name, workers := range map[string]int{"1 worker": 1, "3 workers": 3} {
		t.Run(name, func(t *testing.T) {
			devicetest.RunAll(t, func(t *testing.T, p device.Precision) device.Device {
				dev, err := cpu.Open(cpu.Options{Precision: p, Workers: workers})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, dev.Close()) })
				return dev
			}, devicetest.ChecksIndices)
		})
	}
}

func TestOptions(t *testing.T) {
	_, err := cpu.Open(cpu.Options{Workers: -1})
	require.ErrorContains(t, err, "-1 workers")
	dev, err := cpu.Open(cpu.Options{Precision: device.Float32, Workers: 2})
	require.NoError(t, err)
	require.Equal(t, device.Info{Name: "cpu", Detail: "portable engine, float32, 2 workers", Precision: device.Float32, Workers: 2, Software: true,
		Limits: device.Limits{GroupLanes: 1024, SharedBytes: 1 << 20, SubgroupLanes: 1}}, dev.Info())
}
