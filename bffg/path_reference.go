package bffg

import (
	"context"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// fit follows the data at given parameters in at most some rounds, from the path at
// other parameters or from none.
func (l *linearisation) fit(parameters map[string][]float64, before *reference, rounds int) (*reference, error) {
	r, err := l.newReference(parameters, before)
	if err != nil {
		return nil, err
	}
	for range rounds {
		last := r.value
		if err := r.improve(); err != nil {
			return nil, err
		}
		if math.Abs(r.value-last) < settled {
			break
		}
	}
	if math.IsNaN(r.value) || math.IsInf(r.value, 0) {
		return nil, fmt.Errorf("its log density is %v", r.value)
	}
	return r, nil
}

// searchLength is how many paths the simplex tries for each parameter.
const searchLength = 60

// settled is a change of the log density after which a path is not moved further.
const settled = 0.01

// referenceSteps is the number of steps of an edge with which the parameters of the
// reference are looked for, smaller for trees of many edges.
func referenceSteps(edges int) int { return min(max(200/max(edges, 1), 2), 5) }

// withControls is a model of PathBridge with the controls for the data, and the
// position of the parameters that they were computed at with its spread: the maximum of
// Laplace's approximation of their posterior and its standard deviations, found roughly.
// It tells how many paths of at most how many have been tried.
func (m *Model) withControls(ctx context.Context, data Data, progress func(done, most int)) (bound *Model, position, spread []float64, err error) {
	fail := func(err error) (*Model, []float64, []float64, error) {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		return nil, nil, nil, fmt.Errorf("no path of model %q follows the data: %w; guide by messages instead (the discrete bridge)", m.Name, err)
	}
	coarse, err := newLinearisation(m, data, referenceSteps(data.Topology.Size()-1))
	if err != nil {
		return fail(err)
	}
	fine, err := newLinearisation(m, data, m.Continuous.Steps)
	if err != nil {
		return fail(err)
	}
	natural, err := m.naturalProgram()
	if err != nil {
		return fail(err)
	}
	s := &search{ctx: ctx, l: coarse, natural: natural, progress: progress}
	if position, spread, err = s.run(m.typicalPosition(data)); err != nil {
		return fail(err)
	}
	parameters, err := natural(position)
	if err != nil {
		return fail(err)
	}
	r, err := fine.fit(parameters, nil, fine.edges.Rounds+1)
	if err != nil {
		return fail(err)
	}
	copied, edges := *m, *m.Continuous
	if edges.controls, err = r.bind(); err != nil {
		return fail(err)
	}
	copied.Continuous = &edges
	return &copied, position, spread, ctx.Err()
}

// search looks for the parameters of a reference.
type search struct {
	ctx      context.Context
	l        *linearisation
	natural  func(position []float64) (map[string][]float64, error)
	progress func(done, most int)

	done, most int
	before     *reference // the path of the last parameters is near that of the next
	failure    error
}

// run climbs Laplace's approximation of the parameters' posterior by the simplex of
// Nelder and Mead, and by one step of Newton's at the end. An estimated root goes to
// its smoothed state.
func (s *search) run(start []float64) (position, spread []float64, err error) {
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
		minus := func(x []float64) float64 { return s.minus(place(x)) }
		s.most = searchLength*len(free) + 2*len(free)*(len(free)+3)
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

// minus is minus Laplace's approximation of the log posterior.
func (s *search) minus(position []float64) float64 {
	if s.ctx.Err() != nil {
		return math.Inf(1)
	}
	parameters, err := s.natural(position)
	if err == nil {
		var r *reference
		if r, err = s.l.fit(parameters, s.before, s.l.edges.Rounds+1); err == nil {
			s.before = r
			if s.done++; s.progress != nil {
				s.progress(min(s.done, s.most), s.most)
			}
			return -r.value - parameters[LogPrior][0]
		}
	}
	s.failure, s.before = err, nil
	return math.Inf(1)
}

// smoothRoot moves an estimated root to its smoothed state.
func (s *search) smoothRoot(position, spread []float64, root []int) error {
	parameters, err := s.natural(position)
	if err != nil {
		return err
	}
	r, err := s.l.fit(parameters, s.before, s.l.edges.Rounds+1)
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

// naturalProgram maps a position to the natural parameters and the log prior.
func (m *Model) naturalProgram() (func(position []float64) (map[string][]float64, error), error) {
	schema, err := tree.NewSchema(m.positionField())
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	m.addParameters(p)
	if err := p.Err(); err != nil {
		return nil, err
	}
	single, _, err := tree.FromParents([]int{-1})
	if err != nil {
		return nil, err
	}
	return func(position []float64) (map[string][]float64, error) {
		q := position
		if len(q) == 0 {
			q = []float64{0}
		}
		return tree.Evaluate(p, single, map[string][]float64{FieldPosition: q})
	}, nil
}

// typicalPosition is the mean of some draws of the parameters' priors on the
// unconstrained scale; an estimated root starts at the mean of the tips.
func (m *Model) typicalPosition(data Data) []float64 {
	const draws = 64
	var position []float64
	random := nuts.NewStream(1, 0, 0, nuts.PurposeSimulation)
	for _, p := range m.Parameters {
		for k := range p.free() {
			sum := 0.0
			switch {
			case p.Name == RootValue:
				sum, _, _ = data.Moments(k)
			case !p.isCorrelation():
				for range draws {
					sum += p.Prior.Unconstrain(p.Prior.Draw(&random)) / draws
				}
			}
			position = append(position, sum)
		}
	}
	return position
}

// guidance is what PathBridge finds once, before the first evaluation.
type guidance struct {
	sync.Mutex
	model          *Model // with its controls
	centre, spread []float64
}

// Prepare finds what guides a model of [PathBridge] by the data, the path and the
// controls that follow it, which takes from a second to minutes. [Target.Open] and
// whatever else evaluates the model do it themselves; Prepare is for those who want to
// interrupt it, or see its progress: how many paths of at most how many were tried. For
// other models, and the second time, it does nothing.
func (t *Target) Prepare(ctx context.Context, progress func(done, most int)) error {
	_, err := t.guided(ctx, progress)
	return err
}

// guided is the model with what guides it.
func (t *Target) guided(ctx context.Context, progress func(done, most int)) (*Model, error) {
	if c := t.model.Continuous; c == nil || c.Bridge != PathBridge {
		return t.model, nil
	}
	t.guidance.Lock()
	defer t.guidance.Unlock()
	if t.guidance.model == nil {
		m, centre, spread, err := t.model.withControls(ctx, t.data, progress)
		if err != nil {
			return nil, err
		}
		t.guidance.model, t.guidance.centre, t.guidance.spread = m, centre, spread
	}
	return t.guidance.model, nil
}

// Centre is the position of the parameters that PathBridge guides by, and roughly their
// posterior standard deviations; nil says that it does not know.
func (t *Target) Centre() (centre, spread []float64) {
	if m, err := t.guided(context.Background(), nil); err != nil || m == t.model {
		return nil, nil
	}
	return t.guidance.centre, t.guidance.spread
}
