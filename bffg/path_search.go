package bffg

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/hxgpu/hxgpu/nuts"
)

// A search tries searchStarts draws of the prior, and then searchLength paths for each
// parameter by the simplex; every path is linearised in searchRounds rounds.
const (
	searchStarts = 24
	searchLength = 60
	searchRounds = 4
)

// referenceSteps is the number of steps of an edge with which the parameters of the
// reference are looked for, smaller for trees of many edges.
func referenceSteps(edges int) int { return min(max(200/max(edges, 1), 2), 5) }

// search looks for the parameters of a reference.
type search struct {
	ctx      context.Context
	l        *linearisation
	natural  func(position []float64) (map[string][]float64, error)
	progress func(done, most int)

	done, most int
	before     *reference // the path that all others start from
	failure    error
}

// run climbs Laplace's approximation of the parameters' posterior from the best of some
// positions by the simplex of Nelder and Mead, and by one step of Newton's at the end.
// An estimated root goes to its smoothed state.
func (s *search) run(starts [][]float64) (position, spread []float64, err error) {
	var free, root []int
	next := 0
	for _, p := range s.l.model.Parameters {
		for range p.free() {
			if p.Name == RootValue {
				root = append(root, next)
			} else {
				free = append(free, next)
			}
			next++
		}
	}
	if len(free) == 0 {
		starts = starts[:1]
	}
	s.most = len(starts) + searchLength*len(free) + 2*len(free)*(len(free)+3)
	start, err := s.start(starts)
	if err != nil {
		return nil, nil, err
	}
	position, spread = append([]float64(nil), start...), make([]float64, len(start))
	if len(free) > 0 {
		x := make([]float64, len(free))
		for k, i := range free {
			x[k] = start[i]
		}
		place := func(x []float64) []float64 {
			for k, i := range free {
				position[i] = x[k]
			}
			return position
		}
		minus := func(x []float64) float64 {
			value, _ := s.evaluate(place(x))
			return value
		}
		settings := &optimize.Settings{FuncEvaluations: searchLength * len(free), Recorder: interruption{s.ctx},
			Converger: &optimize.FunctionConverge{Absolute: 0.2, Iterations: 5 * len(free)}}
		result, err := optimize.Minimize(optimize.Problem{Func: minus}, x, settings, &optimize.NelderMead{SimplexSize: 0.5})
		if result == nil || math.IsInf(result.F, 0) || math.IsNaN(result.F) {
			if s.failure == nil {
				s.failure = err
			}
			return nil, nil, s.failure
		}
		x, sds := curvature(minus, result.X)
		position = place(x)
		for k, i := range free {
			spread[i] = sds[k]
		}
	}
	if len(root) > 0 {
		if err := s.smoothRoot(position, spread, root); err != nil {
			return nil, nil, err
		}
	}
	return position, spread, s.ctx.Err()
}

// start places the search at the best of some positions, since a path far from any
// that follows the data says little of where to go, and keeps its path.
func (s *search) start(starts [][]float64) ([]float64, error) {
	var best []float64
	var path *reference
	lowest := math.Inf(1)
	for _, position := range starts {
		if value, r := s.evaluate(position); value < lowest {
			best, lowest, path = position, value, r
		}
	}
	if s.before = path; path == nil {
		return nil, s.failure
	}
	return best, s.ctx.Err()
}

// evaluate is minus Laplace's approximation of the log posterior, and the path that
// it is found by.
func (s *search) evaluate(position []float64) (float64, *reference) {
	if s.ctx.Err() != nil {
		return math.Inf(1), nil
	}
	parameters, err := s.natural(position)
	if err == nil {
		var r *reference
		r, err = s.l.fit(parameters, s.before, searchRounds)
		if s.done++; s.progress != nil {
			s.progress(min(s.done, s.most), s.most)
		}
		if err == nil {
			return -r.value - parameters[LogPrior][0], r
		}
	}
	s.failure = err
	return math.Inf(1), nil
}

// smoothRoot moves an estimated root to its smoothed state.
func (s *search) smoothRoot(position, spread []float64, root []int) error {
	parameters, err := s.natural(position)
	if err != nil {
		return err
	}
	r, err := s.l.fit(parameters, s.before, searchRounds)
	if err != nil {
		return err
	}
	message, err := r.backward()
	if err != nil {
		return err
	}
	var inverse, move mat.Dense
	if err := inverse.Inverse(message.h); err != nil {
		return fmt.Errorf("the data do not tell the root's state: %w", err)
	}
	move.Mul(&inverse, message.f)
	for k, i := range root {
		m := r.edges.columns()
		position[i] += move.At(k/m, k%m)
		spread[i] = math.Sqrt(inverse.At(k/m, k/m))
	}
	return nil
}

// interruption ends a search once its context does.
type interruption struct{ ctx context.Context }

func (interruption) Init() error { return nil }
func (i interruption) Record(*optimize.Location, optimize.Operation, *optimize.Stats) error {
	return i.ctx.Err()
}

// searchPositions are where a search may begin: draws of the parameters' priors on the
// unconstrained scale, and before them their mean. An estimated root is at the mean of
// the tips, and nothing is correlated.
func (m *Model) searchPositions(data Data) [][]float64 {
	random := nuts.NewStream(1, 0, 0, nuts.PurposeSimulation)
	all := make([][]float64, searchStarts+1)
	for _, p := range m.Parameters {
		for k := range p.free() {
			sum := 0.0
			for i := range searchStarts {
				x := 0.0
				switch {
				case p.Name == RootValue:
					x, _, _ = data.Moments(k)
				case !p.isCorrelation():
					x = p.Prior.Unconstrain(p.Prior.Draw(&random))
				}
				all[i+1] = append(all[i+1], x)
				sum += x
			}
			all[0] = append(all[0], sum/searchStarts)
		}
	}
	return all
}
