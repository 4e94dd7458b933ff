package bffg

import (
	"context"
	"fmt"
	"sync"

	"github.com/hxgpu/hxgpu/tree"
)

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
	if position, spread, err = s.run(m.searchPositions(data)); err != nil {
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
