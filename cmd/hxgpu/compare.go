package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/internal/loo"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// compareCommand compares models by how well they predict tips that they have not seen.
type compareCommand struct {
	refit, json    bool
	draws          int
	stdout, stderr io.Writer
}

func newCompareCommand() *cobra.Command {
	var c compareCommand
	cmd := &cobra.Command{
		Use: "compare DIR DIR ...", Short: "Compare models of the same data by leave-one-out",
		Long: `compare leaves every tip out of every run (see hxgpu check --loo) and compares how well
the runs' models predict it from the others. The best comes first; elpd_diff is by how
much less a model gives, summed over the tips, and its standard error comes from the tips'
own differences. weight is the model's in the mixture of all that would predict best
(stacking; Yao, Vehtari, Simpson & Gelman 2018, Bayesian Analysis 13(3)). The runs must be of the same values at the same tips; trees, known
errors, models, priors and roots may differ.

A difference below 4, or within two standard errors, does not tell models apart: take the
simpler one, or average. Standard errors take the tips for independent, which relatives
are not, so that they are rather too small.`,
		Example: "  hxgpu compare run1 run2\n  hxgpu compare run1 run2 --refit --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout, c.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return c.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.refit, "refit", false, "sample without each tip whose Pareto k is too large, for its exact figures")
	f.IntVar(&c.draws, "draws", 1000, "draws of each run to work from, over all chains")
	f.BoolVar(&c.json, "json", false, "print JSON")
	return cmd
}

// compared is a run among others.
type compared struct {
	Run          string          `json:"run"`
	Model        string          `json:"model"`
	Root         string          `json:"root"`
	ELPD         runstore.Number `json:"elpd_loo"`
	SE           runstore.Number `json:"se"`
	Difference   runstore.Number `json:"elpd_diff"` // to the best, 0 or below
	DifferenceSE runstore.Number `json:"se_diff"`
	Parameters   runstore.Number `json:"p_loo"`
	Weight       runstore.Number `json:"weight"` // in the mixture of the models that predicts best
	LargestK     runstore.Number `json:"largest_pareto_k"`
	// BadTips are those whose Pareto k is too large for their part to be trusted.
	BadTips []string `json:"tips_with_large_k,omitempty"`

	left *leftOut
}

func (c *compareCommand) run(ctx context.Context, paths []string) error {
	switch {
	case len(paths) < 2:
		return usagef("name the folders of two runs at least, as in hxgpu compare run1 run2")
	case c.draws < fewestDraws:
		return usagef("--draws %d: it must be %d or more", c.draws, fewestDraws)
	}
	var runs []compared
	var first *storedRun
	for _, path := range paths {
		r, err := openStoredRun(path)
		if err != nil {
			return err
		}
		defer r.close()
		if first == nil {
			first = r
		} else if err := sameTips(first, r); err != nil {
			return fmt.Errorf("%s and %s cannot be compared: %w", first.folder.Name(), path, err)
		}
		run, err := c.leave(ctx, r)
		if err != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return fmt.Errorf("%s: %w", path, err)
		}
		runs = append(runs, run)
	}
	rank(runs)
	if c.json {
		printWarnings(c.stderr, compareWarnings(runs))
		return runstore.EncodeJSON(c.stdout, runs)
	}
	return c.print(runs)
}

// leave leaves the tips of a run out.
func (c *compareCommand) leave(ctx context.Context, r *storedRun) (compared, error) {
	picks, err := r.checkPicks(c.draws)
	if err != nil {
		return compared{}, err
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return compared{}, err
	}
	defer dev.Close()
	left, err := r.leaveOneOut(ctx, dev, picks, refitter{c.refit, c.stderr})
	if err != nil {
		return compared{}, err
	}
	slices.SortFunc(left.Tips, func(a, b leftTip) int { return cmp.Compare(a.Taxon, b.Taxon) }) // trees may differ in their order
	largest := math.Inf(-1)
	for _, tip := range left.Tips {
		if tip.Refitted {
			continue
		}
		largest = max(largest, float64(tip.K))
	}
	return compared{Run: r.folder.Name(), Model: r.model.Name, Root: rootText(r.model), ELPD: left.ELPD, SE: left.SE, Parameters: left.Parameters,
		LargestK: runstore.Number(largest), BadTips: left.bad(), left: left}, nil
}

