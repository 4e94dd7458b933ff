package shaders_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

// doubling stores at every item of the second buffer twice what the first has one
// item further, for a number of chains.
func doubling(chains int) *shaders.Kernel {
	b := shaders.NewBuilder("doubling", chains)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	at := b.AddInt(b.MulInt(b.Item(), b.ConstInt(chains)), b.Chain())
	x := b.Load(in, b.AddInt(at, b.ConstInt(chains)))
	b.Store(out, at, b.Binary(shaders.OpAdd, x, x))
	return b.Kernel()
}

// gathering sums, for every item, three values from a place that a table gives.
func gathering(chains int) *shaders.Kernel {
	b := shaders.NewBuilder("gathering", chains)
	table := b.Buffer("table", shaders.Int, shaders.Read)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	first := b.AddInt(b.MulInt(b.LoadInt(table, b.Item()), b.ConstInt(chains)), b.Chain())
	b.Store(out, b.AddInt(b.MulInt(b.Item(), b.ConstInt(chains)), b.Chain()), b.SegmentReduce(shaders.Sum, in, first, b.ConstInt(3), chains))
	return b.Kernel()
}

func fusion(chains, lanes, perGroup, shared int) shaders.Fusion {
	return shaders.Fusion{Name: "fused", Chains: chains, Lanes: lanes, ChainsPerGroup: perGroup, SharedElements: shared, Buffers: []shaders.FusionBuffer{
		{Name: "x", Type: shaders.Float, Size: 9 * chains}, {Name: "y", Type: shaders.Float, Size: 8 * chains, Private: true},
		{Name: "table", Type: shaders.Int, Size: 4}, {Name: "z", Type: shaders.Float, Size: 4 * chains}}}
}

func twoStages(chains int) [][]shaders.Part {
	return [][]shaders.Part{{{Kernel: doubling(chains), Count: 8, Buffers: []int{0, 1}}},
		{{Kernel: gathering(chains), Count: 4, Buffers: []int{2, 1, 3}}}}
}

// TestFuseListing: four lanes on each of two chains, y in a shared array; three
// chains, so that the second group has a lane without.
func TestFuseListing(t *testing.T) {
	f := fusion(3, 8, 2, 16)
	fused, err := shaders.Fuse(f, twoStages(3))
	require.NoError(t, err)
	require.NoError(t, shaders.Verify(fused.Kernel))
	require.Equal(t, []int{0, 2, 3}, fused.Buffers)
	require.Equal(t, []int{1}, fused.Shared)
	require.Empty(t, fused.Ranges)
	require.Equal(t, 2, f.Groups())
	require.Equal(t, strings.TrimSpace(fusedListing), strings.TrimSpace(fused.Kernel.String()))
}

const fusedListing = `
kernel "fused" chains 3 lanes 8
buffer $0 in float "x"
buffer $1 in int "table"
buffer $2 out float "z"
shared #0 float[16] "y"
  %0 = local
  %1 = const.int 0
  %2 = const.int 1
  %3 = and.int %0 %2
  %4 = shift.right.int %0 %2
  %5 = item
  %6 = const.int 2
  %7 = mul.int %5 %6
  %8 = add.int %7 %3
  %9 = const.int 3
  %10 = less.int %8 %9
  if %10
    %12 = loop %6
      %13 = const.int 4
      %14 = mul.int %12 %13
      %15 = add.int %14 %4
      %16 = const.int 8
      %17 = mul.int %15 %9
      %18 = add.int %17 %8
      %19 = add.int %18 %9
      %20 = load $0[%19]
      %21 = add %20 %20
      %22 = mul.int %15 %6
      %23 = add.int %22 %3
      store.shared #0[%23] %21
    end
  end
  barrier
  if %10
    %29 = const.int 4
    %30 = load.int $1[%4]
    %31 = mul.int %30 %6
    %32 = add.int %31 %3
    %33 = const 0
    %34 = load.shared #0[%32]
    %35 = add %33 %34
    %36 = add.int %32 %6
    %37 = load.shared #0[%36]
    %38 = add %35 %37
    %39 = add.int %32 %29
    %40 = load.shared #0[%39]
    %41 = add %38 %40
    %42 = mul.int %4 %9
    %43 = add.int %42 %8
    store $2[%43] %41
  end
`

func count(k *shaders.Kernel, op shaders.Op) int {
	n := 0
	for _, i := range k.Instructions {
		if i.Op == op {
			n++
		}
	}
	return n
}

// TestFuseNeedsNoBarrierWhereALaneCarriesAChain.
func TestFuseNeedsNoBarrierWhereALaneCarriesAChain(t *testing.T) {
	for _, c := range []struct{ lanes, chains, barriers int }{{8, 8, 0}, {8, 4, 1}, {1, 1, 0}, {64, 1, 1}} {
		fused, err := shaders.Fuse(fusion(8, c.lanes, c.chains, 0), twoStages(8))
		require.NoError(t, err)
		require.NoError(t, shaders.Verify(fused.Kernel))
		require.Equal(t, c.barriers, count(fused.Kernel, shaders.OpBarrier), "%+v", c)
		require.Zero(t, count(fused.Kernel, shaders.OpLoadShared), "there is no room")
		require.Equal(t, 1, count(fused.Kernel, shaders.OpSegmentReduce))
	}
}

