//go:build slow

package cpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/devicetest"
)

// TestRandomKernels compares 12,000 random kernels an engine with the oracle.
func TestRandomKernels(t *testing.T) {
	for name, options := range engines() {
		if options.Portable {
			continue
		}
		t.Run(name, func(t *testing.T) {
			devicetest.RunRandom(t, 12_000, func(t *testing.T, p device.Precision) device.Device {
				options.Precision = p
				dev, err := cpu.Open(options)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, dev.Close()) })
				return dev
			})
		})
	}
}
