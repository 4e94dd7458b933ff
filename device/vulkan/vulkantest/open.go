// Package vulkantest opens Vulkan devices for the tests of other packages.
package vulkantest

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/vulkan"
)

// Open opens the best adapter, with the validation layer where that is installed:
// any message of it fails the test. Without an adapter, or float64 where that is
// asked for, it skips the test, saying why; with vulkan in the environment variable
// HXGPU_REQUIRE it fails instead.
func Open(t testing.TB, p device.Precision) device.Device {
	t.Helper()
	required := strings.Contains(os.Getenv("HXGPU_REQUIRE"), "vulkan")
	var mutex sync.Mutex
	var messages []string
	o := vulkan.Options{Precision: p, Validation: true, CacheDir: "-", Message: func(text string) {
		mutex.Lock()
		defer mutex.Unlock()
		messages = append(messages, text)
	}}
	dev, err := vulkan.Open(o)
	if err != nil && !required {
		o.Validation = false // the layer may be what is missing
		dev, err = vulkan.Open(o)
	}
	if err != nil && !required {
		t.Skipf("no Vulkan device: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, dev.Close())
		mutex.Lock()
		defer mutex.Unlock()
		require.Empty(t, messages, "the validation layer has found mistakes")
	})
	return dev
}
