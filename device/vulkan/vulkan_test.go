//go:build cgo

package vulkan

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/devicetest"
)

// available skips the test without a Vulkan adapter, or fails it where
// HXGPU_REQUIRE names vulkan.
func available(t *testing.T) {
	t.Helper()
	adapters, err := List()
	if err == nil && len(adapters) == 0 {
		err = errNoAdapter
	}
	if err == nil {
		return
	}
	if required() {
		t.Fatal(err)
	}
	t.Skip(err)
}

// required reports whether the environment says that Vulkan must be there, its
// validation layer included.
func required() bool { return strings.Contains(os.Getenv("HXGPU_REQUIRE"), "vulkan") }

// layered reports whether the validation layer is installed.
var layered = sync.OnceValue(func() bool {
	l, err := openLoader(thisMachine())
	if err != nil {
		return false
	}
	names, err := l.layers()
	return err == nil && slices.Contains(names, validationLayer)
})

// openValidated opens a device with the validation layer if that is installed. Its
// messages fail the test; so do objects that are still there after Close.
func openValidated(t *testing.T, m machine, o Options) (device.Device, error) {
	t.Helper()
	if o.CacheDir == "" {
		o.CacheDir = "-"
	}
	o.Validation = layered()
	var mutex sync.Mutex
	var messages []string
	o.Message = func(text string) {
		mutex.Lock()
		defer mutex.Unlock()
		messages = append(messages, text)
	}
	d, err := open(m, o)
	t.Cleanup(func() {
		if d != nil {
			require.NoError(t, d.Close())
		}
		mutex.Lock()
		defer mutex.Unlock()
		require.Empty(t, messages, "the validation layer has found mistakes")
	})
	return d, err
}

func openTest(t *testing.T, p device.Precision) *gpu {
	t.Helper()
	available(t)
	d, err := openValidated(t, thisMachine(), Options{Precision: p})
	require.NoError(t, err)
	return d.(*gpu)
}

func TestConformance(t *testing.T) {
	available(t)
	if !layered() {
		require.False(t, required(), "the validation layer is not installed")
		t.Log("the validation layer is not installed; mistakes in the use of Vulkan go unseen")
	}
	devicetest.RunAll(t, func(t *testing.T, p device.Precision) device.Device {
		return openTest(t, p)
	})
}
