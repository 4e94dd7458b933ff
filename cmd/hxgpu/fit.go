package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/mle"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/choice"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

type fitCommand struct {
	files     dataFlags
	model     modelFlags
	priors    priorFlags
	tipNoise  bool
	compare   string
	starts    int
	seed      uint64
	out       string
	overwrite bool
	json      bool
	quiet     bool
}

func newFitCommand() *cobra.Command {
	var c fitCommand
	cmd := &cobra.Command{
		Use: "fit", Short: "Maximum likelihood estimates with standard errors", Args: noArguments,
		Long: `fit maximises the likelihood, the states of all ancestors integrated out, by BFGS and
Newton's steps on exact gradients from several starting points, and gives standard errors
from the observed information with 95 % intervals. Parameters that end at a bound of their
range (a variance of 0, a lambda of 1) and directions that the data say nothing of are
told in words and have no standard error.

Conventions, so that figures can be compared: the tips' values are exact, as in phylolm
and geiger, unless --tip-noise estimates their variance too; --errors adds known ones.
The root is the last common ancestor of the tips with values, as if the others had been
dropped, and its state is estimated with the rest (--root estimated; for ou and mvou it is the
optimum, as phylolm's OUfixedRoot has it; --root stationary is its OUrandomRoot). sigma_sq
is then the maximum likelihood estimate, with divisor n; with --root flat the root is
integrated out, and the likelihood is the restricted one (REML, divisor n-1 for bm). AICc
and BIC count the observed values as observations. A parameter's range is that of its
default prior, of which nothing else is used.

--compare fits several models to the same data and lists them by AICc with Akaike's
weights.

With --out the folder gets fit.json, fit.csv, and start.csv, from which sampling can begin:
hxgpu sample ... --start file=DIR/start.csv (with the same model, root and tip noise).

` + modelHelp() + `

` + inputHelp + `

` + regimeHelp,
		Example: `  hxgpu fit --tree T.nwk --traits C.csv --trait mass
  hxgpu fit --tree T.nwk --traits C.csv --trait mass --model ou --root stationary
  hxgpu fit --tree T.nwk --traits C.csv --trait mass --compare bm,eb,lambda,ou,white
  hxgpu fit --tree T.nwk --traits C.csv --trait mass,length --tip-noise --out fitted`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	c.files.add(cmd)
	f := cmd.Flags()
	f.StringVar(&c.model.model, "model", "", strings.Join(modelNames(), ", ")+"\n(default bm with --tree, seed without)")
	f.StringVar(&c.model.root, "root", "", "the root's state: estimated, optimum (ou, mvou), stationary (ou, mvou), flat (REML),\npinned=x or normal=mean,sd (default estimated; optimum for ou and mvou; pinned=0\nfor seed)")
	f.BoolVar(&c.tipNoise, "tip-noise", false, "estimate the variance of noise at the tips, tau_sq; the default takes their values\nas exact")
	f.StringArrayVar(&c.priors.fix, "fix", nil, "`name=value`, repeatable: hold a parameter at a value, several with commas between")
	f.StringVar(&c.compare, "compare", "", "fit these `models`, with commas between, and compare them by AICc")
	f.IntVar(&c.starts, "starts", 8, "how many starting points are tried")
	f.Uint64Var(&c.seed, "seed", 1, "of the starting points")
	f.StringVar(&c.out, "out", "", "write fit.json, fit.csv and start.csv into this `folder`")
	f.BoolVar(&c.overwrite, "overwrite", false, "replace such files in --out")
	f.BoolVar(&c.json, "json", false, "print JSON, the rest to standard error")
	f.BoolVar(&c.quiet, "quiet", false, "print the table and warnings only")
	return cmd
}

// check finds mistakes before any file is read.
func (c *fitCommand) check() error {
	if err := c.files.check(); err != nil {
		return err
	}
	if c.compare != "" {
		switch {
		case c.model.model != "":
			return usagef("--model and --compare: keep one")
		case len(c.priors.fix) > 0:
			return usagef("--fix goes with one model, not with --compare")
		case c.out != "":
			return usagef("--out goes with one model, not with --compare")
		case c.model.root == "flat":
			return usagef("--compare: the restricted likelihood of --root flat compares models of one mean only; use --root estimated")
		}
	}
	for _, m := range c.models() {
		one := c.model
		one.model = m
		if err := one.check(c.files.tree != ""); err != nil {
			return err
		}
		if one.model == shapeModel {
			return usagef("--model kunita: its likelihood is no closed form; use hxgpu sample")
		}
	}
	if c.compare != "" && len(c.models()) < 2 {
		return usagef("--compare %s: name two models or more", c.compare)
	}
	if c.starts < 1 || c.starts > 10_000 {
		return usagef("--starts %d: it must be 1 to 10000", c.starts)
	}
	if c.overwrite && c.out == "" {
		return usagef("--overwrite goes with --out DIR")
	}
	return nil
}

// models are the models to fit; an empty name is the default one.
func (c *fitCommand) models() []string {
	if c.compare == "" {
		return []string{c.model.model}
	}
	var names []string
	for name := range strings.SplitSeq(c.compare, ",") {
		if name = strings.TrimSpace(name); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// fitted is a model with what was found.
type fitted struct {
	model  *bffg.Model
	target *bffg.Target
	fit    *mle.Fit
	took   time.Duration
}

func (c *fitCommand) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	in, err := c.files.load()
	if err != nil {
		return err
	}
	log := stdout
	switch {
	case c.quiet:
		log = io.Discard
	case c.json:
		log = stderr
	}
	var folder *runstore.Folder
	if c.out != "" {
		folder, err = runstore.OpenFolder(c.out, c.overwrite, fitJSON, fitCSV, fitStart)
		if errors.Is(err, runstore.ErrHasRun) {
			return fmt.Errorf("--out: %s holds a fit already: name another folder, or add --overwrite", c.out)
		} else if err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	dev, err := choice.Open(choice.Options{Name: "cpu", Precision: "f64"})
	if err != nil {
		return err
	}
	defer dev.Close()
	in.report(log)
	ancestor := in.data.CommonAncestor()
	if in.data.Topology.IsLeaf(ancestor) {
		return fmt.Errorf("a single tip has values: there is nothing to fit a model to")
	}
	if ancestor > 0 {
		fmt.Fprintln(log, "  root        the last common ancestor of the tips with values, below the root of the tree")
		if in.data, err = in.data.Below(ancestor); err != nil {
			return err
		}
	}
	data, jittered, err := c.exactTips(in)
	if err != nil {
		return err
	}
	warnings := in.warnings()
	if jittered > 0 {
		warnings = append(warnings, fmt.Sprintf("exact tips stand on edges of length 0: each tip is given a variance of %.3g, so that a likelihood exists", jittered))
	}
	printWarnings(stderr, warnings)
	var all []fitted
	for _, name := range c.models() {
		f, err := c.fit(ctx, dev, in, data, name)
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case err != nil && c.compare != "":
			return fmt.Errorf("model %s: %w", name, err)
		case err != nil:
			return err
		}
		all = append(all, f)
	}
	observed := in.observed()
	if c.compare != "" {
		return c.printComparison(stdout, stderr, all, observed)
	}
	if err := c.print(stdout, stderr, log, all[0], observed); err != nil {
		return err
	}
	if folder == nil {
		return nil
	}
	if err := writeFit(folder, all[0], observed); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	fmt.Fprintf(log, "written to %s\n", c.out)
	return nil
}

// observed counts the observed values.
func (in *inputs) observed() int {
	n := 0
	for k := range in.traits {
		_, _, observed := in.data.Moments(k)
		n += observed
	}
	return n
}

// fit fits one model.
func (c *fitCommand) fit(ctx context.Context, dev device.Device, in *inputs, data bffg.Data, name string) (fitted, error) {
	began := time.Now()
	flags := c.model
	flags.model = name
	if err := flags.check(c.files.tree != ""); err != nil {
		return fitted{}, err
	}
	flags.noTipNoise = !c.tipNoise && flags.model != "seed"
	root := flags.root
	flags.root = ""
	m, err := flags.build(in.traits, data)
	if err != nil {
		return fitted{}, err
	}
	m.SampleNoise = false // of the example, whose likelihood needs none
	flags.root = root
	if root == "" || c.compare != "" && (root == "optimum" || root == "stationary") && m.Stationary == nil {
		switch {
		case m.Stationary != nil:
			flags.root = "optimum"
		case m.Root != bffg.RootPinned:
			flags.root = "estimated"
		}
	}
	if flags.root != "" {
		spec, err := parseRoot(flags.root, in.traits)
		if err == nil {
			err = spec.apply(m, data)
		}
		if err != nil {
			return fitted{}, err
		}
	}
	if err := c.priors.apply(m); err != nil {
		return fitted{}, err
	}
	target, err := bffg.NewLikelihood(m, data)
	if err != nil {
		return fitted{}, err
	}
	f, err := mle.Maximise(ctx, dev, target, mle.Options{Starts: c.starts, Seed: c.seed})
	return fitted{m, target, f, time.Since(began)}, err
}

// jitter is the variance, as a share of a trait's variance over the tips, of exact tips
// of which some stand on edges of length 0: far below what any data know, and far above
// rounding errors.
const jitter = 1e-8

// exactTips are the data with tips that have a likelihood without noise, and the largest
// variance that was given to them for it. Two tips at one place have no likelihood
// without noise, whatever their values.
func (c *fitCommand) exactTips(in *inputs) (bffg.Data, float64, error) {
	data := in.data
	if c.tipNoise || data.Variances != nil {
		return data, 0, nil
	}
	// The first node of each place: parents stand before their children.
	place := make([]int, data.Topology.Size())
	for v := 1; v < len(place); v++ {
		place[v] = v
		if data.Lengths[v] == 0 {
			place[v] = place[data.Topology.Parent(v)]
		}
	}
	zero := false
	for k := range data.Values {
		at := map[int]int{} // the tip that is seen at a place
		for i, v := range data.Topology.Leaves() {
			if math.IsNaN(data.Values[k][i]) {
				continue
			}
			zero = zero || data.Lengths[v] == 0
			if other, taken := at[place[v]]; taken {
				return data, 0, fmt.Errorf("the tips %q and %q are at no distance from each other and both have a value of %s: exact values have no likelihood there; add --tip-noise, give errors by --errors, or drop one of them",
					data.Names[other], data.Names[v], in.traits[k])
			}
			at[place[v]] = v
		}
	}
	if !zero {
		return data, 0, nil
	}
	largest := 0.0
	for k := range data.Values {
		_, variance, _ := data.Moments(k)
		if variance == 0 {
			variance = 1
		}
		given := make([]float64, len(data.Values[k]))
		for i := range given {
			given[i] = jitter * variance
		}
		data.Variances = append(data.Variances, given)
		largest = max(largest, jitter*variance)
	}
	return data, largest, nil
}
