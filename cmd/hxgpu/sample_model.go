package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// modelFlags choose a model.
type modelFlags struct {
	model, root string
	noTipNoise  bool
}

func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.model, "model", "", strings.Join(modelNames(), ", ")+"\n(default bm with --tree, seed without)")
	cmd.Flags().StringVar(&f.root, "root", "", "the root's state: flat, pinned=x, normal=mean,sd or estimated (a parameter); for\nou and mvou also optimum (it is theta) and stationary; for several traits pinned=x,y and\nnormal=mean,sd;mean,sd (default flat; for ou and mvou normal, five standard deviations of\nthe data wide; for seed pinned=0)")
	cmd.Flags().BoolVar(&f.noTipNoise, "no-tip-noise", false, "take the tips' values as exact")
}

// check finds mistakes before any file is read.
func (f *modelFlags) check(files bool) error {
	if f.model == "" {
		f.model = "seed"
		if files {
			f.model = "bm"
		}
	}
	if _, ok := findModel(f.model); !ok {
		return usagef("--model %s: there is no such model%s; use %s", f.model, didYouMean(f.model, modelNames()), strings.Join(modelNames(), ", "))
	}
	if f.model != "seed" && f.model != shapeModel && !files {
		return usagef("--model %s needs data: add --tree, --traits and --trait", f.model)
	}
	if f.noTipNoise && f.model == "seed" {
		return usagef("--no-tip-noise: model seed always has tip noise; use --model bm")
	}
	return nil
}

// build makes the model for data.
func (f *modelFlags) build(traits []string, data bffg.Data) (*bffg.Model, error) {
	m, err := f.make(traits, data)
	if err != nil {
		return nil, err
	}
	if f.noTipNoise {
		m.TipNoise = false
		kept := m.Parameters[:0]
		for _, p := range m.Parameters {
			if p.Name != bffg.TipNoise {
				kept = append(kept, p)
			}
		}
		m.Parameters = kept
	}
	if f.root != "" {
		root, err := parseRoot(f.root, traits)
		if err != nil {
			return nil, err
		}
		return m, root.apply(m, data)
	}
	return m, nil
}

// make makes the model with its own root and tip noise.
func (f *modelFlags) make(traits []string, data bffg.Data) (*bffg.Model, error) {
	entry, _ := findModel(f.model) // checked
	build := entry.build
	if len(data.RegimeNames) > 0 {
		build = entry.withRegimes
	}
	switch {
	case build != nil:
		return build(traits, data), nil
	case len(data.RegimeNames) > 0:
		return nil, usagef("--regimes: model %s has no regimes; use --model %s", f.model, strings.Join(modelsWithRegimes(), ", "))
	case entry.withRegimes != nil:
		return nil, usagef("--model %s needs regimes: add --regimes factor=COLUMN, annotation=KEY or map", f.model)
	case len(traits) > 1:
		return nil, usagef("--model seed is for one trait, --trait names %d; use --model bm", len(traits))
	}
	m := bffg.Seed()
	m.Traits = traits
	return m, nil
}

// modelsWithRegimes are the models that take --regimes.
func modelsWithRegimes() []string {
	var names []string
	for _, e := range catalogue {
		if e.withRegimes != nil {
			names = append(names, e.name)
		}
	}
	return names
}

// modelWarnings are what a model calls for on a tree.
func modelWarnings(m *bffg.Model, data bffg.Data) []string {
	if m.Name != "trend" || m.Root == bffg.RootPinned || !ultrametric(data) {
		return nil
	}
	return []string{"all tips are as far from the root (the tree is ultrametric): the data know root + drift * height and not the two apart, so that drift's posterior is what the priors of drift and root say; add fossils, pin the root or give it an informative prior"}
}

// ultrametric reports whether all tips are as far from the root, within one part in a
// million.
func ultrametric(data bffg.Data) bool {
	depth := data.Depths()
	low, high := math.Inf(1), 0.0
	for _, v := range data.Topology.Leaves() {
		low, high = min(low, depth[v]), max(high, depth[v])
	}
	return high-low <= 1e-6*high
}

// rootText writes a model's root as --root takes it.
func rootText(m *bffg.Model) string {
	return rootSpec{m.Root, m.RootValue, m.RootMean, m.RootSD}.String()
}

// priorFlags change priors and fix parameters.
type priorFlags struct{ prior, fix []string }

func (f *priorFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.prior, "prior", nil, "`name=distribution`, repeatable, as in 'sigma_sq=lognormal(0,2)'")
	cmd.Flags().StringArrayVar(&f.fix, "fix", nil, "`name=value`, repeatable: hold a parameter at a value, several with commas between")
}

// apply changes the model's parameters.
func (f *priorFlags) apply(m *bffg.Model) error {
	priors, err := assignments("prior", "'sigma_sq=lognormal(0,2)'", f.prior)
	if err != nil {
		return err
	}
	fixed, err := assignments("fix", "tau_sq=0.01", f.fix)
	if err != nil {
		return err
	}
	for _, pair := range priors {
		p, err := findParameter(m, "prior", pair)
		if err != nil {
			return err
		}
		d, err := prior.Parse(pair[1])
		if err != nil {
			return usagef("--prior %s: %v", pair[0], err)
		}
		if err := fits(p, d); err != nil {
			return usagef("--prior %s=%s: %v", pair[0], pair[1], err)
		}
		p.Prior = d
	}
	for _, pair := range fixed {
		p, err := findParameter(m, "fix", pair)
		if err != nil {
			return err
		}
		for _, other := range priors {
			if other[0] == pair[0] {
				return usagef("--fix and --prior both name %s: keep one", pair[0])
			}
		}
		if p.Prior.Support() == prior.Correlation {
			return usagef("--fix %s: a correlation cannot be fixed; run the traits one at a time for independent ones", pair[0])
		}
		values, err := perElement(pair[1], p, m.Traits)
		if err == nil {
			err = inSupport(values, p.Prior)
		}
		if err != nil {
			if pair[0] == bffg.TipNoise {
				err = fmt.Errorf("%w (for exact tips use --no-tip-noise)", err)
			}
			return usagef("--fix %s=%s: %v", pair[0], pair[1], err)
		}
		p.Fixed = values
	}
	return nil
}

