package native

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

// TestFingerprint: whatever of a kernel is different, its fingerprint is.
func TestFingerprint(t *testing.T) {
	kernel := func() *shaders.Kernel {
		return &shaders.Kernel{Name: "k", Buffers: make([]shaders.Buffer, 1), Shared: make([]shaders.Shared, 1), Instructions: make([]shaders.Instruction, 2),
			Arrays: &shaders.ArrayProgram{Constants: make([]float64, 1), Instructions: []shaders.ArrayInstruction{{Out: shaders.Span{Steps: make([]shaders.StepStride, 1)}, Indices: make([]int32, 1)}}}}
	}
	seen := map[fingerprint]string{fingerprintOf(kernel(), 64, true): "the kernel", fingerprintOf(kernel(), 64, false): "AVX2", fingerprintOf(kernel(), 32, true): "float32"}
	require.Len(t, seen, 3)
	require.Contains(t, seen, fingerprintOf(kernel(), 64, true))
	leaves := 0
	// change changes the leaf of some number of a value, and tells whether there was one.
	var change func(v reflect.Value, path string, left *int) string
	change = func(v reflect.Value, path string, left *int) string {
		switch v.Kind() {
		case reflect.Pointer:
			return change(v.Elem(), path, left)
		case reflect.Struct:
			for i := range v.NumField() {
				if found := change(v.Field(i), path+"."+v.Type().Field(i).Name, left); found != "" {
					return found
				}
			}
			return ""
		case reflect.Slice:
			for i := range v.Len() {
				if found := change(v.Index(i), path+"[]", left); found != "" {
					return found
				}
			}
			return ""
		}
		if *left > 0 {
			*left--
			return ""
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString("other")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Float64:
			v.SetFloat(7)
		case reflect.Int, reflect.Int32:
			v.SetInt(7)
		case reflect.Uint8:
			v.SetUint(7)
		default:
			require.Failf(t, "a kind that has no test", "%s is a %v", path, v.Kind())
		}
		return path
	}
	for ; ; leaves++ {
		k, left := kernel(), leaves
		path := change(reflect.ValueOf(k), "", &left)
		if path == "" {
			break
		}
		key := fingerprintOf(k, 64, true)
		require.NotContains(t, seen, key, "%s differs, and is as in %s", path, seen[key])
		seen[key] = path
	}
	require.Greater(t, leaves, 60)
}

// TestCompiledOnce: the code of a kernel is kept until there is too much.
func TestCompiledOnce(t *testing.T) {
	var c cache[int]
	compiled := 0
	get := func(chains int) int {
		code, err := c.get(&shaders.Kernel{Chains: chains}, 64, true, func() (*int, int, error) {
			compiled++
			return &chains, mostCached / 2, nil
		})
		require.NoError(t, err)
		return *code
	}
	require.Equal(t, []int{1, 1, 2, 1}, []int{get(1), get(1), get(2), get(1)})
	require.Equal(t, 2, compiled)
	require.Equal(t, []int{3, 1}, []int{get(3), get(1)})
	require.Equal(t, 4, compiled)
}
