package bffg

import (
	"context"
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/optimize"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// fit follows the data at given parameters in some rounds, from the path at other
// parameters or from none.
func (l *linearisation) fit(parameters map[string][]float64, before *reference, rounds int) (*reference, error) {
	r, err := l.newReference(parameters, before)
	if err != nil {
		return nil, err
	}
	for range rounds {
		if err := r.improve(); err != nil {
			return nil, err
		}
	}
	if math.IsNaN(r.value) || math.IsInf(r.value, 0) {
		return nil, fmt.Errorf("its log density is %v", r.value)
	}
	return r, nil
}

// warmRounds is how many rounds a path takes that starts at another's.
const warmRounds = 2

// referenceSteps is the number of steps of an edge with which the parameters of the
// reference are looked for.
const referenceSteps = 5

// withControls is a model of PathBridge with the controls for the data, and the
// position of the parameters that they were computed at: the maximum of Laplace's
// approximation of their posterior, found roughly. It tells how many paths of at most
// how many have been tried.
func (m *Model) withControls(ctx context.Context, data Data, progress func(done, most int)) (*Model, []float64, error) {
	fail := func(err error) (*Model, []float64, error) {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, fmt.Errorf("no path of model %q follows the data: %w; guide by messages instead (the discrete bridge)", m.Name, err)
	}
	coarse, err := newLinearisation(m, data, referenceSteps)
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
	position := m.typicalPosition(data)
	if len(position) > 0 {
		if position, err = m.searchReference(ctx, coarse, natural, position, progress); err != nil {
			return fail(err)
		}
	}
	parameters, err := natural(position)
	if err != nil {
		return fail(err)
	}
	r, err := fine.fit(parameters, nil, fine.edges.Rounds+1)
	if err != nil {
		return fail(err)
	}
	bound, edges := *m, *m.Continuous
	if edges.controls, err = r.bind(); err != nil {
		return fail(err)
	}
	bound.Continuous = &edges
	return &bound, position, ctx.Err()
}

// searchReference climbs Laplace's approximation of the parameters' posterior by the
// simplex of Nelder and Mead. What is estimated of the root stays where it is.
func (m *Model) searchReference(ctx context.Context, l *linearisation, natural func([]float64) (map[string][]float64, error), start []float64, progress func(done, most int)) ([]float64, error) {
	var free []int
	next := 0
	for _, p := range m.Parameters {
		for range p.free() {
			if p.Name != RootValue {
				free = append(free, next)
			}
			next++
		}
	}
	if len(free) == 0 {
		return start, nil
	}
	place := func(x []float64) []float64 {
		q := append([]float64(nil), start...)
		for k, i := range free {
			q[i] = x[k]
		}
		return q
	}
	var failure error
	var before *reference // the path of the last parameters is near that of the next
	most, done := 60*len(free), 0
	minus := func(x []float64) float64 {
		if ctx.Err() != nil {
			return math.Inf(1)
		}
		parameters, err := natural(place(x))
		if err == nil {
			rounds := warmRounds
			if before == nil {
				rounds = l.edges.Rounds + 1
			}
			var r *reference
			if r, err = l.fit(parameters, before, rounds); err == nil {
				before = r
				if done++; progress != nil {
					progress(min(done, most), most)
				}
				return -r.value - parameters[LogPrior][0]
			}
		}
		failure, before = err, nil
		return math.Inf(1)
	}
	x := make([]float64, len(free))
	for k, i := range free {
		x[k] = start[i]
	}
	settings := &optimize.Settings{FuncEvaluations: most, Converger: &optimize.FunctionConverge{Absolute: 0.2, Iterations: 5 * len(free)}}
	settings.Recorder = interruption{ctx}
	result, err := optimize.Minimize(optimize.Problem{Func: minus}, x, settings, &optimize.NelderMead{SimplexSize: 0.5})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if result == nil || math.IsInf(result.F, 0) || math.IsNaN(result.F) {
		if failure == nil {
			failure = err
		}
		return nil, failure
	}
	return place(result.X), nil
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

// centreRadius is how far around the reference chains start, on the unconstrained
// scale.
const centreRadius = 0.5

// guidance is what PathBridge finds once, before the first evaluation.
type guidance struct {
	sync.Mutex
	model  *Model // with its controls
	centre []float64
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
		m, centre, err := t.model.withControls(ctx, t.data, progress)
		if err != nil {
			return nil, err
		}
		t.guidance.model, t.guidance.centre = m, centre
	}
	return t.guidance.model, nil
}

// Centre is the position of the parameters that PathBridge guides by, and how far
// around it chains should start; a radius of 0 says that there is none.
func (t *Target) Centre() (centre []float64, radius float64) {
	if m, err := t.guided(context.Background(), nil); err != nil || m == t.model || len(t.guidance.centre) == 0 {
		return nil, 0
	}
	return t.guidance.centre, centreRadius
}
