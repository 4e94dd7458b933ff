package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/tree"
)

// dataFlags name the files and columns to read.
type dataFlags struct {
	tree, traits, trait, lengths string
	files                        inputFiles
}

func (f *dataFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.tree, "tree", "", "the tree, a Newick `file` with edge lengths (may be gzip)")
	cmd.Flags().StringVar(&f.traits, "traits", "", "the traits, a CSV or TSV `file` with one row per taxon (may be gzip)")
	cmd.Flags().StringVar(&f.lengths, "edge-lengths", "raw", "raw (as in the file) or unit (divided by the height of the tree)")
	cmd.Flags().StringVar(&f.trait, "trait", "", "`column` of the traits to model, several with commas between")
}

// inputs are the tree and the data of a command.
type inputs struct {
	phylogeny *tree.Phylogeny
	data      bffg.Data
	traits    []string
	record    runstore.DataFiles
	builtIn   bool
	shapes    *shapeData // of landmarks
	scale     float64    // that edge lengths were divided by, if not 1
}

// check finds flags that do not go together. The built-in example needs none.
func (f *dataFlags) check() error {
	switch {
	case f.lengths != "raw" && f.lengths != "unit":
		return usagef("--edge-lengths %s: use raw or unit", f.lengths)
	case f.tree == "" && f.traits == "" && f.trait == "":
		return nil
	case f.tree == "":
		return usagef("--tree is missing: name the Newick file of the tree that the traits belong to")
	case f.traits == "":
		return usagef("--traits is missing: name the CSV file with the traits of the tree's tips")
	}
	return nil
}

// splitTraits reads the value of --trait.
func splitTraits(text string) ([]string, error) {
	var traits []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			return nil, usagef("--trait %q has an empty name: write column names with commas between", text)
		case slices.Contains(traits, name):
			return nil, usagef("--trait names %q twice", name)
		}
		traits = append(traits, name)
	}
	return traits, nil
}

// load reads the files, or takes the built-in example where none are named.
func (f *dataFlags) load() (*inputs, error) {
	if f.tree == "" {
		return builtIn(), nil
	}
	var traits []string
	if f.trait != "" {
		var err error
		if traits, err = splitTraits(f.trait); err != nil {
			return nil, err
		}
	}
	phylogeny, err := f.loadTree()
	if err != nil {
		return nil, err
	}
	text, err := f.files.text("traits", f.traits)
	if err != nil {
		return nil, fmt.Errorf("--traits: %w", err)
	}
	table, err := tree.ParseTable(f.traits, text)
	if err != nil {
		return nil, fmt.Errorf("--traits: %w", err)
	}
	if traits == nil {
		return nil, usagef("--trait is missing: name one or more columns of %s, which has %s", f.traits, shorten(table.Columns))
	}
	return f.match(phylogeny, table, traits)
}

// loadTree reads the tree.
func (f *dataFlags) loadTree() (*tree.Phylogeny, error) {
	text, err := f.files.text("tree", f.tree)
	if err != nil {
		return nil, fmt.Errorf("--tree: %w", err)
	}
	phylogeny, err := tree.ParseNewick(f.tree, text)
	if err != nil {
		return nil, fmt.Errorf("--tree: %w", err)
	}
	if phylogeny.Topology.Size() == 1 {
		return nil, fmt.Errorf("--tree: %s: the tree is a single tip; a model needs at least one edge", f.tree)
	}
	if err := phylogeny.RequireLengths(); err != nil {
		return nil, fmt.Errorf("--tree: %s: %w", f.tree, err)
	}
	return phylogeny, nil
}

