package cpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/device/devicetest"
)

// engines are the ways to run kernels here.
func engines() map[string]cpu.Options {
	all := map[string]cpu.Options{"portable": {Portable: true, Workers: 3}}
	if native.Supported() == "" && (!testing.Short() || !native.Wide()) {
		all["AVX2"] = cpu.Options{AVX2: true, Workers: 1}
	}
	if native.Supported() == "" && native.Wide() {
		all["AVX-512"] = cpu.Options{Workers: 3}
	}
	return all
}

func TestConformance(t *testing.T) {
	if reason := native.Supported(); reason != "" {
		t.Logf("only the portable engine: %s", reason)
	}
	for name, options := range engines() {
		t.Run(name, func(t *testing.T) {
			devicetest.RunAll(t, func(t *testing.T, p device.Precision) device.Device {
				options.Precision = p
				dev, err := cpu.Open(options)
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
	dev, err := cpu.Open(cpu.Options{Precision: device.Float32, Workers: 2, Portable: true})
	require.NoError(t, err)
	detail := "portable engine, float32, 2 workers"
	if reason := native.Supported(); reason != "" {
		detail = "portable engine (" + reason + "), float32, 2 workers"
	}
	require.Equal(t, device.Info{Name: "cpu", Detail: detail, Precision: device.Float32, Workers: 2, Software: true,
		Limits: device.Limits{GroupLanes: 1024, SharedBytes: 1 << 20, SubgroupLanes: 1}}, dev.Info())
}
