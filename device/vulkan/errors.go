//go:build cgo

package vulkan

import (
	"errors"
	"fmt"

	vk "github.com/vulkan-go/vulkan"
)

var (
	errClosed = errors.New("vulkan: the device is closed")
	errLost   = errors.New("vulkan: the device was lost (VK_ERROR_DEVICE_LOST): the driver has reset it, perhaps because a dispatch took too long or the GPU failed; open it again, with fewer chains or ticks at a time if it happens again, or use the cpu device")
)

var resultNames = map[vk.Result]string{
	vk.ErrorOutOfHostMemory:      "VK_ERROR_OUT_OF_HOST_MEMORY: out of the host's memory",
	vk.ErrorOutOfDeviceMemory:    "VK_ERROR_OUT_OF_DEVICE_MEMORY: out of device memory",
	vk.ErrorInitializationFailed: "VK_ERROR_INITIALIZATION_FAILED: the driver could not start",
	vk.ErrorDeviceLost:           "VK_ERROR_DEVICE_LOST: the device was lost",
	vk.ErrorMemoryMapFailed:      "VK_ERROR_MEMORY_MAP_FAILED: memory could not be mapped",
	vk.ErrorLayerNotPresent:      "VK_ERROR_LAYER_NOT_PRESENT: a layer is not installed",
	vk.ErrorExtensionNotPresent:  "VK_ERROR_EXTENSION_NOT_PRESENT: an extension is missing",
	vk.ErrorFeatureNotPresent:    "VK_ERROR_FEATURE_NOT_PRESENT: a feature is missing",
	vk.ErrorIncompatibleDriver:   "VK_ERROR_INCOMPATIBLE_DRIVER: no driver is installed for this machine",
	vk.ErrorTooManyObjects:       "VK_ERROR_TOO_MANY_OBJECTS: too many objects",
	vk.ErrorFragmentedPool:       "VK_ERROR_FRAGMENTED_POOL: a pool is fragmented",
}

// check turns the result of a call into an error that names the call.
func check(call string, result vk.Result) error {
	switch name, known := resultNames[result]; {
	case result >= 0:
		return nil
	case result == vk.ErrorDeviceLost:
		return fmt.Errorf("%w (in %s)", errLost, call)
	case known:
		return fmt.Errorf("vulkan: %s: %s", call, name)
	}
	return fmt.Errorf("vulkan: %s: result %d", call, result)
}