// match finds the rows of the tips, and takes the traits from them.
func (f *dataFlags) match(phylogeny *tree.Phylogeny, table *tree.Table, traits []string) (*inputs, error) {
	matching, err := tree.Match(phylogeny, table)
	if err != nil {
		return nil, err
	}
	in := &inputs{phylogeny: phylogeny, traits: traits, scale: 1,
		data: bffg.Data{Topology: phylogeny.Topology, Lengths: phylogeny.Lengths, Names: phylogeny.Names},
		record: runstore.DataFiles{Tree: f.tree, Traits: f.traits, Columns: traits, Tips: phylogeny.Topology.LeafCount(),
			Nodes: phylogeny.Topology.Size(), TreeOnly: matching.TreeOnly, TableOnly: matching.TableOnly}}
	for _, trait := range traits {
		column, err := table.Numbers(trait)
		if err != nil {
			return nil, err
		}
		in.data.Values = append(in.data.Values, matching.PerTip(column))
	}
	if height := in.data.Height(); f.lengths == "unit" && height > 0 {
		in.scale = height
		for v := range phylogeny.Lengths { // the tree's own too: files that are written have the scaled ones
			phylogeny.Lengths[v] /= height
		}
	}
	in.count()
	return in, nil
}

// builtIn is the example that needs no files.
func builtIn() *inputs {
	return builtInFrom(bffg.SeedData(), []string{"x"}, "16 tips of a balanced tree, simulated with sigma_sq = 0.5 and tau_sq = 0.1")
}

// builtInFrom names the nodes of a built-in example.
func builtInFrom(data bffg.Data, traits []string, about string) *inputs {
	n := data.Topology.Size()
	data.Names = make([]string, n)
	has := make([]bool, n)
	for v := range n {
		has[v] = v > 0
	}
	for i, v := range data.Topology.Leaves() {
		data.Names[v] = fmt.Sprintf("tip_%d", i+1)
	}
	in := &inputs{data: data, traits: traits, builtIn: true, scale: 1,
		phylogeny: &tree.Phylogeny{Topology: data.Topology, Names: data.Names, Lengths: data.Lengths, HasLength: has},
		record: runstore.DataFiles{BuiltIn: about,
			Columns: traits, Tips: data.Topology.LeafCount(), Nodes: n}}
	in.count()
	return in
}

// count fills in what the record says of the data.
func (in *inputs) count() {
	in.record.Height = runstore.Number(in.data.Height())
	in.record.Observed = nil
	for k := range in.traits {
		_, _, n := in.data.Moments(k)
		in.record.Observed = append(in.record.Observed, n)
	}
}

// report says what was read, and which taxa stand on one side only.
func (in *inputs) report(w io.Writer) {
	r := in.record
	if in.builtIn {
		fmt.Fprintf(w, "  data        built-in example: %s\n", r.BuiltIn)
		return
	}
	how := "are used as they are"
	if in.scale != 1 {
		how = fmt.Sprintf("were divided by its height, %.6g", in.scale)
	}
	fmt.Fprintf(w, "  tree        %s: %d tips, %d nodes, height %.6g; edge lengths %s\n", r.Tree, r.Tips, r.Nodes, float64(r.Height), how)
	if in.shapes != nil {
		in.shapes.report(w, in)
	}
	for k, trait := range in.traits {
		if in.shapes != nil {
			break
		}
		mean, variance, n := in.data.Moments(k)
		fmt.Fprintf(w, "  trait       %s: %d of %d tips have a value, mean %.6g, sd %.6g\n", trait, n, r.Tips, mean, math.Sqrt(variance))
	}
	if n := len(r.TreeOnly); n > 0 {
		fmt.Fprintf(w, "  %s of the tree without a row in the table, kept as missing: %s\n", plural(n, "tip"), shorten(r.TreeOnly))
	}
	if n := len(r.TableOnly); n > 0 {
		fmt.Fprintf(w, "  %s of the table without a tip in the tree, ignored: %s\n", plural(n, "row"), shorten(r.TableOnly))
	}
}

// warnings are what the data call for.
func (in *inputs) warnings() []string {
	var warnings []string
	for k, trait := range in.traits {
		if _, variance, n := in.data.Moments(k); n > 1 && variance == 0 {
			warnings = append(warnings, fmt.Sprintf("every value of trait %q is the same: the data say only that its rates are small, and how small is the prior's word", trait))
		} else if n == 1 {
			warnings = append(warnings, fmt.Sprintf("trait %q has a single value: the posterior of its rates is close to the prior", trait))
		}
	}
	return warnings
}

// shorten lists at most ten names and how many more there are.
func shorten(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
