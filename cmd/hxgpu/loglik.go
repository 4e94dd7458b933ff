package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

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

` + modelHelp() + `

` + inputHelp + `

` + regimeHelp + `

The parameters to --set are those that hxgpu models NAME lists, root with --root estimated
too. In their place matrices can be set as a whole: R for sigma_sq and the correlations,
A for those that make it in mvou, C for the correlations of rates. Of several traits,
sigma_sq alone makes R diagonal, and alpha alone A. Where a parameter has one element per
regime, all traits of the first regime (they are sorted by name) come first.`,
		Example: `  hxgpu loglik --set sigma_sq=0.5 --set tau_sq=0.1
  hxgpu loglik --tree T.nwk --traits C.csv --trait mass,length --root pinned=4,4.5 \
      --set 'R=[[.2,.12],[.12,.1]]' --set tau_sq=.01,.02 --gradient
  hxgpu loglik --tree trees.nex --tree-index 5 --traits traits.nex --traits-index 5 \
      --trait 1 --set sigma_sq=0.01 --no-tip-noise
  hxgpu loglik --tree T.nwk --traits C.csv --trait mass,length --model mvou --root pinned=4,4.5 \
      --set 'A=[[.3,.1],[-.05,.2]]' --set 'R=[[.2,.12],[.12,.1]]' --set theta=4,5 --set tau_sq=.01`,
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
	gradient := values.gradient(l.Gradient)
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
