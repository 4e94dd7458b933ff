package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tree"
)

type modelsCommand struct {
	files dataFlags
	model modelFlags
}

func newModelsCommand() *cobra.Command {
	var c modelsCommand
	cmd := &cobra.Command{
		Use: "models [NAME]", Short: "List the models, or explain one",
		Long: `models lists the models of traits on a tree; with the name of one it explains it: its
formula, its parameters with their default priors and how these come from the data, the
roots that it takes, what its data can and cannot tell, and an example.

With --tree, --traits and --trait (and --regimes) the priors are those of these data, as
hxgpu sample would take them.`,
		Example: `  hxgpu models
  hxgpu models ou
  hxgpu models eb --tree T.nwk --traits C.csv --trait mass`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("models takes the name of one model, not %q", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(args, cmd.OutOrStdout())
		},
	}
	c.files.add(cmd)
	return cmd
}

func (c *modelsCommand) run(args []string, w io.Writer) error {
	if err := c.files.check(); err != nil {
		return err
	}
	if len(args) == 0 {
		if c.files.tree != "" {
			return usagef("name the model whose priors for these data are wanted: hxgpu models NAME --tree ...")
		}
		_, err := fmt.Fprintf(w, "%s\nhxgpu models NAME explains one.\n", modelList())
		return err
	}
	c.model.model = args[0]
	entry, ok := findModel(args[0])
	if !ok {
		return usagef("there is no model %q%s; the models are %s", args[0], didYouMean(args[0], modelNames()), strings.Join(modelNames(), ", "))
	}
	if (entry.name == shapeModel || entry.name == "seed") && c.files.tree != "" {
		return usagef("models shows no priors of %s for data; hxgpu sample prints them", entry.name)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s\n\n%s\n", entry.name, entry.short, entry.text)
	if entry.name != shapeModel {
		if err := c.describe(&text, entry); err != nil {
			return err
		}
	}
	fmt.Fprintf(&text, "\nExample:\n  %s\n", entry.example)
	_, err := io.WriteString(w, text.String())
	return err
}

// describe lists parameters and roots, for the data that are named or for any.
func (c *modelsCommand) describe(w io.Writer, entry *modelEntry) error {
	var m *bffg.Model
	if c.files.tree == "" {
		traits, data := exampleData(entry)
		m = bffg.Seed()
		if entry.name != "seed" {
			var err error
			if m, err = c.model.build(traits, data); err != nil {
				return err
			}
		}
		fmt.Fprintf(w, "\nParameters and their default priors (of several traits):\n")
		for _, p := range m.Parameters {
			describeParameter(w, p, len(traits))
		}
		for _, d := range m.DerivedQuantities() {
			fmt.Fprintf(w, "  %-16s  %s\n  %-16s  follows from %s\n", d.Name, d.About, "", strings.Join(d.Of, ", "))
		}
	} else {
		in, err := c.files.load()
		if err != nil {
			return err
		}
		if m, err = c.model.build(in.traits, in.data); err != nil {
			return err
		}
		fmt.Fprintf(w, "\nParameters and their default priors for these data:\n")
		in.report(w)
		reportModel(w, m)
		printWarnings(w, append(in.warnings(), modelWarnings(m, in.data)...))
	}
	if entry.withRegimes != nil && entry.build != nil && c.files.tree == "" {
		fmt.Fprintf(w, "  With --regimes, theta has an element for each regime, and trait.\n")
	}
	root := "flat"
	if m.Root == bffg.RootNormal {
		root = "normal, around the mean of each trait, five standard deviations wide"
	} else if m.Root == bffg.RootPinned {
		root = "pinned=0"
	}
	also := ""
	if m.Stationary != nil {
		also = ";\noptimum (it is theta, of the regime in which the tree begins) or stationary (drawn\nfrom the distribution that the process settles to)"
	}
	fmt.Fprintf(w, "\nRoots (--root): flat, pinned=x, normal=mean,sd or estimated (a parameter)%s.\nBy default %s.\n", also, root)
	if m.Attraction != "" {
		fmt.Fprintf(w, "A flat root makes the posterior improper unless %s is fixed.\n", m.Attraction)
	}
	return nil
}

// describeParameter says what a parameter is and how its default prior comes about. The
// numbers of a prior that follows from data are left out.
func describeParameter(w io.Writer, p bffg.Parameter, traits int) {
	if p.Prior.Support() == prior.Correlation && traits < 2 {
		return
	}
	fmt.Fprintf(w, "  %-16s  %s\n", p.Name, p.About)
	from := p.Prior.String()
	if p.Default != "" && p.Prior.Support() != prior.Correlation && p.Prior.Support() != prior.Interval {
		from = p.Prior.Family
		if p.Prior.Family == "lognormal" {
			from += fmt.Sprintf(", sd of the log %v", p.Prior.Parameters[1])
		}
	}
	if p.Default != "" {
		from += fmt.Sprintf("\n  %-16s    %s", "", p.Default)
	}
	fmt.Fprintf(w, "  %-16s  ~ %s\n", "", from)
}

// exampleData are data of two traits and two regimes that stand for any.
func exampleData(entry *modelEntry) ([]string, bffg.Data) {
	topology, err := tree.Symmetric(1, 2)
	if err != nil {
		panic("hxgpu: the example tree is invalid")
	}
	data := bffg.Data{Topology: topology, Lengths: []float64{0, 1, 1}, Values: [][]float64{{-1, 1}, {-1, 1}}}
	if entry.build == nil {
		data.Regimes, data.RegimeNames = []int{0, 0, 1}, []string{"regime 1", "regime 2"}
	}
	return []string{"trait 1", "trait 2"}, data
}
