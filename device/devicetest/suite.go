package devicetest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
)

// Ability is something that a backend can do beyond what every backend must.
type Ability uint8

// ChecksIndices: Program.Run gives an error that says "out of range" where a lane
// loads or stores outside of a buffer. GPUs cannot tell.
const ChecksIndices Ability = 1

// RunAll runs the suite on grids and groups of all shapes and in both precisions.
// Its tolerances are error bounds that the oracle carries along with every value.
// Open must open the backend, or skip the test if it has no such precision. The
// abilities are what the backend is held to besides.
func RunAll(t *testing.T, open func(t *testing.T, p device.Precision) device.Device, abilities ...Ability) {
	able := map[Ability]bool{}
	for _, a := range abilities {
		able[a] = true
	}
	tests := []struct {
		name string
		run  func(h *harness)
	}{
		{"constants and indices", testIndices},
		{"elementwise operations", testElementwise},
		{"scalars as operands", testScalarOperands},
		{"special values", testSpecialValues},
		{"truth values", testTruth},
		{"accesses", testAccesses},
		{"integers of any form", testOddIntegers},
		{"negative index offsets", testNegativeOffsets},
		{"segments", testSegments},
		{"wide segments", testWideSegments},
		{"in place", testInPlace},
		{"parts of one buffer", testPartsOfOneBuffer},
		{"the last store wins", testLastStoreWins},
		{"stages", testStages},
		{"dispatches of one stage", testOneStage},
		{"chains on their own", testChainsIndependent},
		{"many chains", testManyChains},
		{"new data between runs", testNewData},
		{"empty work", testEmpty},
		{"buffers", testBuffers},
		{"bad recordings", testBadRecordings},
		{"bad kernels", testBadKernels},
		{"index out of range", testOutOfRange},
		{"use after close", testClosed},
		{"cancelled context", testCancelled},
		{"several goroutines", testGoroutines},
		{"random kernels", testRandom},
		{"random nests", testRandomStructured},
		{"branches", testBranches},
		{"loops", testLoops},
		{"variables", testVariables},
		{"loads of own stores", testOwnStores},
		{"guarded accesses", testGuardedAccesses},
		{"integer operations", testIntegerOperations},
		{"integer stores", testIntegerStores},
		{"conversions", testConversions},
		{"reductions over groups", testReductions},
		{"exchange across barriers", testExchange},
		{"shared arrays", testSharedArrays},
		{"many groups", testManyGroups},
		{"limits of groups", testGroupLimits},
		{"groups and grids in one stage", testMixedStages},
		{"a whole program in one kernel", testFused},
		{"arrays", testArrays},
		{"arrays of other items", testArrayPlaces},
		{"stages of arrays", testArrayStages},
		{"random words and normals", testPhilox},
		{"repetitions", testRepeat},
		{"timings", testTimed},
	}
	for name, precision := range map[string]device.Precision{"float64": device.Float64, "float32": device.Float32} {
		t.Run(name, func(t *testing.T) {
			for _, test := range tests {
				t.Run(test.name, func(t *testing.T) {
					d := open(t, precision)
					info := d.Info()
					require.Equal(t, precision, info.Precision)
					require.NotEmpty(t, info.Name)
					require.GreaterOrEqual(t, info.Workers, 1)
					h := newHarness(t, d, able, precision)
					test.run(h)
					h.close()
					require.NoError(t, d.Close())
				})
			}
		})
	}
}

// laneCounts and chainCounts are sizes on either side of what hardware likes:
// single lanes, odd numbers, more than one workgroup or block.
var (
	laneCounts  = []int{1, 2, 3, 31, 1023, 65537}
	chainCounts = []int{1, 2, 3, 4, 7, 8}
)

// sub runs a part of a test under its own name with buffers of its own.
func (h *harness) sub(name string, run func(h *harness)) {
	h.t.Run(name, func(t *testing.T) {
		part := newHarness(t, h.device, h.able, h.precision)
		part.compiled = h.compiled
		run(part)
		part.close()
	})
}

// grids runs a test for every grid.
func (h *harness) grids(run func(h *harness, items, chains int)) {
	for _, lanes := range laneCounts {
		for _, chains := range chainCounts {
			if lanes > 10_000 && (chains != 4 || testing.Short()) {
				continue // the oracle is slow
			}
			items := (lanes + chains - 1) / chains
			h.sub(fmt.Sprintf("%dx%d", items, chains), func(h *harness) { run(h, items, chains) })
		}
	}
}
