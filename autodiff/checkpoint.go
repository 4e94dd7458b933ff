package autodiff

import "github.com/hxgpu/hxgpu/tensor"

const (
	// fewestSegmented is how many steps a loop must have to be cut into segments.
	fewestSegmented = 16
	// largestRatio is how many times what a step keeps anyhow may be carried
	// before a loop is cut into segments.
	largestRatio = 4
)

// SegmentLength is how many steps of a loop make a segment where its gradient is
// taken: of every segment only the start is stored, and its steps are run again
// from there (Griewank & Walther 2008, Evaluating Derivatives, section 12.2, with
// one level of checkpoints). It is 0 for a loop of which every step's start is
// stored: one with fewer than 16 steps, or with carried values of at most 4 times
// the size of a step's slices and stacked values, which take memory for every step
// whatever is done here.
//
// The length is the one that needs the least memory, counted in states: the starts of
// the segments, the starts of the steps that are left over, and those of the steps of
// one segment. That is close to twice the square root of the steps.
func SegmentLength(l *tensor.LoopBody) int {
	carried, kept := 0, 0
	for _, c := range l.Carried {
		carried += c.Shape.Size()
	}
	for _, s := range l.Sliced {
		kept += s.Shape.Size()
	}
	for _, v := range l.Stacked {
		kept += v.Shape().Size()
	}
	if l.Steps < fewestSegmented || carried <= largestRatio*kept {
		return 0
	}
	best, least := 0, l.Steps
	for every := 2; every < l.Steps; every++ {
		if states := l.Steps/every + l.Steps%every + every; states < least {
			best, least = every, states
		}
	}
	return best
}

// Segment writes an OpLoop node as a loop over segments of so many steps around a
// loop over the steps of one, and a loop over the steps that are left over, which
// are the last in number. The results are those of [tensor.Loop]: the final carried
// values and the stacked values of all steps. The reverse of the outer loop stores
// only what the segments began with.
func Segment(n *tensor.Node, every int) (final, stacked []tensor.Value) {
	l := n.Loop
	if l == nil {
		tensor.Fail("Segment", "the node is a %v, not a loop", n.Op)
	}
	if every < 1 || every > l.Steps {
		tensor.Fail("Segment", "segments of %d steps in a loop of %d", every, l.Steps)
	}
	segments := l.Steps / every
	whole := segments * every
	loop := tensor.Loop
	if l.Backwards {
		loop = tensor.LoopBackwards
	}
	// steps runs consecutive steps of the loop, of which the first has a given number.
	steps := func(count int, first tensor.Value, initial, sliced []tensor.Value) (final, stacked []tensor.Value) {
		return loop(count, initial, sliced, func(s tensor.Step) (next, stacked []tensor.Value) {
			outputs := tensor.Substitute(l.Outputs(), bind(n, first.Add(s.Index), s.Carried, s.Sliced))
			return outputs[:len(s.Carried)], outputs[len(s.Carried):]
		})
	}
	var restStacked []tensor.Value
	var sliced []tensor.Value
	for i, o := range n.Operands[:len(l.Carried)+len(l.Sliced)] {
		if i < len(l.Carried) {
			final = append(final, tensor.Wrap(o))
		} else {
			sliced = append(sliced, tensor.Wrap(o))
		}
	}
	rest := func() {
		if whole < l.Steps {
			final, restStacked = steps(l.Steps-whole, tensor.Constant(float64(whole)), final, rows(sliced, whole, l.Steps-whole))
		}
	}
	if l.Backwards {
		rest()
	}
	final, stacked = loop(segments, final, rows(sliced, 0, segments, every), func(s tensor.Step) (next, stacked []tensor.Value) {
		return steps(every, s.Index.Scale(float64(every)), s.Carried, s.Sliced)
	})
	if !l.Backwards {
		rest()
	}
	for i, v := range l.Stacked {
		all := stacked[i]
		if restStacked != nil {
			all = tensor.Concat(all, restStacked[i])
		}
		stacked[i] = all.Reshape(append(tensor.Shape{l.Steps}, v.Shape()...)...)
	}
	return final, stacked
}

// rows are consecutive parts of values along the first extent, with that extent
// replaced by others of the same number in all.
func rows(values []tensor.Value, first int, extents ...int) []tensor.Value {
	parts := make([]tensor.Value, len(values))
	for i, v := range values {
		shape := append(append(tensor.Shape(nil), extents...), v.Shape()[1:]...)
		start := first * v.Shape()[1:].Size()
		parts[i] = pick(v, tensor.Part{Offset: start, Shape: shape})
	}
	return parts
}
