package bffg

import (
	"github.com/hxgpu/hxgpu/nuts"
)

// DrawPrior fills q with an unconstrained position of which the parameters are drawn
// from their priors and the noise is standard normal.
func (t *Target) DrawPrior(random *nuts.Stream, q []float64) {
	next := 0
	for _, p := range t.model.Parameters {
		switch {
		case p.free() == 0:
		case p.isCorrelation():
			next += copy(q[next:], p.Prior.DrawCorrelation(len(p.Labels), random))
		default:
			for range p.free() {
				q[next] = p.Prior.Unconstrain(p.Prior.Draw(random))
				next++
			}
		}
	}
	for ; next < len(q); next++ {
		q[next] = random.Normal()
	}
}
