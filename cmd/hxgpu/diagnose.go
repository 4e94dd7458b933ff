package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/internal/diagnosis"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

func newDiagnoseCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "diagnose DIR", Short: "Say whether a run's draws are to be trusted", Args: oneFolder,
		Long: `diagnose reads the draws in the folder of a run (--out of sample), which may be
finished, interrupted, killed, under way or merged. It prints the parameters' means,
intervals, R-hat and effective sample sizes, what the sampler did in each chain, and
in words what is wrong and what to do: divergences, chains that disagree or do not
move, few effective draws in the bulk or the tails, energies that are explored too
slowly (E-BFMI below 0.3), trajectories cut short. Of a run over a set of trees it says
all this in a line for each tree.

Of chains of different length it takes as many draws as the shortest one has. The
exit code is 0 where there is nothing to complain about, 3 where there is, 1 where
the draws cannot be read.`,
		Example: "  hxgpu diagnose example/run\n  hxgpu diagnose example/run --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			if set, err := openTreeSet(args[0]); err != nil {
				return err
			} else if set != nil {
				return set.diagnose(cmd.OutOrStdout(), asJSON)
			}
			r, err := diagnose(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				err = runstore.EncodeJSON(cmd.OutOrStdout(), r)
			} else {
				err = r.print(cmd.OutOrStdout())
			}
			if err == nil && len(r.Findings) > 0 {
				return errWarnings
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// report is what diagnose says.
type report struct {
	Folder string         `json:"folder"`
	State  runstore.Phase `json:"state"`
	// InUse says that a process is writing to the folder.
	InUse bool `json:"in_use"`
	// Each is the number of draws of each chain, Wanted what the run asks for, Draws
	// what the figures come from.
	Each       []int               `json:"draws_of_chains"`
	Wanted     int                 `json:"draws_wanted"`
	Draws      int                 `json:"draws"`
	Parameters runstore.Parameters `json:"parameters"`
	Chains     []chainReport       `json:"chains"`
	Findings   []diagnosis.Finding `json:"findings"`
}

// chainReport is what the sampler says of a chain.
type chainReport struct {
	Draws        int             `json:"draws"`
	Divergences  int             `json:"divergences"`
	Deep         int             `json:"max_treedepth_hits"`
	Accept       runstore.Number `json:"acceptance_rate"`
	StepSize     runstore.Number `json:"step_size"`
	Steps        runstore.Number `json:"n_steps"`
	EBFMI        runstore.Number `json:"ebfmi"`
	LongestStill int             `json:"longest_still"`
}

// diagnose reads a run and judges it.
func diagnose(path string) (*report, error) {
	folder, err := runstore.ExistingFolder(path)
	if err != nil {
		return nil, err
	}
	record, err := folder.ReadRun()
	if err != nil {
		return nil, err
	}
	r := &report{Folder: path, State: record.Phase, InUse: folder.InUse(), Wanted: record.Settings.Draws, Findings: []diagnosis.Finding{}}
	noDraws := diagnosis.Finding{Code: diagnosis.NoDraws, Text: "not every chain has a draw yet: there is nothing to judge"}
	d, err := openDrawn(folder, record)
	if errors.Is(err, fs.ErrNotExist) {
		r.Each, r.Findings = make([]int, record.Settings.Chains), append(r.Findings, noDraws)
		return r, nil
	} else if err != nil {
		return nil, err
	}
	defer d.close()
	r.Each, r.Draws = d.Each, d.Count
	if d.Count == 0 {
		r.Findings = append(r.Findings, noDraws)
		return r, nil
	}
	if err := d.describe(record.Settings); err != nil {
		return nil, err
	}
	for _, p := range d.found.Parameters {
		r.Parameters = append(r.Parameters, runstore.Parameter{Name: p.Name, Statistics: p.Statistics, NestedRhat: p.NestedRhat})
	}
	for _, c := range d.found.Chains {
		r.Chains = append(r.Chains, chainReport{c.Draws, c.Divergent, c.Deep, runstore.Number(c.Accept), runstore.Number(c.StepSize), runstore.Number(c.Leapfrogs), runstore.Number(c.EBFMI), c.Still})
	}
	r.Findings = append(r.Findings, d.found.Findings()...)
	return r, nil
}

// state says in words how far the run is.
func (r *report) state() string {
	switch {
	case r.InUse:
		return "is under way"
	case r.State == runstore.Running:
		return fmt.Sprintf("was killed; hxgpu sample --resume %s goes on", r.Folder)
	case r.State == runstore.Interrupted:
		return fmt.Sprintf("was interrupted; hxgpu sample --resume %s goes on", r.Folder)
	case r.State == runstore.Merged:
		return "was merged"
	}
	return "is finished"
}

// mostChainRows is how many chains are listed one by one.
const mostChainRows = 32

func (r *report) print(w io.Writer) error {
	each := fmt.Sprintf("%d draws in each of %s", r.Draws, plural(len(r.Each), "chain"))
	if least, most := slices.Min(r.Each), slices.Max(r.Each); least != most {
		each = fmt.Sprintf("%s with %d to %d draws, of which the first %d of each are taken", plural(len(r.Each), "chain"), least, most, r.Draws)
	}
	wanted := ""
	if r.Draws < r.Wanted {
		wanted = fmt.Sprintf(" of the %d asked for", r.Wanted)
	}
	if _, err := fmt.Fprintf(w, "%s %s: %s%s\n", r.Folder, r.state(), each, wanted); err != nil {
		return err
	}
	if r.Draws > 0 {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := printSummary(w, r.Parameters, nil); err != nil {
			return err
		}
		if err := r.printChains(w); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(w, "warning: %s\n", f.Text); err != nil {
			return err
		}
	}
	if len(r.Findings) == 0 {
		_, err := fmt.Fprintln(w, "nothing to complain about")
		return err
	}
	return nil
}

func (r *report) printChains(w io.Writer) error {
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	rows := [][]string{{"chain", "draws", "divergent", "at max depth", "acceptance", "step size", "steps", "E-BFMI", "longest still"}}
	for i, c := range r.Chains[:min(len(r.Chains), mostChainRows)] {
		rows = append(rows, []string{fmt.Sprint(i + 1), fmt.Sprint(c.Draws), fmt.Sprint(c.Divergences), fmt.Sprint(c.Deep), figure(float64(c.Accept)), figure(float64(c.StepSize)),
			figure(float64(c.Steps)), figure(float64(c.EBFMI)), fmt.Sprint(c.LongestStill)})
	}
	if err := printTable(w, rows); err != nil {
		return err
	}
	if n := len(r.Chains) - mostChainRows; n > 0 {
		_, err := fmt.Fprintf(w, "and %d more chains (--json lists them)\n", n)
		return err
	}
	return nil
}
