package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// checkCommand asks whether a fitted model describes its data.
type checkCommand struct {
	loo, predictive, refit, json bool
	draws                        int
	stdout, stderr               io.Writer
}

func newCheckCommand() *cobra.Command {
	var c checkCommand
	cmd := &cobra.Command{
		Use: "check DIR", Short: "Ask whether a fitted model describes its data", Args: oneFolder,
		Long: `check asks in two ways whether the model of a run (--out of sample) describes the data
that it was fitted to. It prints what it finds, and writes it to DIR/check.json.

--predictive: new data are simulated with the parameters of some draws, on the same
tree, with the same missing cells and known errors, and from the root's state as the draw
has it (or as it is drawn given the data). Statistics of the data are placed among theirs:
  mean, variance, minimum, maximum, skewness   of the tips
  M_sig   mean of the squared independent contrasts, the rate of evolution
  C_var   coefficient of variation of the absolute contrasts: do rates vary?
  S_var   slope of the absolute contrasts against their standard deviations
  S_asr   ... against the nodes' states: does the rate depend on the trait?
  S_hgt   ... against the nodes' distances from the root: early burst (negative)?
  D_cdf   distance of the contrasts from a normal distribution: jumps?
  K       Blomberg's K, the phylogenetic signal
and for two traits the correlation of their contrasts. p is twice the share of new data
that lie as far out; a small one says that the model does not make such data. Contrasts
are those of the tree with the tips' edges longer by their errors, at the posterior means.

--loo: leave-one-out over the tips: what do all other tips and the model say of each?
elpd_loo is the sum of the log densities that they give to what is observed, from which
hxgpu compare compares models. The posterior without a tip is made from the draws by
importance sampling; Pareto k says where that fails, and --refit samples without the tips
where it does. The tips are listed that lie furthest from what the others predict: errors
in the data, or lineages that the model has no words for. It takes linear-Gaussian
models: all but kunita.

Without either flag both are done. Pennell et al. 2015, The American Naturalist 186(2),
for the statistics; Vehtari, Simpson, Gelman, Yao & Gabry 2024, JMLR 25(72), and
Buerkner, Gabry & Vehtari 2021, Computational Statistics 36, for leave-one-out.`,
		Example: "  hxgpu check example/run\n  hxgpu check example/run --loo --draws 4000\n  hxgpu check example/run --predictive --json > check.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout, c.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return c.run(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.predictive, "predictive", false, "the posterior predictive check alone")
	f.BoolVar(&c.loo, "loo", false, "leave-one-out alone")
	f.BoolVar(&c.refit, "refit", false, "sample without each tip whose Pareto k is too large, for its exact figures")
	f.IntVar(&c.draws, "draws", 1000, "draws to work from, over all chains")
	f.BoolVar(&c.json, "json", false, "print JSON")
	return cmd
}

// checked is what check finds, and check.json holds.
type checked struct {
	Model       string     `json:"model"`
	Traits      []string   `json:"traits"`
	Draws       int        `json:"draws_of_run"` // of each chain, when this was made
	Predictive  *predicted `json:"predictive,omitempty"`
	LeaveOneOut *leftOut   `json:"leave_one_out,omitempty"`
	// Refused says why one of them is not there.
	Refused []string `json:"refused,omitempty"`
}

// fewestDraws are what a tail of importance ratios, or a p-value, can be judged from.
const fewestDraws = 40

// checkPicks picks about n draws evenly, as many of each chain, or one of some chains
// where there are more of them.
func (r *storedRun) checkPicks(n int) ([]pick, error) {
	picks := thin(r.drawn.Chains, r.drawn.Count, n)
	if all := len(picks); r.drawn.Chains > n {
		for i := range n {
			picks[i] = picks[i*all/n]
		}
		picks = picks[:n]
	}
	if len(picks) < fewestDraws {
		return nil, fmt.Errorf("%s: there are %s in all, too few to judge by: sample %d or more", r.folder.Name(), plural(len(picks), "draw"), fewestDraws)
	}
	return picks, nil
}

func (c *checkCommand) run(ctx context.Context, path string) error {
	if c.draws < fewestDraws {
		return usagef("--draws %d: it must be %d or more", c.draws, fewestDraws)
	}
	both := c.loo == c.predictive
	if c.refit && !c.loo && !both {
		return usagef("--refit goes with --loo")
	}
	r, err := openStoredRun(path)
	if err != nil {
		return err
	}
	defer r.close()
	picks, err := r.checkPicks(c.draws)
	if err != nil {
		return err
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return err
	}
	defer dev.Close()
	result := checked{Model: r.model.Name, Traits: r.in.traits, Draws: r.drawn.Count}
	for _, part := range []struct {
		wanted  bool
		name    string
		allowed func() error
		do      func() error
	}{
		{c.predictive || both, "no posterior predictive check", r.target.CheckReplicates, func() (err error) { result.Predictive, err = r.predict(ctx, dev, picks); return err }},
		{c.loo || both, "no leave-one-out", r.target.CheckLeaveOneOut, func() (err error) {
			result.LeaveOneOut, err = r.leaveOneOut(ctx, dev, picks, refitter{c.refit, c.stderr})
			return err
		}},
	} {
		if !part.wanted {
			continue
		}
		if err := part.allowed(); err != nil {
			if !both {
				return fmt.Errorf("%s: %w", path, err)
			}
			result.Refused = append(result.Refused, part.name+": "+err.Error())
			continue
		}
		if err := part.do(); err != nil {
			if ctx.Err() != nil {
				return errInterrupted
			}
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if result.Predictive == nil && result.LeaveOneOut == nil {
		return fmt.Errorf("%s: %s", path, shorten(result.Refused))
	}
	unwritten := r.folder.WriteJSON(runstore.CheckFile, result) // a full disk does not take the figures away
	if c.json {
		printWarnings(c.stderr, result.Refused)
		return errors.Join(runstore.EncodeJSON(c.stdout, result), unwritten)
	}
	if err := errors.Join(c.print(path, r, result), unwritten); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "\nwritten to %s\n", r.folder.Path(runstore.CheckFile))
	return err
}

func (c *checkCommand) print(path string, r *storedRun, result checked) error {
	fmt.Fprintf(c.stdout, "%s: model %s of %s\n\n", path, r.model.Name, shorten(r.in.traits))
	if result.Predictive != nil {
		if err := result.Predictive.print(c.stdout); err != nil {
			return err
		}
	}
	if result.Predictive != nil && result.LeaveOneOut != nil {
		fmt.Fprintln(c.stdout)
	}
	if result.LeaveOneOut != nil {
		if err := result.LeaveOneOut.print(c.stdout); err != nil {
			return err
		}
	}
	printWarnings(c.stderr, result.Refused)
	return nil
}
