package spirv_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/shaders/spirv"
)

var update = flag.Bool("update", false, "rewrite the golden listings of testdata")

// requireValidator skips a test where spirv-val is not installed; with
// HXGPU_REQUIRE=vulkan that is a failure.
func requireValidator(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("spirv-val"); err != nil {
		const missing = "spirv-val is not installed (Debian: spirv-tools)"
		if strings.Contains(os.Getenv("HXGPU_REQUIRE"), "vulkan") {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
}

// validate runs spirv-val on a module.
func validate(t *testing.T, k *shaders.Kernel, module []uint32) {
	t.Helper()
	var file, report bytes.Buffer
	require.NoError(t, binary.Write(&file, binary.LittleEndian, module))
	command := exec.Command("spirv-val", "--target-env", "vulkan1.1", "-")
	command.Stdin, command.Stdout, command.Stderr = &file, &report, &report
	if err := command.Run(); err != nil {
		text := k.String()
		t.Fatalf("spirv-val: %v: %s\n%s", err, report.String(), text[:min(len(text), 10_000)])
	}
}

func encode(t *testing.T, k *shaders.Kernel, o spirv.Options) []uint32 {
	t.Helper()
	module, err := spirv.Encode(k, o)
	require.NoError(t, err)
	return module
}

// split spreads x over three bindings, the first of which holds the integers too.
var split = []spirv.BufferLayout{{Bindings: []int{2, 3, 4}, Elements: 1 << 20}, {Bindings: []int{2}}}

// TestGolden compares modules with their listings in testdata. Run it with
// -update after a change of code generation, and review what has changed.
func TestGolden(t *testing.T) {
	shared := []spirv.BufferLayout{{Bindings: []int{0}}, {Bindings: []int{1}}, {Bindings: []int{1}}, {Bindings: []int{2, 3}, Elements: 1000}}
	for name, c := range map[string]struct {
		kernel  *shaders.Kernel
		options spirv.Options
	}{
		"gather32":      {gather(), spirv.Options{Bits: 32}},
		"gather64split": {gather(), spirv.Options{Bits: 64, Buffers: shared, PreserveSpecial: true}},
		"exponential32": {exponential(), spirv.Options{Bits: 32}},
		"exponential64": {exponential(), spirv.Options{Bits: 64}},
		"newton64":      {newton(), spirv.Options{Bits: 64}},
		"groupsum32":    {groupSum(), spirv.Options{Bits: 32}},
	} {
		t.Run(name, func(t *testing.T) {
			listing := disassemble(t, encode(t, c.kernel, c.options))
			path := filepath.Join("testdata", name+".spvasm")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(listing), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), listing)
		})
	}
}

// TestValid has spirv-val look at every operation, in grid and group kernels, with
// buffers apart, split and shared.
func TestValid(t *testing.T) {
	requireValidator(t)
	for _, k := range []*shaders.Kernel{everything(0), everything(32), newton(), groupSum(), {Name: "nothing", Chains: 7}} {
		for _, bits := range []int{32, 64} {
			for _, preserve := range []bool{false, true} {
				validate(t, k, encode(t, k, spirv.Options{Bits: bits, PreserveSpecial: preserve}))
				if len(k.Buffers) == len(split) {
					validate(t, k, encode(t, k, spirv.Options{Bits: bits, PreserveSpecial: preserve, Buffers: split}))
				}
			}
		}
	}
	for op := shaders.OpConstInt; op <= shaders.OpBarrier; op++ {
		used := false
		for _, k := range []*shaders.Kernel{everything(0), everything(32)} {
			for _, i := range k.Instructions {
				used = used || i.Op == op
			}
		}
		require.True(t, used, "%v is not tried", op)
	}
}

// TestDeterminism: equal kernels give equal modules.
func TestDeterminism(t *testing.T) {
	o := spirv.Options{Bits: 64, Buffers: split}
	first := encode(t, everything(32), o)
	for range 10 {
		require.Equal(t, first, encode(t, everything(32), o))
	}
}

// TestDecorations: what may be written is not declared read-only, what aliases says
// so, and floating-point arithmetic is never contracted.
func TestDecorations(t *testing.T) {
	has := func(listing, name, decoration string) bool {
		var id string
		for _, l := range strings.Split(listing, "\n") {
			if strings.HasPrefix(l, "          Name %") && strings.HasSuffix(l, fmt.Sprintf(" %q", name)) {
				id = strings.Fields(l)[1]
			}
		}
		require.NotEmpty(t, id, "no name %q", name)
		return strings.Contains(listing, "Decorate "+id+" "+decoration+"\n")
	}
	const aliased, coherent, nonWritable = "20", "23", "24"
	listing := disassemble(t, encode(t, gather(), spirv.Options{Bits: 32}))
	require.True(t, has(listing, "x", nonWritable))
	require.True(t, has(listing, "parent", nonWritable))
	require.False(t, has(listing, "out", nonWritable))
	require.False(t, has(listing, "x", aliased))

	// Everything in one binding: out writes what x, y and parent read.
	one := spirv.BufferLayout{Bindings: []int{5}}
	listing = disassemble(t, encode(t, gather(), spirv.Options{Bits: 32, Buffers: []spirv.BufferLayout{one, one, one, one}}))
	for _, name := range []string{"parent", "x+y+out"} {
		require.True(t, has(listing, name, aliased), name)
		require.False(t, has(listing, name, nonWritable), name)
	}

	require.True(t, has(disassemble(t, encode(t, groupSum(), spirv.Options{Bits: 32})), "x", coherent))
	require.False(t, has(disassemble(t, encode(t, newton(), spirv.Options{Bits: 32})), "x", coherent))

	for _, bits := range []int{32, 64} {
		listing = disassemble(t, encode(t, everything(0), spirv.Options{Bits: bits}))
		arithmetic, decorated := 0, strings.Count(listing, " 42\n")
		for _, op := range []string{"FAdd", "FSub", "FMul", "FDiv", "FNegate"} {
			arithmetic += strings.Count(listing, " = "+op+" ")
		}
		require.Equal(t, arithmetic, decorated)
	}
}