// findParameter finds the parameter that a flag names.
func findParameter(m *bffg.Model, flag string, pair [2]string) (*bffg.Parameter, error) {
	p, err := m.Parameter(pair[0])
	if err == nil {
		return p, nil
	}
	if base, _, ok := strings.Cut(pair[0], "["); ok {
		if _, err := m.Parameter(base); err == nil {
			return nil, usagef("--%s %s: a parameter is named as a whole, without a trait: --%s %s=...", flag, pair[0], flag, base)
		}
	}
	if pair[0] == bffg.TipNoise {
		return nil, usagef("--%s %s: %s", flag, pair[0], noTipNoise(m))
	}
	if pair[0] == bffg.RootValue {
		return nil, usagef("--%s root: the root is set by --root, as in --root normal=0,10", flag)
	}
	var known []string
	for _, p := range m.Parameters {
		known = append(known, p.Name)
	}
	return nil, usagef("--%s %s: model %s has no such parameter%s; it has %s", flag, pair[0], m.Name, didYouMean(pair[0], known), strings.Join(known, ", "))
}

// noTipNoise says why a model has no tip noise.
func noTipNoise(m *bffg.Model) string {
	if m.TipsVary {
		return fmt.Sprintf("model %s has no tip noise besides the variance that it gives the tips", m.Name)
	}
	return "there is no tip noise, by --no-tip-noise"
}

// fits refuses a prior that does not fit the parameter's range.
func fits(p *bffg.Parameter, d prior.Distribution) error {
	switch {
	case p.Prior.Support() == prior.Correlation:
		if d.Support() != prior.Correlation {
			return fmt.Errorf("correlations take lkj(shape)")
		}
	case d.Support() == prior.Correlation:
		return fmt.Errorf("lkj is for correlations")
	case p.Prior.Support() == prior.Positive:
		if d.Support() == prior.Real || (d.Support() == prior.Interval && d.Parameters[0] < 0) {
			return fmt.Errorf("%s is positive, and so must its prior be: lognormal, half_normal, exponential, gamma, inverse_gamma, log_uniform, or uniform from 0 or above", p.Name)
		}
	case p.Prior.Support() == prior.Interval:
		low, high := p.Prior.Parameters[0], p.Prior.Parameters[1]
		if d.Support() != prior.Interval || d.Parameters[0] < low || d.Parameters[1] > high {
			return fmt.Errorf("%s lies between %v and %v, and so must its prior: uniform or log_uniform with bounds from %v to %v", p.Name, low, high, low, high)
		}
	}
	return nil
}

// reportModel lists the model, its root and its parameters.
func reportModel(w io.Writer, m *bffg.Model) {
	root := rootText(m)
	if m.Continuous != nil && len(root) > 60 {
		root = root[:57] + "..."
	}
	fmt.Fprintf(w, "  root        %s\n", root)
	if e := m.Continuous; e != nil {
		fmt.Fprintf(w, "  edges       at most %d %v Euler steps each, %v bridge, %d rounds of linearisation\n", e.Steps, e.Spacing, e.Bridge, e.Rounds)
	}
	for _, p := range m.Parameters {
		value := "~ " + p.Prior.String()
		if p.Fixed != nil {
			value = "= " + joinNumbers(p.Fixed) + " (fixed)"
		} else if p.Prior.Support() == prior.Correlation && len(p.Labels) < 2 {
			continue
		}
		fmt.Fprintf(w, "  %-11s %s   %s\n", p.Name, value, p.About)
	}
	for _, d := range m.DerivedQuantities() {
		fmt.Fprintf(w, "  %-11s derived   %s\n", d.Name, d.About)
	}
	if !m.TipNoise {
		fmt.Fprintln(w, "  the tips' values are exact")
	}
}

// parameterRecords are the parameters as run.json has them.
func parameterRecords(m *bffg.Model) []runstore.ModelParameter {
	var records []runstore.ModelParameter
	for _, p := range m.Parameters {
		r := runstore.ModelParameter{Name: p.Name, About: p.About}
		if len(p.Labels) > 1 {
			r.Labels = p.Labels
		}
		if p.Fixed != nil {
			r.Fixed = runstore.Numbers(p.Fixed)
		} else {
			r.Prior = p.Prior.String()
		}
		records = append(records, r)
	}
	return records
}

// derivedRecords are the derived quantities as run.json has them.
func derivedRecords(m *bffg.Model) []runstore.ModelParameter {
	var records []runstore.ModelParameter
	for _, d := range m.DerivedQuantities() {
		r := runstore.ModelParameter{Name: d.Name, About: d.About}
		if len(d.Labels) > 1 {
			r.Labels = d.Labels
		}
		records = append(records, r)
	}
	return records
}
