//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// loader is the opened Vulkan library.
type loader struct {
	lookup C.HxLookup // vkGetInstanceProcAddr
	api    uint32     // the newest version of instances
}

// opened guards the package's global functions. Libraries stay open for the
// life of the process.
var opened struct {
	sync.Mutex
	loaders   map[uintptr]*loader // by library
	functions bool                // the package knows the functions of instances
}

// openLoader finds the Vulkan library.
func openLoader(m machine) (*loader, error) {
	var library uintptr
	var failures []string
	for _, name := range libraryNames() {
		found, err := m.openLibrary(name)
		if err == nil {
			library = found
			break
		}
		failures = append(failures, err.Error())
	}
	if library == 0 {
		return nil, fmt.Errorf("vulkan: no Vulkan loader (tried %s): install %s, or use the cpu device; the system says: %s",
			strings.Join(libraryNames(), ", "), loaderSource(), strings.Join(failures, "; "))
	}
	opened.Lock()
	defer opened.Unlock()
	if l := opened.loaders[library]; l != nil {
		return l, nil
	}
	address, err := findSymbol(library, "vkGetInstanceProcAddr")
	if err != nil {
		return nil, fmt.Errorf("vulkan: the Vulkan library has no vkGetInstanceProcAddr, install it anew: %w", err)
	}
	l := &loader{}
	l.lookup = *(*C.HxLookup)(unsafe.Pointer(&address))
	vk.SetGetInstanceProcAddr(*(*unsafe.Pointer)(unsafe.Pointer(&address)))
	if err := vk.Init(); err != nil {
		return nil, fmt.Errorf("vulkan: the Vulkan library could not be used: %w", err)
	}
	l.api = uint32(C.hxInstanceVersion(l.lookup))
	if l.api < apiNeeded {
		return nil, fmt.Errorf("vulkan: the Vulkan loader has version %s, 1.1 is needed: install a newer one", vk.Version(l.api))
	}
	if opened.loaders == nil {
		opened.loaders = map[uintptr]*loader{}
	}
	opened.loaders[library] = l
	return l, nil
}

// apiNeeded is the version that SPIR-V 1.3 came with.
var apiNeeded = vk.MakeVersion(1, 1, 0)

// loaderSource says where the Vulkan loader comes from.
func loaderSource() string {
	switch runtime.GOOS {
	case "windows":
		return "the driver of your graphics card"
	case "darwin":
		return "MoltenVK (brew install molten-vk vulkan-loader)"
	}
	return "your GPU's driver and the packages libvulkan1 and mesa-vulkan-drivers (Debian, Ubuntu) or vulkan-loader and mesa-vulkan-drivers (Fedora)"
}

// property is a VkExtensionProperties, and the start of a VkLayerProperties.
type property struct {
	Name    [256]byte
	Version uint32
}

type layerProperty struct {
	Name                [256]byte
	Version, Build      uint32
	DescriptionOfAuthor [256]byte
}

// enumerate calls a Vulkan function that fills a list, once for its length and
// once for its elements.
func enumerate[T any](call string, fill func(count *C.uint32_t, list unsafe.Pointer) C.HxResult) ([]T, error) {
	for {
		var count C.uint32_t
		if err := check(call, vk.Result(fill(&count, nil))); err != nil || count == 0 {
			return nil, err
		}
		list := make([]T, count)
		result := vk.Result(fill(&count, unsafe.Pointer(&list[0])))
		if result == vk.Incomplete {
			continue
		}
		return list[:count], check(call, result)
	}
}

// layers are the names of the installed layers.
func (l *loader) layers() ([]string, error) {
	list, err := enumerate[layerProperty]("vkEnumerateInstanceLayerProperties", func(count *C.uint32_t, list unsafe.Pointer) C.HxResult {
		return C.hxInstanceLayers(l.lookup, count, list)
	})
	var names []string
	for i := range list {
		names = append(names, vk.ToString(list[i].Name[:]))
	}
	return names, err
}

// extensions are the names of the extensions of instances, with those that a
// layer brings if it is given.
func (l *loader) extensions(layer string) (map[string]bool, error) {
	names := map[string]bool{}
	for _, of := range []string{"", layer}[:1+min(len(layer), 1)] {
		var name *C.char
		if of != "" {
			name = C.CString(of)
			defer C.free(unsafe.Pointer(name))
		}
		list, err := enumerate[property]("vkEnumerateInstanceExtensionProperties", func(count *C.uint32_t, list unsafe.Pointer) C.HxResult {
			return C.hxInstanceExtensions(l.lookup, name, count, list)
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			names[vk.ToString(list[i].Name[:])] = true
		}
	}
	return names, nil
}

// cStrings copies names to C. The last result frees them.
func cStrings(names []string) (list **C.char, count C.uint32_t, free func()) {
	if len(names) == 0 {
		return nil, 0, func() {}
	}
	memory := C.calloc(C.size_t(len(names)), C.size_t(unsafe.Sizeof(uintptr(0))))
	pointers := unsafe.Slice((**C.char)(memory), len(names))
	for i, name := range names {
		pointers[i] = C.CString(name)
	}
	return (**C.char)(memory), C.uint32_t(len(names)), func() {
		for _, p := range pointers {
			C.free(unsafe.Pointer(p))
		}
		C.free(memory)
	}
}

var errNoAdapter = errors.New("vulkan: no adapter that can compute with Vulkan 1.1 or later: install your GPU's driver (or mesa-vulkan-drivers for a software one), or use the cpu device")
