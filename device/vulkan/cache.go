//go:build cgo

package vulkan

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// cacheFormat is the version of cache files; they begin with it and the SHA-256
// of what follows.
const cacheFormat = "hxgpu vulkan pipelines 1\n"

// cache is the driver's pipeline cache, kept in a file from one run to the next.
// A file that cannot be used is as good as none.
type cache struct {
	driver *driver
	path   string // "" for none
	handle vk.PipelineCache
	grown  bool // pipelines have been made since it was opened
}

func openCache(d *driver, folder string) (*cache, error) {
	c := &cache{driver: d, path: cachePath(d.adapter, folder)}
	data := readCache(c.path)
	info := vk.PipelineCacheCreateInfo{SType: vk.StructureTypePipelineCacheCreateInfo, InitialDataSize: uint(len(data))}
	if len(data) > 0 {
		info.PInitialData = unsafe.Pointer(&data[0])
	}
	defer info.Free()
	var made vk.PipelineCache
	err := d.check("vkCreatePipelineCache", vk.CreatePipelineCache(d.handle, &info, nil, &made))
	c.handle = made
	return c, err
}

// cachePath names the file for an adapter and its driver.
func cachePath(a *adapter, folder string) string {
	if folder == "-" {
		return ""
	}
	if folder == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		folder = filepath.Join(user, "hxgpu")
	}
	p := &a.properties
	return filepath.Join(folder, fmt.Sprintf("vulkan-%04x-%04x-%08x-%x.cache", p.VendorID, p.DeviceID, p.DriverVersion, p.PipelineCacheUUID))
}

// readCache gives the driver's data in a file, nothing if there is none or it is
// damaged.
func readCache(path string) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	rest, ok := bytes.CutPrefix(content, []byte(cacheFormat))
	if !ok || len(rest) < sha256.Size {
		return nil
	}
	sum := sha256.Sum256(rest[sha256.Size:])
	if !bytes.Equal(sum[:], rest[:sha256.Size]) {
		return nil
	}
	return rest[sha256.Size:]
}

// save writes the file whole or not at all. It is only a cache: what fails here
// costs time in the next run and nothing else.
func (c *cache) save() {
	if c.path == "" || !c.grown {
		return
	}
	var size uint
	if vk.GetPipelineCacheData(c.driver.handle, c.handle, &size, nil) < 0 || size == 0 {
		return
	}
	data := make([]byte, size)
	if vk.GetPipelineCacheData(c.driver.handle, c.handle, &size, unsafe.Pointer(&data[0])) != vk.Success {
		return
	}
	data = data[:size]
	if os.MkdirAll(filepath.Dir(c.path), 0o700) != nil {
		return
	}
	file, err := os.CreateTemp(filepath.Dir(c.path), filepath.Base(c.path)+".*")
	if err != nil {
		return
	}
	sum := sha256.Sum256(data)
	_, err = file.Write(append(append([]byte(cacheFormat), sum[:]...), data...))
	if closed := file.Close(); err != nil || closed != nil || os.Rename(file.Name(), c.path) != nil {
		_ = os.Remove(file.Name())
	}
}

func (c *cache) close() {
	c.save()
	vk.DestroyPipelineCache(c.driver.handle, c.handle, nil)
}
