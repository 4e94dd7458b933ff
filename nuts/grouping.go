package nuts

import (
	"math"

	"github.com/hxgpu/hxgpu/device"
)

// On a processor a group has about as many chains as a cache holds what their gradient
// works on: cachedBytes of positions, and some ten times as much beside them. Chains whose
// paths have the same length make at least one full vector. Those of NUTS wait for the
// longest trajectory of their group, and are fewer, down to one chain that fills vectors
// with its own coordinates.
const (
	cachedBytes = 32 << 10
	vectorBytes = 64
	mostOfPaths = 16 * vectorBytes
	mostOfTrees = 2 * vectorBytes
)

// groupsFor is the default number of groups.
func groupsFor(info device.Info, o *Options, dim int) int {
	if info.Fuses || o.Sampler == OnDevice {
		return info.Workers
	}
	bytes := 8
	if info.Precision == device.Float32 {
		bytes = 4
	}
	least, most := vectorBytes/bytes, mostOfPaths/bytes
	if o.Algorithm == NUTS {
		least, most = 1, mostOfTrees/bytes
	}
	cached := math.Exp2(math.Round(math.Log2(float64(cachedBytes) / float64(bytes*max(dim, 1)))))
	chains := min(max(int(cached), least), most)
	if o.Algorithm == HMC && info.Workers > 1 {
		// Groups meet after every transition: one works while another waits.
		chains = min(chains, max(o.Chains/(2*info.Workers), 2*least))
	}
	rounds := (o.Chains + chains*info.Workers - 1) / (chains * info.Workers)
	return max(rounds, 1) * info.Workers
}