// TestZeros: drivers do not see that what is divided by is the constant zero, and
// so cannot forget what becomes of infinities and NaN.
func TestZeros(t *testing.T) {
	b := shaders.NewBuilder("zeros", 1)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	for i, zero := range []float64{0, math.Copysign(0, -1)} {
		v := b.Load(x, b.ConstInt(i))
		b.Store(x, b.ConstInt(i), b.Binary(shaders.OpDiv, v, b.Const(zero)))
	}
	for _, bits := range []int{32, 64} {
		module := encode(t, b.Kernel(), spirv.Options{Bits: bits})
		listing := disassemble(t, module)
		divisors := regexp.MustCompile(` = FDiv %\d+ %\d+ (%\d+)\n`).FindAllStringSubmatch(listing, -1)
		require.Len(t, divisors, 2)
		for _, divisor := range divisors {
			require.Contains(t, listing, divisor[1]+" = Bitcast ")
		}
		requireValidator(t)
		validate(t, b.Kernel(), module)
	}
}

// TestErrors: what cannot be encoded is refused in words.
func TestErrors(t *testing.T) {
	layout := func(l spirv.BufferLayout) spirv.Options {
		one := spirv.BufferLayout{Bindings: []int{0}}
		return spirv.Options{Bits: 32, Buffers: []spirv.BufferLayout{one, l, one, one}}
	}
	for want, o := range map[string]spirv.Options{
		"floats of 16 bits":                            {Bits: 16},
		"3 buffer layouts for 4 buffers":               {Bits: 32, Buffers: make([]spirv.BufferLayout, 3)},
		`buffer 1 ("x") has no binding`:                layout(spirv.BufferLayout{}),
		`buffer 1 ("x") has 5000 bindings`:             layout(spirv.BufferLayout{Bindings: make([]int, 5000), Elements: 1}),
		`buffer 1 ("x") has 2 bindings of 0 elements`:  layout(spirv.BufferLayout{Bindings: []int{1, 2}}),
		`buffer 1 ("x") has 2 bindings of -1 elements`: layout(spirv.BufferLayout{Bindings: []int{1, 2}, Elements: -1}),
		`buffer 1 ("x") has binding -1`:                layout(spirv.BufferLayout{Bindings: []int{-1}}),
	} {
		_, err := spirv.Encode(gather(), o)
		require.ErrorContains(t, err, `kernel "gather": `+want)
	}
	o := spirv.Options{Bits: 32}
	for want, k := range map[string]*shaders.Kernel{
		"there must be at least 1": {Name: "none"},
		"3000000000 chains":        {Name: "many", Chains: 3_000_000_000},
		"groups of 3000000000":     {Name: "many", Chains: 1, Lanes: 3_000_000_000},
		"has 300000000 elements":   {Name: "many", Chains: 1, Lanes: 1, Shared: []shaders.Shared{{Name: "s", Size: 300_000_000}}},
	} {
		_, err := spirv.Encode(k, o)
		require.ErrorContains(t, err, want)
	}
}

// nested is a kernel of regions in regions.
func nested(depth int) *shaders.Kernel {
	b := shaders.NewBuilder("nested", 1)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	var inner func(depth int)
	inner = func(depth int) {
		if depth == 0 {
			b.Store(x, b.Item(), b.SegmentReduce(shaders.Sum, x, b.ConstInt(0), b.Item(), 1))
			return
		}
		if depth%2 == 0 {
			b.Loop(b.ConstInt(2), func(shaders.Value) { inner(depth - 1) })
			return
		}
		b.If(b.LessInt(b.Item(), b.ConstInt(depth)), func() { inner(depth - 1) }, nil)
	}
	inner(depth)
	return b.Kernel()
}

// TestDepth: deep nesting is valid, and beyond the limit an error. (That of 998 is
// valid too, which takes spirv-val a minute to see.)
func TestDepth(t *testing.T) {
	o := spirv.Options{Bits: 32, Buffers: []spirv.BufferLayout{{Bindings: []int{0, 1}, Elements: 5}}}
	_, err := spirv.Encode(nested(1000), o)
	require.ErrorContains(t, err, "regions nest deeper than 1000")
	encode(t, nested(998), o)
	k := nested(150)
	module := encode(t, k, o)
	requireValidator(t)
	validate(t, k, module)
}
