package bffg

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
)

// Spacing says how the Euler steps of an edge lie in time.
type Spacing int

const (
	// EvenSteps are all of the same length.
	EvenSteps Spacing = iota
	// ShorteningSteps become shorter towards the end of the edge: the time after the
	// part u of the steps is that part u (2 - u) of the edge. With n steps the last is
	// 1/n^2 of the edge, so that a tip that is known well is not hit from afar (the time
	// change of van der Meulen & Schauer 2017, "Bayesian estimation of discretely observed
	// multi-dimensional diffusion processes using guided proposals").
	ShorteningSteps
)

var spacingNames = [...]string{EvenSteps: "even", ShorteningSteps: "shortening"}

// String is the name that [ParseSpacing] reads.
func (s Spacing) String() string {
	if s < 0 || int(s) >= len(spacingNames) {
		return fmt.Sprintf("Spacing(%d)", int(s))
	}
	return spacingNames[s]
}

// ParseSpacing reads the name of a spacing: even or shortening.
func ParseSpacing(name string) (Spacing, error) {
	for s, known := range spacingNames {
		if name == known {
			return Spacing(s), nil
		}
	}
	return 0, fmt.Errorf("there is no spacing %q; use even or shortening", name)
}

// at is the part of an edge's time that passes in a part of its steps, which may be
// above 1 for steps that an edge does not take.
func (s Spacing) at(part float64) float64 {
	part = min(part, 1)
	if s == ShorteningSteps {
		part *= 2 - part
	}
	return part
}

// stepTimes are when a step begins and ends. An edge with fewer steps than the
// loop has takes no time in the rest of them.
func (m Continuous) stepTimes(index, steps tensor.Value, e Edge) (begin, end tensor.Value) {
	at := func(part tensor.Value) tensor.Value {
		part = part.Min(tensor.Constant(1))
		if m.Spacing == ShorteningSteps {
			part = part.Mul(part.Neg().Shift(2))
		}
		return e.Length.Mul(part)
	}
	return at(index.Div(steps)), at(index.Shift(1).Div(steps))
}
