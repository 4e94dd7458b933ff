package bffg

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// edges is what discrete and continuous models have in common.
type edges interface {
	// Fields declares the fields of the sweeps.
	Fields() []tree.Field
	// AddLikelihood adds all sweeps and the chain variable LogLikelihood.
	AddLikelihood(p *tree.Program, root Root, tips Tips, weights bool)
	// AddForward adds the sweep that is blind to data.
	AddForward(p *tree.Program)

	stateShape() tensor.Shape
	points() int     // rows of the state, which share a covariance
	noiseSize() int  // numbers of noise per node
	eulerSteps() int // of an edge, 0 for discrete edges
}

var (
	_ edges = Discrete{}
	_ edges = Continuous{}
)

func (m Discrete) stateShape() tensor.Shape { return tensor.Shape{m.Dim} }
func (m Discrete) points() int              { return m.Dim }
func (m Discrete) noiseSize() int           { return m.Dim }
func (m Discrete) eulerSteps() int          { return 0 }

func (m Continuous) points() int     { return m.Points }
func (m Continuous) noiseSize() int  { return m.Steps * m.Dim() }
func (m Continuous) eulerSteps() int { return m.Steps }

// edges is the model's transition, whichever kind it is.
func (m *Model) edges() edges {
	if m.Continuous != nil {
		return *m.Continuous
	}
	return m.Discrete
}

// Dim is the number of components of a state.
func (m *Model) Dim() int { return m.edges().stateShape().Size() }

// checkContinuous finds settings of continuous edges that cannot work.
func (m *Model) checkContinuous() error {
	c := m.Continuous
	if c == nil {
		return nil
	}
	switch {
	case c.Points < 1 || c.Dimensions < 0:
		return fmt.Errorf("model %q has states of %d points in %d dimensions", m.Name, c.Points, c.Dimensions)
	case c.Steps < 1:
		return fmt.Errorf("model %q takes %d Euler steps along an edge; there must be at least 1", m.Name, c.Steps)
	case c.Diffusion == nil:
		return fmt.Errorf("model %q has no diffusion", m.Name)
	case c.Rounds < 0:
		return fmt.Errorf("model %q has %d rounds of refinement", m.Name, c.Rounds)
	case m.Root == RootNormal:
		for k, sd := range m.RootSD {
			if first := m.RootSD[k/c.columns()*c.columns()]; sd != first {
				return fmt.Errorf("the standard deviation of the root's prior is %v and %v for two coordinates of point %d of model %q; it must be one number per point", first, sd, k/c.columns()+1, m.Name)
			}
		}
	}
	return nil
}

// tipNoiseShape is the shape of the variances of observations: one for each row of
// a state, or one for all.
func (m *Model) tipNoiseShape() tensor.Shape {
	if m.Continuous != nil && m.Continuous.Dimensions > 0 {
		return tensor.Shape{1}
	}
	return tensor.Shape{m.edges().points()}
}

// rootSDs are the standard deviations of the root's prior, one for each row.
func (m *Model) rootSDs() []float64 {
	n := m.edges().points()
	sds := make([]float64, n)
	for i := range sds {
		sds[i] = m.RootSD[i*len(m.RootSD)/n]
	}
	return sds
}