// TestFuseRollsEqualStages: a deep tree's stages become one loop over a table.
func TestFuseRollsEqualStages(t *testing.T) {
	k := doubling(4)
	stages := func(n int) [][]shaders.Part {
		var all [][]shaders.Part
		for s := range n {
			all = append(all, []shaders.Part{{Kernel: k, First: 2 * s, Count: s + 1, Buffers: []int{0, 1}}})
		}
		return all
	}
	short, err := shaders.Fuse(fusion(4, 4, 1, 0), stages(5))
	require.NoError(t, err)
	require.Equal(t, []int32{0, 1, 2, 2, 4, 3, 6, 4, 8, 5}, short.Ranges)
	require.Equal(t, shaders.RangesBuffer, short.Buffers[len(short.Buffers)-1])
	long, err := shaders.Fuse(fusion(4, 4, 1, 0), stages(1000))
	require.NoError(t, err)
	require.NoError(t, shaders.Verify(long.Kernel))
	require.Len(t, long.Kernel.Instructions, len(short.Kernel.Instructions))
	require.Len(t, long.Ranges, 2000)
}

// TestFuseKeepsWhatHasNoPlacePerChain: a private buffer is no shared array if an
// index is not a place times the chains plus the chain.
func TestFuseKeepsWhatHasNoPlacePerChain(t *testing.T) {
	b := shaders.NewBuilder("first chain", 4)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	b.Store(out, b.AddInt(b.MulInt(b.Item(), b.ConstInt(4)), b.Chain()), b.Load(in, b.MulInt(b.Item(), b.ConstInt(4))))
	stages := append(twoStages(4), []shaders.Part{{Kernel: b.Kernel(), Count: 4, Buffers: []int{1, 3}}})
	fused, err := shaders.Fuse(fusion(4, 4, 4, 1000), stages)
	require.NoError(t, err)
	require.Empty(t, fused.Shared)
}

// TestFuseOffsets: a part may use a buffer from an offset on.
func TestFuseOffsets(t *testing.T) {
	stages := twoStages(4)
	stages[0][0].Offsets = []int{20, 0}
	fused, err := shaders.Fuse(fusion(4, 4, 4, 0), stages)
	require.NoError(t, err)
	added := 0
	for _, i := range fused.Kernel.Instructions {
		if i.Op == shaders.OpConstInt && i.Int == 20 {
			added++
		}
	}
	require.Equal(t, 1, added)
}

func TestFuseMistakes(t *testing.T) {
	loop := shaders.NewBuilder("loop", 4)
	loop.Loop(loop.ConstInt(2), func(shaders.Value) {})
	for message, change := range map[string]func(*shaders.Fusion, [][]shaders.Part){
		"12 lanes for 2 chains of a group; both must be powers of two": func(f *shaders.Fusion, _ [][]shaders.Part) { f.Lanes = 12 },
		"1 lanes for 2 chains":                           func(f *shaders.Fusion, _ [][]shaders.Part) { f.Lanes = 1 },
		"it is for 4 chains, the fusion for 5":           func(f *shaders.Fusion, _ [][]shaders.Part) { f.Chains = 5 },
		`stage 1, kernel "gathering": buffer 9 of 4`:     func(_ *shaders.Fusion, s [][]shaders.Part) { s[1][0].Buffers[0] = 9 },
		`buffer "table" is int, "x" of the fusion is fl`: func(_ *shaders.Fusion, s [][]shaders.Part) { s[1][0].Buffers[0] = 0 },
		"it has 2 buffers, 1 are given":                  func(_ *shaders.Fusion, s [][]shaders.Part) { s[0][0].Buffers = []int{0} },
		"items from -1, 8 of them":                       func(_ *shaders.Fusion, s [][]shaders.Part) { s[0][0].First = -1 },
		"only straight-line kernels can be fused":        func(_ *shaders.Fusion, s [][]shaders.Part) { s[0][0].Kernel = loop.Kernel() },
	} {
		f, stages := fusion(4, 8, 2, 0), twoStages(4)
		change(&f, stages)
		_, err := shaders.Fuse(f, stages)
		require.ErrorContains(t, err, message)
	}
}

func TestAffineForms(t *testing.T) {
	k := gathering(5)
	forms := shaders.AffineForms(k)
	var seen []shaders.Affine
	for _, i := range k.Instructions {
		switch i.Op {
		case shaders.OpLoadInt, shaders.OpSegmentReduce, shaders.OpStore:
			form := forms[i.A]
			if form.Loaded != shaders.NoValue {
				require.Equal(t, shaders.OpLoadInt, k.Instructions[form.Loaded].Op)
				form.Loaded = 0
			}
			seen = append(seen, form)
		}
	}
	require.Equal(t, []shaders.Affine{{Items: 1, Loaded: shaders.NoValue}, {Chains: 1, Scale: 5}, {Items: 5, Chains: 1, Loaded: shaders.NoValue}}, seen)
}
