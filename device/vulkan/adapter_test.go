//go:build cgo

package vulkan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
)

func TestChoice(t *testing.T) {
	adapters := func(names ...string) []*adapter {
		var all []*adapter
		for _, n := range names {
			kind, name, _ := strings.Cut(n, ":")
			all = append(all, &adapter{Adapter: Adapter{Kind: kind, Name: name}})
		}
		numberAdapters(all)
		return all
	}
	all := adapters("cpu:llvmpipe", "integrated:Iris Xe", "discrete:GeForce 9", "discrete:Radeon 7", "other:thing")
	for wanted, want := range map[string]string{"": "GeForce 9", "1": "Iris Xe", "radeon": "Radeon 7", "LLVM": "llvmpipe", "force 9": "GeForce 9"} {
		got, err := choose(all, wanted)
		require.NoError(t, err)
		require.Equal(t, want, got.Name, "asked for %q", wanted)
	}
	_, err := choose(all, "9") // a number is never part of a name
	require.ErrorContains(t, err, `no adapter "9"`)
	_, err = choose(all, "quadro")
	require.ErrorContains(t, err, `no adapter "quadro"; there is 0 llvmpipe, 1 Iris Xe`)
	for _, order := range [][]string{{"cpu:a", "other:b"}, {"other:a", "virtual:b"}, {"virtual:a", "integrated:b"}, {"integrated:a", "discrete:b"}} {
		got, err := choose(adapters(order...), "")
		require.NoError(t, err)
		require.Equal(t, "b", got.Name)
	}
	_, err = choose(nil, "")
	require.ErrorIs(t, err, errNoAdapter)
}

func TestList(t *testing.T) {
	available(t)
	all, err := List()
	require.NoError(t, err)
	for i, a := range all {
		require.Equal(t, i, a.Index)
		require.NotEmpty(t, a.Name)
		require.NotEmpty(t, a.Kind)
		require.NotEmpty(t, a.Driver)
		require.Regexp(t, `^1\.[1-9]\d*\.\d+$`, a.API)
		require.Positive(t, a.Memory)
		require.GreaterOrEqual(t, a.Limits.GroupLanes, 128)
		require.GreaterOrEqual(t, a.Limits.SharedBytes, 16<<10)
		require.Positive(t, a.Limits.SubgroupLanes)
		require.GreaterOrEqual(t, a.BufferRange, int64(1<<27))
		require.GreaterOrEqual(t, a.Descriptors, 4)
		d, err := Open(Options{Device: strings.ToUpper(a.Name), Precision: device.Float32, CacheDir: "-"})
		require.NoError(t, err)
		info := d.Info()
		require.Equal(t, "vulkan", info.Name)
		require.Contains(t, info.Detail, a.Name)
		require.Contains(t, info.Detail, "float32")
		require.Equal(t, a.Software, info.Software)
		require.True(t, info.Fuses)
		require.Equal(t, a.Limits, info.Limits)
		require.NoError(t, d.Close())
		require.NoError(t, d.Close(), "closing twice")
	}
}

func TestCache(t *testing.T) {
	available(t)
	folder := filepath.Join(t.TempDir(), "not yet there")
	use := func() string {
		opened, err := Open(Options{Precision: device.Float32, CacheDir: folder})
		require.NoError(t, err)
		g := opened.(*gpu)
		b := floats(t, g, 1)
		record(t, g, device.Recording{Stages: [][]device.Dispatch{{increment(t, g, b, 0, 1)}}})
		path := g.pipelines.cache.path
		require.NoError(t, g.Close())
		return path
	}
	path := use()
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	data := readCache(path)
	require.NotEmpty(t, data)
	for name, content := range map[string][]byte{
		"empty":         nil,
		"cut":           written[:len(written)-1],
		"changed":       append(append([]byte(nil), written[:len(written)-1]...), written[len(written)-1]^1),
		"another form":  append([]byte("x"), written...),
		"only its head": []byte(cacheFormat),
	} {
		require.NoError(t, os.WriteFile(path, content, 0o600))
		require.Empty(t, readCache(path), name)
		require.Equal(t, path, use())
		require.NotEmpty(t, readCache(path), "%s: it is written anew", name)
	}
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing is left over")

	// A folder that cannot be written costs nothing but time.
	blocked := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(blocked, nil, 0o600))
	folder = filepath.Join(blocked, "below")
	use()
}

func TestCachePath(t *testing.T) {
	a := &adapter{}
	a.properties.VendorID, a.properties.DeviceID, a.properties.DriverVersion = 0x10de, 0x2204, 7
	a.properties.PipelineCacheUUID[0] = 0xab
	require.Equal(t, filepath.Join("f", "vulkan-10de-2204-00000007-ab000000000000000000000000000000.cache"), cachePath(a, "f"))
	require.Empty(t, cachePath(a, "-"))
	t.Setenv("XDG_CACHE_HOME", "/home/someone/.cache")
	if user, err := os.UserCacheDir(); err == nil {
		require.Equal(t, filepath.Join(user, "hxgpu"), filepath.Dir(cachePath(a, "")))
	}
}
