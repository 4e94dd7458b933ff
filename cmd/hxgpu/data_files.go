package main

import (
	"errors"
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
	taxonColumn, errors          string
	treeIndex                    string
	traitsIndex                  int
	several                      bool // --tree-index may name several trees
	regimes                      regimeFlags
	files                        inputFiles
}

// inputHelp explains the files to the readers of help.
const inputHelp = `Trees are read from Newick or NEXUS (with or without TRANSLATE), plain or gzip; of a
file with several, --tree-index N takes one. Names in quotes, comments, annotations,
polytomies, nodes with one child, edges of length 0 and stochastic maps are fine; every
edge but the root's needs a length.

Traits are read from CSV or TSV, whose first line names the columns, or from a NEXUS
matrix (CONTINUOUS or STANDARD, interleaved or not), whose columns are called as its
CHARSTATELABELS say or else 1, 2, 3 and so on; of several matrices, --traits-index N takes
one. A missing cell is empty, NA, ? or -. The taxa stand in the column named taxon,
species, name or tip, or else in the one that has the tree's tips; --taxon-column says
which. Taxa and tips match with underscores read as spaces; those on one side only are
listed. Each taxon has one row.

Known errors of the values (--errors) add to the tip noise: standard errors in a column
se_X, or standard deviations sd_X with numbers of specimens n_X, whose error is
sd/sqrt(n). A taxon with one specimen takes the deviation pooled over the others.`

func (f *dataFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.tree, "tree", "", "the tree, a Newick or NEXUS `file` with edge lengths (may be gzip)")
	cmd.Flags().StringVar(&f.treeIndex, "tree-index", "", "the `number` of the tree, from 1, in a file that has several")
	cmd.Flags().StringVar(&f.traits, "traits", "", "the traits, a CSV, TSV or NEXUS `file` with one row per taxon (may be gzip)")
	cmd.Flags().IntVar(&f.traitsIndex, "traits-index", 0, "the `number` of the matrix, from 1, in a NEXUS file that has several")
	cmd.Flags().StringVar(&f.taxonColumn, "taxon-column", "", "the `column` of --traits with the names of the taxa (default: found)")
	cmd.Flags().StringVar(&f.errors, "errors", "none", "known errors of the traits: none, auto (the columns se_X, or sd_X and n_X, of each\ntrait X), or `columns`, one per trait with commas between, of standard errors, or of\nstandard deviations if called sd_Y beside n_Y")
	cmd.Flags().StringVar(&f.lengths, "edge-lengths", "raw", "raw (as in the file) or unit (divided by the height of the tree)")
	f.regimes.add(cmd, true)
	cmd.Flags().StringVar(&f.trait, "trait", "", "`column` of the traits to model, several with commas between; log(X), log10(X) and\nsqrt(X) of a column X too")
}

// inputs are the tree and the data of a command.
type inputs struct {
	phylogeny *tree.Phylogeny
	data      bffg.Data
	traits    []string
	record    runstore.DataFiles
	builtIn   bool
	shapes    *shapeData             // of landmarks
	scale     float64                // that edge lengths were divided by, if not 1
	errors    []*tree.StandardErrors // per trait, nil for one without; empty without --errors
	taxa      string                 // the column of the taxa
	regimes   *regimeData            // of edges, nil for none
}

// check finds flags that do not go together. The built-in example needs none.
func (f *dataFlags) check() error {
	index, err := parseTreeIndex(f.treeIndex)
	if err != nil {
		return err
	}
	switch {
	case len(index.some) > 0 && !f.several:
		return usagef("--tree-index %s: this command takes one tree, by its number; hxgpu sample takes several", f.treeIndex)
	case f.lengths != "raw" && f.lengths != "unit":
		return usagef("--edge-lengths %s: use raw or unit", f.lengths)
	case f.traitsIndex < 0:
		return usagef("--traits-index %d: matrices are numbered from 1", f.traitsIndex)
	case f.tree == "" && index.given != "" && index.given != "0":
		return usagef("--tree-index goes with --tree")
	case f.traits == "" && (f.traitsIndex > 0 || f.taxonColumn != "" || f.errors != "none"):
		return usagef("--traits-index, --taxon-column and --errors go with --traits")
	case f.tree == "" && f.regimes.from != "":
		return usagef("--regimes goes with --tree")
	case f.tree == "" && f.traits == "" && f.trait == "":
		return nil
	case f.tree == "":
		return usagef("--tree is missing: name the file of the tree that the traits belong to")
	case f.traits == "":
		return usagef("--traits is missing: name the file with the traits of the tree's tips")
	}
	return f.regimes.check(true)
}

// splitTraits reads the value of --trait.
func splitTraits(text string) ([]string, error) {
	traits, err := splitNames("trait", text)
	for i, name := range traits {
		if slices.Contains(traits[:i], name) {
			return nil, usagef("--trait names %q twice", name)
		}
	}
	return traits, err
}

