//go:build slow

package bffg_test

import (
	"testing"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/vulkan/vulkantest"
)

// All golden figures of continuous edges, in both precisions, on Vulkan: run with
// go test -tags slow -timeout 30m -run EveryGolden ./bffg
func TestEveryGoldenContinuousOnVulkan(t *testing.T) {
	checkGoldenContinuous(t, func(p device.Precision) device.Device { return vulkantest.Open(t, p) }, 0, 1, 2, 3)
}

func TestEveryGoldenKunitaOnVulkan(t *testing.T) {
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		dev := vulkantest.Open(t, precision)
		checkGoldenKunita(t, dev, "kunita_small.json", false)
		checkGoldenKunita(t, dev, "kunita.json", false)
	}
}