// sameTips says how the observed values of two runs differ.
func sameTips(a, b *storedRun) error {
	if !slices.Equal(a.in.traits, b.in.traits) {
		return fmt.Errorf("one is of %s, the other of %s", shorten(a.in.traits), shorten(b.in.traits))
	}
	for k, trait := range a.in.traits {
		values := map[string]float64{}
		for i, v := range a.in.data.Topology.Leaves() {
			if y := a.in.data.Values[k][i]; !math.IsNaN(y) {
				values[a.in.data.Names[v]] = y
			}
		}
		for i, v := range b.in.data.Topology.Leaves() {
			y, name := b.in.data.Values[k][i], b.in.data.Names[v]
			if math.IsNaN(y) {
				continue
			}
			x, ok := values[name]
			switch {
			case !ok:
				return fmt.Errorf("the one has no value of %s at %s, the other has %v: they must be of the same data", trait, name, y)
			case x != y:
				return fmt.Errorf("the one has %v for %s at %s, the other %v: they must be of the same data", x, trait, name, y)
			}
			delete(values, name)
		}
		for _, name := range sortedKeys(values) {
			return fmt.Errorf("the one has %v for %s at %s, the other has no value there: they must be of the same data", values[name], trait, name)
		}
	}
	return nil
}

// rank puts the best run first and compares the others with it, tip by tip.
func rank(runs []compared) {
	slices.SortStableFunc(runs, func(a, b compared) int { return cmp.Compare(b.ELPD, a.ELPD) })
	var pointwise [][]float64
	for _, r := range runs {
		var elpd []float64
		for _, tip := range r.left.Tips {
			elpd = append(elpd, float64(tip.ELPD))
		}
		pointwise = append(pointwise, elpd)
	}
	for i, w := range loo.Stack(pointwise) {
		runs[i].Weight = runstore.Number(w)
	}
	for i := range runs[1:] {
		r := &runs[i+1]
		differences := make([]float64, len(r.left.Tips))
		for j := range differences {
			differences[j] = pointwise[i+1][j] - pointwise[0][j]
		}
		sum, se := loo.Sum(differences)
		r.Difference, r.DifferenceSE = runstore.Number(sum), runstore.Number(se)
	}
}

// compareWarnings says which figures are not to be trusted.
func compareWarnings(runs []compared) []string {
	var warnings []string
	for _, r := range runs {
		if len(r.BadTips) > 0 {
			warnings = append(warnings, fmt.Sprintf("%s: Pareto k is above %s for %s (%s): what the model gives them is not reliable, and is rather too good; --refit samples without them", r.Run, figure(float64(r.left.GoodK)), plural(len(r.BadTips), "tip"), shorten(r.BadTips)))
		}
	}
	return warnings
}

func (c *compareCommand) print(runs []compared) error {
	rows := [][]string{{"run", "model", "elpd_loo", "SE", "elpd_diff", "SE of diff", "p_loo", "weight", "largest k"}}
	for _, r := range runs {
		rows = append(rows, []string{r.Run, r.Model, fmt.Sprintf("%.1f", float64(r.ELPD)), fmt.Sprintf("%.1f", float64(r.SE)), fmt.Sprintf("%.1f", float64(r.Difference)),
			fmt.Sprintf("%.1f", float64(r.DifferenceSE)), fmt.Sprintf("%.1f", float64(r.Parameters)), fmt.Sprintf("%.2f", float64(r.Weight)), figure(float64(r.LargestK))})
	}
	if err := printTable(c.stdout, rows); err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "\n")
	for _, r := range runs[1:] {
		if _, err := fmt.Fprintln(c.stdout, verdict(runs[0], r)); err != nil {
			return err
		}
	}
	printWarnings(c.stderr, compareWarnings(runs))
	return nil
}

// verdict says in words what a difference means.
func verdict(best, other compared) string {
	difference, se := -float64(other.Difference), float64(other.DifferenceSE)
	switch {
	case difference < 4:
		return fmt.Sprintf("%s and %s predict the tips about equally well: a difference below 4 says little", best.Run, other.Run)
	case difference < 2*se:
		return fmt.Sprintf("%s predicts the tips better than %s, but the difference is within two standard errors: the data do not tell them apart", best.Run, other.Run)
	}
	return fmt.Sprintf("%s predicts the tips better than %s, by %.1f standard errors", best.Run, other.Run, difference/se)
}