// splitNames reads column names with commas between.
func splitNames(flag, text string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return nil, usagef("--%s %q has an empty name: write column names with commas between", flag, text)
		}
		names = append(names, name)
	}
	return names, nil
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
	phylogeny, regimes, err := f.regimes.ofTree(phylogeny, f.tree)
	if err != nil {
		return nil, err
	}
	text, err := f.files.text("traits", f.traits)
	if err != nil {
		return nil, fmt.Errorf("--traits: %w", err)
	}
	table, err := tree.ParseTableWith(f.traits, text, f.tableOptions(phylogeny))
	if err != nil {
		return nil, f.tableError(err)
	}
	if traits == nil {
		return nil, usagef("--trait is missing: name one or more columns of %s, which has %s", f.traits, shorten(table.Columns))
	}
	in, err := f.match(phylogeny, table, traits)
	if err != nil {
		return nil, err
	}
	in.taxa = table.TaxonColumn
	if kind, _ := f.regimes.split(); kind == "factor" {
		if regimes, err = f.regimes.ofTable(phylogeny, table); err != nil {
			return nil, err
		}
	}
	if in.regimes = regimes; regimes != nil {
		regimes.give(phylogeny, &in.data)
	}
	return in, f.knownErrors(in, table)
}

// tableOptions say how the traits are to be read.
func (f *dataFlags) tableOptions(phylogeny *tree.Phylogeny) tree.TableOptions {
	return tree.TableOptions{TaxonColumn: f.taxonColumn, Tips: phylogeny.Tips(), Matrix: f.traitsIndex}
}

// tableError says which flag is at fault, and which one helps.
func (f *dataFlags) tableError(err error) error {
	var index *tree.MatrixIndexError
	switch {
	case errors.As(err, &index) && f.traitsIndex == 0:
		return fmt.Errorf("--traits: %w, by --traits-index", err)
	case errors.As(err, &index):
		return fmt.Errorf("--traits-index: %w", err)
	}
	return fmt.Errorf("--traits: %w", err)
}

// loadTree reads the tree.
func (f *dataFlags) loadTree() (*tree.Phylogeny, error) {
	text, err := f.files.text("tree", f.tree)
	if err != nil {
		return nil, fmt.Errorf("--tree: %w", err)
	}
	index, err := parseTreeIndex(f.treeIndex)
	if err != nil {
		return nil, err
	}
	if f.files.alone {
		index.one = 0
	}
	phylogeny, err := parseTree(f.tree, text, index.one)
	if err != nil {
		return nil, err
	}
	if phylogeny.Topology.Size() == 1 {
		return nil, fmt.Errorf("--tree: %s: the tree is a single tip; a model needs at least one edge", f.tree)
	}
	if err := phylogeny.RequireLengths(); err != nil {
		return nil, fmt.Errorf("--tree: %s: %w", f.tree, err)
	}
	return phylogeny, nil
}

// parseTree reads one tree of a file.
func parseTree(path string, text []byte, index int) (*tree.Phylogeny, error) {
	p, err := tree.ParseTree(path, text, index)
	var wrong *tree.TreeIndexError
	switch {
	case err == nil:
		return p, nil
	case errors.As(err, &wrong) && index == 0:
		return nil, fmt.Errorf("--tree: %w, by --tree-index", err)
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("--tree-index: %w", err)
	}
	return nil, fmt.Errorf("--tree: %w", err)
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
		column, err := traitValues(table, trait)
		if err != nil {
			return nil, err
		}
		in.data.Values = append(in.data.Values, matching.PerTip(column))
	}
	if height := in.data.Height(); f.lengths == "unit" && height > 0 {
		in.scale = height
		phylogeny.Rescale(height) // files that are written have the scaled lengths
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
	in.reportErrors(w)
	if in.regimes != nil {
		in.regimes.report(w)
	}
	if in.taxa != "" && !strings.EqualFold(in.taxa, "taxon") {
		fmt.Fprintf(w, "  taxa        the column %s of the table\n", in.taxa)
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
	warnings := in.treeWarnings()
	if in.regimes != nil {
		warnings = append(warnings, in.regimes.warnings()...)
	}
	for k, trait := range in.traits {
		if _, variance, n := in.data.Moments(k); n > 1 && variance == 0 {
			warnings = append(warnings, fmt.Sprintf("every value of trait %q is the same: the data say only that its rates are small, and how small is the prior's word", trait))
		} else if n == 1 {
			warnings = append(warnings, fmt.Sprintf("trait %q has a single value: the posterior of its rates is close to the prior", trait))
		}
	}
	return warnings
}

// treeWarnings are what the tree calls for.
func (in *inputs) treeWarnings() []string {
	if !in.phylogeny.Unrooted() {
		return nil
	}
	return []string{"the tree is marked as unrooted ([&U]): its outermost parentheses are taken for the root; root it first unless they are"}
}

// shorten lists at most ten names and how many more there are.
func shorten(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
