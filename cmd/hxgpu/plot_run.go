package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/internal/pictures"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// mostPictured is about how many draws of a parameter a picture is made from; of more
// some are left out.
const mostPictured = 2_000_000

// leaveOut is which draws are left out.
type leaveOut int

const (
	thinned  leaveOut = iota // evenly
	lastOnes                 // the first ones
)

// chosenParameters are the parameters that a picture shows.
type chosenParameters struct {
	shown []pictures.Parameter
	count int // of all that were asked for
}

// note says what is left out.
func (p chosenParameters) note(before string) string {
	if p.count <= len(p.shown) {
		return before
	}
	return strings.TrimSpace(fmt.Sprintf("%s The first %d of %d parameters; --parameter chooses.", before, len(p.shown), p.count))
}

// chooseParameters finds columns by the names of elements, correlation[a,b], or of
// parameters with all their elements; without names it takes all.
func (d *drawn) chooseParameters(names []string) ([]int, error) {
	var columns []int
	if len(names) == 0 {
		for i := range d.Parameters {
			columns = append(columns, i)
		}
		return columns, nil
	}
	for _, name := range names {
		found := false
		for i, p := range d.Parameters {
			if p.Name == name || p.Of == name {
				found = true
				if !slices.Contains(columns, i) {
					columns = append(columns, i)
				}
			}
		}
		if !found {
			known := d.ParameterNames()
			return nil, usagef("--parameter %s: the run has no such parameter%s; it has %s", name, didYouMean(name, known), shorten(known))
		}
	}
	return columns, nil
}

// pictured reads the draws of some parameters, the first few of those that are named.
// Where there are very many it takes one in every.
func (r *storedRun) pictured(names []string, most int, how leaveOut) (chosen chosenParameters, every int, err error) {
	columns, err := r.drawn.chooseParameters(names)
	if err != nil {
		return chosen, 0, err
	}
	if len(columns) == 0 {
		return chosen, 0, fmt.Errorf("%s: all parameters of the run are fixed: there is nothing to draw", r.folder.Name())
	}
	chosen.count = len(columns)
	each := max(mostPictured/r.drawn.Chains, 100)
	every = (r.drawn.Count + each - 1) / each
	exact := r.exact()
	for _, i := range columns[:min(len(columns), most)] {
		p := r.describeParameter(i)
		if e, ok := exact[p.Name]; ok {
			p.Exact = e.density
		}
		values, err := r.drawn.Columns(r.drawn.FirstParameter() + i)
		if err != nil {
			return chosen, 0, err
		}
		for _, chain := range values[0] {
			if how == lastOnes {
				chain = chain[max(0, len(chain)-each):]
			} else {
				chain = take(chain, every, (len(chain)+every-1)/every)
			}
			p.Draws = append(p.Draws, chain)
		}
		r.boundDerived(i, &p)
		chosen.shown = append(chosen.shown, p)
	}
	return chosen, every, nil
}

// take takes one draw in every, so many in all.
func take(chain []float64, every, count int) []float64 {
	if every <= 1 {
		return chain
	}
	out := make([]float64, 0, count)
	for i := 0; i < len(chain) && len(out) < count; i += every {
		out = append(out, chain[i])
	}
	return out
}

// describeParameter is what is known of a column but for its draws: its bounds and its
// prior.
func (r *storedRun) describeParameter(i int) pictures.Parameter {
	column := r.drawn.Parameters[i]
	p := pictures.Parameter{Name: column.Name}
	of, err := r.model.Parameter(column.Of)
	if err != nil { // the root, or what follows from the parameters
		if column.Of == bffg.RootValue && r.model.Root == bffg.RootNormal {
			for k, trait := range r.in.traits {
				if len(column.Labels) == 0 || column.Labels[0] == trait {
					p.Prior = densityOf(prior.Normal(r.model.RootMean[k], r.model.RootSD[k]), 1)
					break
				}
			}
		}
		return p
	}
	switch of.Prior.Support() {
	case prior.Positive:
		p.High = math.Inf(1)
	case prior.Interval:
		p.Low, p.High = of.Prior.Parameters[0], of.Prior.Parameters[1]
	case prior.Correlation:
		p.Low, p.High = -1, 1
	}
	p.Prior = densityOf(of.Prior, len(of.Labels))
	return p
}

// boundDerived bounds a quantity that follows from the parameters, of which no bounds
// are known, by 0 if no draw is below.
func (r *storedRun) boundDerived(i int, p *pictures.Parameter) {
	of := r.drawn.Parameters[i].Of
	if _, err := r.model.Parameter(of); err == nil || of == bffg.RootValue {
		return
	}
	for _, chain := range p.Draws {
		for _, x := range chain {
			if !(x > 0) {
				return
			}
		}
	}
	p.High = math.Inf(1)
}

func densityOf(d prior.Distribution, n int) func(float64) float64 {
	return func(x float64) float64 { return d.Density(x, n) }
}

// states reads the states of all nodes, [trait][node].
func (r *storedRun) states() ([][]runstore.State, error) {
	states, err := r.folder.ReadStates(r.in.traits, r.in.data.Topology.Size())
	if !errors.Is(err, fs.ErrNotExist) {
		return states, err
	}
	name := r.folder.Name()
	switch {
	case r.record.Settings.StateDraws == 0:
		return nil, fmt.Errorf("%s has no states of the nodes: the run was made with --state-draws 0", name)
	case r.record.Phase != runstore.Finished && r.record.Phase != runstore.Merged:
		return nil, fmt.Errorf("%s has no states of the nodes yet, which are drawn at the end: hxgpu sample --resume %s goes on with the run", name, name)
	}
	return nil, fmt.Errorf("%s has no %s, from which states are drawn", name, runstore.StatesFile)
}

// traitStates are the states of some traits, or of all.
func (r *storedRun) traitStates(names []string) ([]pictures.Trait, error) {
	if len(names) == 0 {
		names = r.in.traits
	}
	all, err := r.states()
	if err != nil {
		return nil, err
	}
	var traits []pictures.Trait
	for _, name := range names {
		k := slices.Index(r.in.traits, name)
		if k < 0 {
			return nil, usagef("--trait %s: the run has no such trait%s; it has %s", name, didYouMean(name, r.in.traits), shorten(r.in.traits))
		}
		trait := pictures.Trait{Name: name}
		for _, s := range all[k] {
			trait.States = append(trait.States, pictures.State{Mean: s.Mean, Low: s.Q2_5, High: s.Q97_5})
		}
		for _, y := range r.in.data.Values[k] {
			trait.Observed = append(trait.Observed, !math.IsNaN(y))
		}
		traits = append(traits, trait)
	}
	return traits, nil
}

// treeToDraw is the run's tree.
func (r *storedRun) treeToDraw() *pictures.Tree {
	return &pictures.Tree{Topology: r.in.data.Topology, Lengths: r.in.data.Lengths, Names: r.in.data.Names}
}
