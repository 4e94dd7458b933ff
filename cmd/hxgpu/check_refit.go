package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/loo"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// A refit samples with so many chains and draws of each, by the run's algorithm with its
// warm-up or a longer one.
const (
	refitChains = 4
	refitDraws  = 500
	refitWarmup = 500
	// A refit whose densities have a larger R-hat has not converged.
	refitRhat = 1.05
)

// refit samples the posterior without each tip whose Pareto k is too large, and puts what
// it says of the tip in the place of what importance sampling says. tell is called before
// each.
func (r *storedRun) refit(ctx context.Context, dev device.Device, sweeps *bffg.LeaveOneOut, l *leftOut, tell func(taxon string, number, of int)) error {
	of := len(l.bad())
	number := 0
	for i := range l.Tips {
		tip := &l.Tips[i]
		if !l.isBad(*tip) {
			continue
		}
		number++
		tell(tip.Taxon, number, of)
		positions, err := r.sampleWithout(ctx, dev, tip.index)
		if err != nil {
			return fmt.Errorf("--refit: without %s: %w", tip.Taxon, err)
		}
		if err := r.replacePrediction(ctx, sweeps, tip, positions); err != nil {
			return fmt.Errorf("--refit: without %s: %w", tip.Taxon, err)
		}
	}
	l.add()
	return nil
}

// sampleWithout draws from the posterior without a tip: the positions of the parameters,
// chain by chain. The model, with its priors, is the run's.
func (r *storedRun) sampleWithout(ctx context.Context, dev device.Device, tip int) ([][]float64, error) {
	data := r.in.data
	data.Values = nil
	for _, column := range r.in.data.Values {
		column = slices.Clone(column)
		column[tip] = math.NaN()
		data.Values = append(data.Values, column)
	}
	target, err := bffg.NewTarget(r.model, data)
	if err != nil {
		return nil, err
	}
	target.Schedule = r.target.Schedule
	positions := make([][]float64, refitChains*refitDraws)
	options := r.command.options()
	options.Chains, options.Draws, options.Warmup, options.Seed, options.Superchains = refitChains, refitDraws, max(refitWarmup, r.record.Settings.Warmup), r.record.Settings.Seed, 0
	options.Discard = true
	options.OnDraw = func(chain, draw int, q []float64, _ nuts.Stats) error {
		if draw >= 0 {
			positions[chain*refitDraws+draw] = slices.Clone(q[:target.ParameterDim()])
		}
		return nil
	}
	_, err = nuts.Sample(ctx, dev, target, options)
	return positions, err
}

// replacePrediction takes what the others say of a tip from draws that have not seen it.
func (r *storedRun) replacePrediction(ctx context.Context, sweeps *bffg.LeaveOneOut, tip *leftTip, positions [][]float64) error {
	dim := r.model.Dim()
	logs, densities := make([]float64, len(positions)), make([][]float64, refitChains)
	m := newMoments(dim)
	err := sweeps.Compute(ctx, positions, func(s int, tips []bffg.Held) error {
		held := tips[tip.index]
		if err := checkDensity(tip.Taxon, held.LogDensity, s/refitDraws, s%refitDraws); err != nil {
			return err
		}
		logs[s] = held.LogDensity
		densities[s/refitDraws] = append(densities[s/refitDraws], held.LogDensity)
		for k := range dim {
			m.add(k, r.in.data.Values[k][tip.index], held, 1/float64(len(positions)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if rhat := nuts.Rhat(densities); rhat > refitRhat {
		return fmt.Errorf("the chains do not agree on its density, R-hat is %.3f: sample the run with a longer --warmup", rhat)
	}
	tip.ELPD, tip.Refitted = runstore.Number(loo.LogMean(logs)), true
	r.fill(tip, m)
	return nil
}
