//go:build !cgo

package vulkan

import (
	"errors"

	"github.com/hxgpu/hxgpu/device"
)

var errNoCgo = errors.New("vulkan: this program was built without cgo, which Vulkan needs; build it with CGO_ENABLED=1 and a C compiler, or use the cpu device")

// Open always fails in a program that was built without cgo.
func Open(Options) (device.Device, error) { return nil, errNoCgo }

// List always fails in a program that was built without cgo.
func List() ([]Adapter, error) { return nil, errNoCgo }
