package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/tree"
)

// regimeFlags say where the regimes of edges come from.
type regimeFlags struct{ from string }

func (f *regimeFlags) add(cmd *cobra.Command, factor bool) {
	usage := "regimes of edges, for --model ou, mvou and rates, from a `source`:\nannotation=KEY (of the tree's nodes or edges) or map (the tree's stochastic map)"
	if factor {
		usage = "regimes of edges, for --model ou, mvou and rates, from a `source`:\nfactor=COLUMN of --traits (inner edges by parsimony), annotation=KEY (of the tree's\nnodes or edges) or map (the tree's stochastic map)"
	}
	cmd.Flags().StringVar(&f.from, "regimes", "", usage)
}

// regimeHelp explains regimes to the readers of help.
const regimeHelp = `Regimes of edges (--regimes) are named by a factor column of the traits, whose states
the inner nodes take by parsimony (as few changes as there can be; a node that may have
several states takes its parent's, the root the first by name), by an annotation such as
[&regime=forest] of every node or edge, or by a stochastic map, {forest,0.2:open,0.1} for
a length, the state next to the node first. An edge that changes its regime is cut there
by a node with one child.`

// split takes --regimes apart.
func (f *regimeFlags) split() (kind, name string) {
	kind, name, _ = strings.Cut(f.from, "=")
	return strings.TrimSpace(kind), strings.TrimSpace(name)
}

// check finds mistakes before any file is read.
func (f *regimeFlags) check(factor bool) error {
	kind, name := f.split()
	usage := "factor=COLUMN, annotation=KEY or map"
	if !factor {
		usage = "annotation=KEY or map"
	}
	switch {
	case f.from == "" || f.from == "map":
		return nil
	case kind == "factor" && !factor:
		return usagef("--regimes %s: there are no traits here whose column could be taken; use %s", f.from, usage)
	case kind == "factor" && name != "" || kind == "annotation" && name != "":
		return nil
	}
	return usagef("--regimes %s: use %s", f.from, usage)
}

// regimeData are the regimes that were found.
type regimeData struct {
	*tree.Regimes
	how     string
	extents []tree.Extent
}

// ofTree takes the regimes from the tree, whose edges may have to be cut; nil where they
// do not come from there.
func (f *regimeFlags) ofTree(p *tree.Phylogeny, file string) (*tree.Phylogeny, *regimeData, error) {
	kind, key := f.split()
	found := &regimeData{}
	var err error
	switch kind {
	case "map":
		found.how = "by the tree's stochastic map"
		before := p.Topology.Size()
		if p, found.Regimes, err = p.MappedRegimes(); err == nil {
			found.how += fmt.Sprintf(", edges cut at %s", plural(p.Topology.Size()-before, "place"))
		}
	case "annotation":
		found.how = fmt.Sprintf("by the tree's annotation %s", key)
		found.Regimes, err = p.AnnotatedRegimes(key)
	default:
		return p, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--regimes %s: %s: %w", f.from, file, err)
	}
	return p, found, f.few(found)
}

// mostRegimes is how many regimes there may be: every edge carries a number for each.
const mostRegimes = 50

// few refuses what is a number rather than a state.
func (f *regimeFlags) few(found *regimeData) error {
	if n := len(found.Names); n > mostRegimes {
		return fmt.Errorf("--regimes %s: there are %d regimes, %s: %d at most can be; numbers that vary continuously are no regimes", f.from, n, shorten(found.Names), mostRegimes)
	}
	return nil
}

// ofTable takes the regimes of the tips from a column, those of other edges by parsimony.
func (f *regimeFlags) ofTable(p *tree.Phylogeny, table *tree.Table) (*regimeData, error) {
	_, column := f.split()
	factor, err := table.Factor(column)
	if err != nil {
		return nil, fmt.Errorf("--regimes: %w", err)
	}
	matching, err := tree.Match(p, table)
	if err != nil {
		return nil, err
	}
	tips := matching.CodesPerTip(factor.Codes)
	found := &regimeData{}
	if found.Regimes, err = p.ParsimonyRegimes(tips, factor.Levels); err != nil {
		return nil, fmt.Errorf("--regimes %s: %w", f.from, err)
	}
	found.how = fmt.Sprintf("by the column %s, inner edges by parsimony", column)
	missing := 0
	for _, s := range tips {
		if s < 0 {
			missing++
		}
	}
	if missing > 0 {
		found.how += fmt.Sprintf(", as those of %s without a state", plural(missing, "tip"))
	}
	return found, f.few(found)
}

// give puts the regimes into the data, and as annotations into the tree where files that
// are written of it would not have them.
func (r *regimeData) give(p *tree.Phylogeny, data *bffg.Data) {
	data.Regimes, data.RegimeNames = r.Codes, r.Names
	r.extents = r.Extents(p)
	if _, err := p.NodeValues(regimeKey); err == nil {
		return
	}
	if p.Annotations == nil {
		p.Annotations = make([]string, p.Topology.Size())
	}
	for v, code := range r.Codes {
		if p.Annotations[v] != "" {
			p.Annotations[v] += ","
		}
		p.Annotations[v] += regimeKey + "=" + tree.TextAnnotation(regimeKey, r.Names[code]).Value
	}
}

// regimeKey is the annotation that written trees have of regimes.
const regimeKey = "regime"

// report says which edges are in which regime.
func (r *regimeData) report(w io.Writer) {
	fmt.Fprintf(w, "  regimes     %s; %s, beginning with %s\n", r.how, plural(r.Changes, "change"), r.Names[r.Codes[0]])
	for i, e := range r.extents {
		fmt.Fprintf(w, "              %s: %s, total length %.6g\n", r.Names[i], plural(e.Edges, "edge"), e.Length)
	}
}

// warnings are what the regimes call for.
func (r *regimeData) warnings() []string {
	var warnings []string
	for i, e := range r.extents {
		if e.Length == 0 {
			warnings = append(warnings, fmt.Sprintf("all edges of the regime %q have length 0: its parameters are the prior's word alone", r.Names[i]))
		}
	}
	if len(r.Names) == 1 {
		warnings = append(warnings, fmt.Sprintf("there is a single regime, %q: the model is the one without regimes", r.Names[0]))
	}
	return warnings
}
