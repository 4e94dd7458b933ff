//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"slices"
	"strings"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

const (
	validationLayer    = "VK_LAYER_KHRONOS_validation"
	validationFeatures = "VK_EXT_validation_features"
	debugUtils         = "VK_EXT_debug_utils"
	portability        = "VK_KHR_portability_enumeration"
)

// instance is a Vulkan instance, with validation if asked for.
type instance struct {
	loader    *loader
	handle    vk.Instance
	names     bool // objects can be given names
	messenger C.HxHandle
	message   cgo.Handle // the function that gets messages
}

// object is a dispatchable handle as C sees it.
func object[T any](handle T) C.HxObject { return *(*C.HxObject)(unsafe.Pointer(&handle)) }

// number is any other handle as C sees it, and handle the way back.
func number[T any](handle T) C.HxHandle { return *(*C.HxHandle)(unsafe.Pointer(&handle)) }

func handle[T any](number C.HxHandle) T { return *(*T)(unsafe.Pointer(&number)) }

//export hxgpuVulkanMessage
func hxgpuVulkanMessage(user C.uintptr_t, text *C.char) {
	cgo.Handle(user).Value().(func(string))(C.GoString(text))
}

func newInstance(m machine, o Options) (*instance, error) {
	l, err := openLoader(m)
	if err != nil {
		return nil, err
	}
	var layers []string
	layer := ""
	if o.Validation {
		layer = validationLayer
		layers = []string{layer}
		installed, err := m.layers(l)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(installed, layer) {
			return nil, fmt.Errorf("vulkan: the layer %s is not installed (there is %s): install vulkan-validationlayers (Debian, Ubuntu), vulkan-validation-layers (Fedora) or the Vulkan SDK, or do without validation",
				layer, listed(installed))
		}
	}
	available, err := l.extensions(layer)
	if err != nil {
		return nil, err
	}
	var extensions []string
	for _, name := range []string{debugUtils, portability, validationFeatures} {
		if available[name] && (name != validationFeatures || o.Validation) {
			extensions = append(extensions, name)
		}
	}
	i := &instance{loader: l, names: available[debugUtils]}
	cLayers, layerCount, freeLayers := cStrings(layers)
	defer freeLayers()
	cExtensions, extensionCount, freeExtensions := cStrings(extensions)
	defer freeExtensions()
	var created C.HxObject
	result := C.hxCreateInstance(l.lookup, C.uint32_t(min(l.api, vk.MakeVersion(1, 3, 0))), cLayers, layerCount, cExtensions, extensionCount,
		flag(available[portability]), flag(o.Validation), &created)
	if err := check("vkCreateInstance", vk.Result(result)); err != nil {
		return nil, err
	}
	i.handle = vk.Instance(created)
	if err := i.initialise(); err != nil {
		i.close()
		return nil, err
	}
	if o.Validation && o.Message != nil {
		i.message = cgo.NewHandle(o.Message)
		result := C.hxCreateMessenger(l.lookup, created, C.uintptr_t(i.message), &i.messenger)
		if err := check("vkCreateDebugUtilsMessengerEXT", vk.Result(result)); err != nil {
			i.close()
			return nil, err
		}
	}
	return i, nil
}

// initialise gives the package the functions of instances. They are the
// loader's own and serve every instance, so the first will do.
func (i *instance) initialise() error {
	opened.Lock()
	defer opened.Unlock()
	if opened.functions {
		return nil
	}
	if err := vk.InitInstance(i.handle); err != nil {
		return fmt.Errorf("vulkan: the instance's functions could not be found: %w", err)
	}
	opened.functions = true
	return nil
}

func (i *instance) close() {
	if i.messenger != 0 {
		C.hxDestroyMessenger(i.loader.lookup, object(i.handle), i.messenger)
	}
	vk.DestroyInstance(i.handle, nil)
	if i.message != 0 {
		i.message.Delete()
	}
}

func flag(b bool) C.uint32_t {
	if b {
		return 1
	}
	return 0
}

// listed joins names for an error, "nothing" if there are none.
func listed(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
