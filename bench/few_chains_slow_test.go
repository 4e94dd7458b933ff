//go:build slow

package bench

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
)

// TestFewChains measures the gradient of the seed model for a few chains in one group, on
// one core, for trees of several sizes. On a quiet machine two chains take 1.05 to 1.9
// times as long as one with AVX-512, the more the larger the tree, three 1.2 times as long
// as four. What is asserted would have failed while parents and children were gathered
// lane by lane and rows of three chains had their indices checked in vectors: 3.1 and 1.6
// with 1,024 tips.
func TestFewChains(t *testing.T) {
	for _, e := range engines() {
		if e.name == "portable" {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			for _, tips := range []int{16, 64, 256, 1024} {
				data := simulatedTips(t, tips)
				line := fmt.Sprintf("%4d tips, us for", tips)
				took := map[int]time.Duration{}
				for _, chains := range []int{1, 2, 3, 4, 8} {
					target, err := bffg.NewTarget(bffg.Seed(), data)
					require.NoError(t, err)
					opened, err := target.Open(e.open(t, 1), chains)
					require.NoError(t, err)
					n := chains * target.Dim()
					q, slope, density := make([]float64, n), make([]float64, n), make([]float64, chains)
					best, rounds := time.Duration(math.MaxInt64), 20000/tips+1
					for range 25 {
						began := time.Now()
						for range rounds {
							require.NoError(t, opened.Gradient(context.Background(), q, density, slope))
						}
						best = min(best, time.Since(began)/time.Duration(rounds))
					}
					took[chains] = best
					line += fmt.Sprintf(" %d: %6.2f", chains, float64(best.Nanoseconds())/1000)
					require.NoError(t, opened.Close())
				}
				t.Log(line)
				assert.Less(t, took[2].Seconds()/took[1].Seconds(), 2.4, "two chains to one, %d tips", tips)
				assert.Less(t, took[3].Seconds()/took[4].Seconds(), 1.4, "three chains to four, %d tips", tips)
			}
		})
	}
}
