package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// modelHelp explains the models to the readers of help.
const modelHelp = `Models, on edges of length t:
  bm    Brownian motion: x_v | x ~ N(x, R t). R is sigma_sq for one trait; for
        several, R_ij = correlation_ij sqrt(sigma_sq_i sigma_sq_j).
  ou    Ornstein-Uhlenbeck: dX = -alpha (X - theta) dt + dW, dW of covariance R dt;
        alpha and theta per trait; the exact transition, not an Euler step.
  seed  Brownian motion of one trait from a root pinned at 0, with the noise of the
        guided sweep sampled along with the parameters.
  kunita  (sample only) landmark shapes in a stochastic flow: dX = sigma(X) dW, nearby
        landmarks move together: sigma sigma' = k_alpha K(|x_i - x_j| / k_sigma).
Tips are observed with noise of variance tau_sq per trait unless --no-tip-noise.`

// models in the order that messages list them.
var models = []string{"bm", "ou", "seed", shapeModel}

// modelFlags choose a model.
type modelFlags struct {
	model, root string
	noTipNoise  bool
}

func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.model, "model", "", "bm, ou, seed or kunita (default bm with --tree, seed without)")
	cmd.Flags().StringVar(&f.root, "root", "", "the root's state: flat, pinned=x, normal=mean,sd or estimated (a parameter); for\nou also optimum (it is theta) and stationary; for several traits pinned=x,y and\nnormal=mean,sd;mean,sd (default flat; for ou normal, five standard deviations of\nthe data wide; for seed pinned=0)")
	cmd.Flags().BoolVar(&f.noTipNoise, "no-tip-noise", false, "take the tips' values as exact")
}

// check finds mistakes before any file is read.
func (f *modelFlags) check(files bool) error {
	switch {
	case f.model == "" && files:
		f.model = "bm"
	case f.model == "":
		f.model = "seed"
	case !slices.Contains(models, f.model):
		return usagef("--model %s: there is no such model%s; use %s", f.model, didYouMean(f.model, models), strings.Join(models, ", "))
	case f.model != "seed" && f.model != shapeModel && !files:
		return usagef("--model %s needs data: add --tree, --traits and --trait", f.model)
	}
	if f.noTipNoise && f.model == "seed" {
		return usagef("--no-tip-noise: model seed always has tip noise; use --model bm")
	}
	return nil
}

// build makes the model for data.
func (f *modelFlags) build(traits []string, data bffg.Data) (*bffg.Model, error) {
	var m *bffg.Model
	switch f.model {
	case "bm":
		m = bffg.BrownianMotion(traits, data)
	case "ou":
		m = bffg.OrnsteinUhlenbeck(traits, data)
	default:
		if len(traits) > 1 {
			return nil, usagef("--model seed is for one trait, --trait names %d; use --model bm", len(traits))
		}
		m = bffg.Seed()
		m.Traits = traits
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
		values, err := perTrait(pair[1], p.Labels)
		if err == nil && p.Prior.Support() == prior.Positive {
			err = allPositive(values)
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
		return nil, usagef("--%s %s: there is no tip noise, by --no-tip-noise", flag, pair[0])
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
		fmt.Fprintf(w, "  edges       at most %d Euler steps each, %v bridge, %d rounds of linearisation\n", e.Steps, e.Bridge, e.Rounds)
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
