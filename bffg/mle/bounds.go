package mle

import "github.com/hxgpu/hxgpu/bffg/prior"

// atBound is how much log likelihood may be lost by moving a parameter to the bound of
// its range that it is held at there.
const atBound = 1e-6

// toBounds moves the coordinates to the bounds of their ranges towards which the
// likelihood rises, or does not fall, and holds them there.
func (o *objective) toBounds(x []float64) []float64 {
	for i, c := range o.coordinates {
		var ends []float64
		switch c.support {
		case prior.Positive:
			ends = []float64{-farthest}
		case prior.Interval, prior.Correlation:
			ends = []float64{-farthest, farthest}
		}
		if c.support == prior.Correlation { // tanh is 1 there
			ends = []float64{-20, 20}
		}
		value := o.minus(x)
		for _, end := range ends {
			moved := append([]float64(nil), x...)
			moved[i] = end
			if o.minus(moved) > value+atBound {
				continue
			}
			// The others may have leaned on it.
			o.held[i] = true
			o.last = nil
			if next, found := o.search(moved); next != nil && found <= value+atBound {
				x = next
				break
			}
			o.held[i] = false
			o.last = nil
		}
	}
	o.last = nil
	return x
}
