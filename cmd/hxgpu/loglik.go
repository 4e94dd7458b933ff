package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

type loglikCommand struct {
	files    dataFlags
	model    modelFlags
	device   deviceFlags
	set      []string
	gradient bool
	json     bool
	quiet    bool
}

func newLoglikCommand() *cobra.Command {
	var c loglikCommand
	cmd := &cobra.Command{
		Use: "loglik", Short: "Evaluate log p(data | parameters)", Args: noArguments,
		Long: `loglik evaluates the log likelihood of the data at given parameters, with the
states of all ancestors integrated out, and its derivatives on request. The root
is known (--root pinned=x), has a normal prior, or a flat one that is integrated
out too (the restricted likelihood).

` + modelHelp + `

` + inputHelp + `

The parameters to --set are R or sigma_sq, tau_sq unless --no-tip-noise, alpha and
theta for ou, and root with --root estimated. Of several traits, sigma_sq alone makes R diagonal.`,
		Example: `  hxgpu loglik --set sigma_sq=0.5 --set tau_sq=0.1
  hxgpu loglik --tree T.nwk --traits C.csv --trait mass,length --root pinned=4,4.5 \
      --set 'R=[[.2,.12],[.12,.1]]' --set tau_sq=.01,.02 --gradient
  hxgpu loglik --tree trees.nex --tree-index 5 --traits traits.nex --traits-index 5 \
      --trait 1 --set sigma_sq=0.01 --no-tip-noise`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.files.add(cmd)
	c.model.add(cmd)
	c.device.add(cmd)
	cmd.Flags().StringArrayVar(&c.set, "set", nil, "`name=value`, repeatable, as in sigma_sq=0.1, tau_sq=.01,.02 or 'R=[[.2,.12],[.12,.1]]'")
	cmd.Flags().BoolVar(&c.gradient, "gradient", false, "print the derivatives too")
	cmd.Flags().BoolVar(&c.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&c.quiet, "quiet", false, "print the figures only")
	return cmd
}

func (c *loglikCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := c.files.check(); err != nil {
		return err
	}
	if err := c.model.check(c.files.tree != ""); err != nil {
		return err
	}
	if c.model.model == shapeModel {
		return usagef("--model kunita: its likelihood is no closed form; use hxgpu sample")
	}
	if err := c.device.check(); err != nil {
		return err
	}
	in, err := c.files.load()
	if err != nil {
		return err
	}
	model, err := c.model.build(in.traits, in.data)
	if err != nil {
		return err
	}
	values, err := parseSettings(model, c.set)
	if err != nil {
		return err
	}
	dev, err := c.device.open(ctx, io.Discard, nil)
	if err != nil {
		return err
	}
	defer dev.Close()
	if !c.quiet {
		log := stdout
		if c.json {
			log = stderr
		}
		fmt.Fprintf(log, "model %s, %s\n", model.Name, c.device.describe(dev.Info()))
		in.report(log)
		fmt.Fprintf(log, "  root        %s\n", rootText(model))
	}
	printWarnings(stderr, in.treeWarnings())
	l, err := model.LogLikelihood(ctx, dev, in.data, values.fields, c.gradient)
	if err != nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	gradient := values.gradient(l.Gradient, len(in.traits))
	if c.json {
		type result struct {
			LogLikelihood runstore.Number              `json:"log_likelihood"`
			Gradient      map[string][]runstore.Number `json:"gradient,omitempty"`
		}
		r := result{LogLikelihood: runstore.Number(l.Value)}
		if c.gradient {
			r.Gradient = map[string][]runstore.Number{}
			for name, g := range gradient {
				r.Gradient[name] = runstore.Numbers(g)
			}
		}
		return runstore.EncodeJSON(stdout, r)
	}
	label := "log p(data | parameters) = "
	if c.quiet {
		label = ""
	}
	if _, err := fmt.Fprintf(stdout, "%s%s\n", label, strconv.FormatFloat(l.Value, 'g', -1, 64)); err != nil {
		return err
	}
	for _, name := range sortedKeys(gradient) {
		if _, err := fmt.Fprintf(stdout, "derivative by %s: %s\n", name, joinNumbers(gradient[name])); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// settings are values of a model's natural fields.
type settings struct {
	fields   map[string][]float64
	diagonal bool // R was set by its diagonal, sigma_sq
	texts    [][2]string
}

// parseSettings reads the values of --set.
func parseSettings(m *bffg.Model, texts []string) (*settings, error) {
	pairs, err := assignments("set", "sigma_sq=0.1", texts)
	if err != nil {
		return nil, err
	}
	d := len(m.Traits)
	s := &settings{fields: map[string][]float64{}, texts: pairs}
	var names, known []string
	for _, f := range m.NaturalFields() {
		switch {
		case f.Name == bffg.RootValue && m.Root == bffg.RootPinned:
			s.fields[f.Name] = m.RootValue
		case f.Name == bffg.RootMean:
			s.fields[f.Name] = m.RootMean
		case f.Name == bffg.RootSD:
			s.fields[f.Name] = m.RootSD
		case f.Name == bffg.RateMatrix:
			known = append(known, f.Name, "sigma_sq")
			names = append(names, f.Name)
		default:
			known = append(known, f.Name)
			names = append(names, f.Name)
		}
	}
	for _, pair := range pairs {
		name, text := pair[0], pair[1]
		if err := s.set(m, name, text, d, known); err != nil {
			return nil, err
		}
	}
	var missing []string
	for _, name := range names {
		if _, ok := s.fields[name]; ok {
			continue
		}
		if name == bffg.RateMatrix {
			name = "sigma_sq (or R)"
		}
		missing = append(missing, name)
	}
	if len(missing) > 0 {
		return nil, usagef("model %s also needs %s: add --set %s=...", m.Name, strings.Join(missing, ", "), strings.Fields(missing[0])[0])
	}
	return s, nil
}

// set reads one value.
func (s *settings) set(m *bffg.Model, name, text string, d int, known []string) error {
	var values []float64
	var err error
	field := name
	switch {
	case !slices.Contains(known, name):
		switch name {
		case bffg.RootValue:
			return usagef("--set root: the root is set by --root, as in --root pinned=%s", text)
		case bffg.TipNoise:
			return usagef("--set tau_sq: there is no tip noise, by --no-tip-noise")
		}
		return usagef("--set %s: model %s has no such parameter%s; it has %s", name, m.Name, didYouMean(name, known), strings.Join(known, ", "))
	case name == bffg.RateMatrix:
		values, err = parseMatrix(text, d)
	default:
		values, err = perTrait(text, m.Traits)
		if err == nil && name != "theta" && name != bffg.RootValue {
			err = allPositive(values)
		}
		if name == bffg.TipNoise && err != nil && values != nil {
			err = fmt.Errorf("%w (for exact tips use --no-tip-noise)", err)
		}
	}
	if err != nil {
		return usagef("--set %s=%s: %v", name, text, err)
	}
	if name == "sigma_sq" && slices.Contains(known, bffg.RateMatrix) {
		field = bffg.RateMatrix
		s.diagonal = true
		matrix := make([]float64, d*d)
		for i, x := range values {
			matrix[i*d+i] = x
		}
		values = matrix
	}
	if _, ok := s.fields[field]; ok {
		return usagef("--set gives both R and sigma_sq, which is the diagonal of R: keep one")
	}
	s.fields[field] = values
	return nil
}

// gradient names derivatives as the values were set.
func (s *settings) gradient(g map[string][]float64, d int) map[string][]float64 {
	named := map[string][]float64{}
	for name, x := range g {
		if name == bffg.RateMatrix && s.diagonal {
			diagonal := make([]float64, d)
			for i := range d {
				diagonal[i] = x[i*d+i]
			}
			name, x = "sigma_sq", diagonal
		}
		named[name] = x
	}
	return named
}
