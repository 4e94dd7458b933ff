package progress

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/hxgpu/hxgpu/nuts"
)

// rates follow the speed of chains.
type rates []rate

type rate struct {
	transitions int
	at          time.Duration
	perSecond   float64
}

// fewestTransitions are enough to tell a chain's speed from.
const fewestTransitions = 5

// update averages each chain's speed over the last second or so, longer where
// transitions are rare.
func (r *rates) update(s nuts.Progress) {
	if len(*r) != len(s.Chains) {
		*r = make(rates, len(s.Chains))
	}
	for c, chain := range s.Chains {
		r := &(*r)[c]
		step, gained := s.Elapsed-r.at, chain.Transitions-r.transitions
		if step >= time.Second && gained >= fewestTransitions || r.perSecond == 0 && step > 0 && gained > 0 {
			now := float64(gained) / step.Seconds()
			if r.perSecond > 0 {
				now = (now + r.perSecond) / 2
			}
			r.transitions, r.at, r.perSecond = chain.Transitions, s.Elapsed, now
		}
	}
}

// left is how many seconds a chain still needs, as far as one can tell: NaN where one
// cannot, 0 for one that is done.
func (r rates) left(c int, chain nuts.ChainProgress) float64 {
	switch todo := chain.Total - chain.Transitions; {
	case todo <= 0:
		return 0
	case r[c].perSecond <= 0:
		return math.NaN()
	default:
		return float64(todo) / r[c].perSecond
	}
}

// total is what all chains have done together.
type total struct {
	done, total, divergences int
	leapfrogs                int64
	perSecond                float64 // of all chains
	left                     float64 // of the chain that has most to do
}

func sum(s nuts.Progress, r *rates) total {
	var t total
	slowest := 0
	for c, chain := range s.Chains {
		t.done, t.total = t.done+chain.Transitions, t.total+chain.Total
		t.leapfrogs += chain.Leapfrogs
		t.divergences += chain.Divergences
		if chain.Transitions < chain.Total {
			t.perSecond += (*r)[c].perSecond
		}
		if chain.Total-chain.Transitions > s.Chains[slowest].Total-s.Chains[slowest].Transitions {
			slowest = c
		}
	}
	t.left = r.left(slowest, s.Chains[slowest])
	return t
}

// Left writes a time that is left as the table and the lines do, in six characters.
func Left(d time.Duration) string { return leftText(d.Seconds()) }

// leftText writes seconds that are left with two units at most, in six characters.
func leftText(seconds float64) string {
	const day = 24 * time.Hour
	if seconds == 0 {
		return "done"
	}
	if math.IsNaN(seconds) {
		return "?"
	}
	if seconds > (9999 * day).Seconds() {
		return ">9999d"
	}
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour-500*time.Millisecond:
		return strings.TrimPrefix(d.Round(time.Second).String(), "0m")
	case d < 4*day:
		return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	default:
		return fmt.Sprintf("%.0fd", d.Hours()/24)
	}
}
