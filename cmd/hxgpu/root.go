package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2   // the command line is at fault
	exitWarnings    = 3   // diagnose has something to complain about
	exitInterrupted = 130 // as shells have it for Ctrl-C
)

// errInterrupted ends a command that Ctrl-C cut short, with nothing more to say.
var errInterrupted = errors.New("interrupted")

// errWarnings ends a diagnosis that has something to complain about and has said it.
var errWarnings = errors.New("warnings")

// usageError is a mistake on the command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, values ...any) error {
	return &usageError{fmt.Sprintf(format, values...)}
}

// run runs a command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, errWarnings):
		return exitWarnings
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "hxgpu: %v\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "hxgpu: %v\n", err)
	return exitError
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "hxgpu",
		Short: "Bayesian inference for traits that evolve on a tree",
		Long: `hxgpu fits models of traits and shapes that evolve on a tree (Brownian motion,
Ornstein-Uhlenbeck and others: hxgpu models) by Hamiltonian Monte Carlo, or by maximum
likelihood. The states of the ancestors are integrated out by backward filtering and
drawn by guided forward sweeps (van der Meulen & Sommer 2025, JMLR 26(281),
arXiv:2505.18239).

Begin with "hxgpu sample", which needs no arguments: it fits a small built-in
example whose exact posterior is printed beside the result.`,
		Example: `  hxgpu sample
  hxgpu simulate --tips 50 --random-tree --height 10 --trait mass \
      --set sigma_sq=0.1 --set tau_sq=0.01 --root pinned=2 --out example
  hxgpu fit --tree example/tree.nwk --traits example/traits.csv --trait mass --compare bm,ou
  hxgpu sample --tree example/tree.nwk --traits example/traits.csv --trait mass --out example/run
  hxgpu init --tree example/tree.nwk --traits example/traits.csv --out example/run.yaml
  hxgpu diagnose example/run
  hxgpu report example/run
  hxgpu check example/run
  hxgpu loglik --tree example/tree.nwk --traits example/traits.csv --trait mass \
      --set sigma_sq=0.1 --set tau_sq=0.01 --root pinned=2`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			var known []string
			for _, c := range cmd.Commands() {
				if c.IsAvailableCommand() {
					known = append(known, c.Name())
				}
			}
			return usagef("there is no command %q%s; the commands are %s", args[0], didYouMean(args[0], known), strings.Join(known, ", "))
		},
		RunE: func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("hxgpu {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newSampleCommand(),
		newFitCommand(),
		newDiagnoseCommand(),
		newCheckCommand(),
		newCompareCommand(),
		newPlotCommand(),
		newReportCommand(),
		newExportCommand(),
		newMergeCommand(),
		newModelsCommand(),
		newLoglikCommand(),
		newSimulateCommand(),
		newInitCommand(),
		newBenchCommand(),
		newDevicesCommand(),
		newCompletionCommand(),
		newManCommand(),
		newVersionCommand(),
	)
	acceptConfigs(root)
	completeValues(root)
	return root
}

// noArguments refuses arguments that are not flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes flags only, not %q; hxgpu %s --help lists them", cmd.Name(), args[0], cmd.Name())
}

// flagError says in words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown):
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		return usagef("%s has no flag %s%s; hxgpu %s --help lists them", cmd.Name(), name, didYouMean(name, known), cmd.Name())
	case errors.As(err, &value):
		kind := "a valid value"
		switch value.GetFlag().Value.Type() {
		case "int":
			kind = "a whole number"
		case "uint64":
			kind = "a whole number of 0 or more"
		case "float64":
			kind = "a number"
		case "bool":
			kind = "true or false"
		}
		return usagef("--%s %s: it must be %s", value.GetFlag().Name, value.GetValue(), kind)
	case errors.As(err, &missing):
		return usagef("--%s needs a value: %s", missing.GetFlag().Name, missing.GetFlag().Usage)
	}
	return usagef("%v", err)
}

// didYouMean suggests the nearest of the known names, or nothing.
func didYouMean(name string, known []string) string {
	if len(known) == 0 {
		return ""
	}
	lower := strings.ToLower(name)
	nearest := slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(editDistance(lower, strings.ToLower(a)), editDistance(lower, strings.ToLower(b)))
	})
	if editDistance(lower, strings.ToLower(nearest)) > max(2, len(name)/3) {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", nearest)
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
