package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

// survey is what init finds in the files.
type survey struct {
	tree    []string // the tree in words, a line each
	table   *tree.Table
	columns []string // the columns in words, a line each
	traits  []string // columns that may be modelled
	shapes  bool     // nothing but landmarks
	// errorsTried says that known errors are used because they were found,
	// errorsFailed why they could not be.
	errorsTried  bool
	errorsFailed error
}

// survey reads the files and looks at what is in them.
func (c *initCommand) survey() (*survey, error) {
	files := &c.sample.files
	phylogeny, err := files.loadTree()
	if err != nil {
		return nil, err
	}
	found := &survey{tree: describeTree(phylogeny)}
	text, err := files.files.text("traits", files.traits)
	if err != nil {
		return nil, fmt.Errorf("--traits: %w", err)
	}
	options := files.tableOptions(phylogeny)
	table, tableErr := tree.ParseTableWith(files.traits, text, options)
	set, ignored, shapesErr := landmarks.ParseWith(files.traits, text, options)
	if tableErr != nil && (shapesErr != nil || !strings.EqualFold(filepath.Ext(strings.TrimSuffix(files.traits, ".gz")), ".tps")) {
		return nil, files.tableError(tableErr)
	}
	if shapesErr == nil {
		found.columns = append(found.columns, fmt.Sprintf("%s with %d landmarks in %d dimensions (--model kunita)", plural(len(set.Shapes), "shape"), set.Points, set.Dimensions))
	}
	if tableErr != nil {
		found.shapes = true
		return found, nil
	}
	found.table = table
	if err := found.lookAt(phylogeny, table, shapesErr == nil, ignored); err != nil {
		return nil, err
	}
	found.shapes = shapesErr == nil && len(found.traits) == 0
	return found, nil
}

// describeTree puts a tree into words.
func describeTree(p *tree.Phylogeny) []string {
	depths := p.NodeDepths()
	leaves := p.Topology.Leaves()
	nearest, farthest := math.Inf(1), 0.0
	for _, v := range leaves {
		nearest, farthest = min(nearest, depths[v]), max(farthest, depths[v])
	}
	polytomies, zeros, negligible := 0, 0, 1e-6*farthest
	for v := range p.Topology.Size() {
		if p.Topology.ChildCount()[v] > 2 {
			polytomies++
		}
		if v > 0 && p.Lengths[v] == 0 {
			zeros++
		}
	}
	shape := fmt.Sprintf("the tips lie %.6g to %.6g from the root (fossils, or edges that are no times)", nearest, farthest)
	if farthest-nearest <= negligible {
		shape = "ultrametric: all tips are equally far from the root"
	}
	lines := []string{fmt.Sprintf("%d tips, %d nodes, height %.6g; %s", len(leaves), p.Topology.Size(), p.Height(), shape)}
	if polytomies > 0 {
		lines = append(lines, fmt.Sprintf("%s with more than two children (polytomies)", plural(polytomies, "node")))
	}
	if zeros > 0 {
		lines = append(lines, plural(zeros, "edge")+" of length 0")
	}
	if p.Unrooted() {
		lines = append(lines, "it is marked as unrooted: root it first unless its outermost parentheses are the root")
	}
	return lines
}

// mostColumns are described one by one.
const mostColumns = 40

// lookAt describes the columns of a table. Where the table has landmarks, only the
// columns that are none are looked at.
func (found *survey) lookAt(p *tree.Phylogeny, table *tree.Table, shapes bool, others []string) error {
	matching, err := tree.Match(p, table)
	if err != nil {
		return err
	}
	found.columns = append(found.columns, fmt.Sprintf("%d of %d tips have a row", matching.Matched(), p.Topology.LeafCount()))
	if n := len(matching.TableOnly); n > 0 {
		found.columns = append(found.columns, fmt.Sprintf("%s of the table without a tip in the tree, ignored: %s", plural(n, "row"), shorten(matching.TableOnly)))
	}
	texts := table.TextColumns()
	errorOf := map[string]string{}
	for _, column := range table.Columns {
		from, _ := table.ErrorColumns(column)
		for _, e := range from {
			errorOf[e] = column
		}
	}
	var lines []string
	for _, column := range table.Columns {
		if shapes && !slices.Contains(others, column) {
			continue
		}
		switch {
		case slices.Contains(texts, column):
			lines = append(lines, column+": "+describeFactor(table, matching, column))
		case errorOf[column] != "":
			lines = append(lines, fmt.Sprintf("%s: known errors of %s", column, errorOf[column]))
		default:
			numbers, err := table.Numbers(column)
			if err != nil {
				lines = append(lines, fmt.Sprintf("%s: not usable, %v", column, err))
				continue
			}
			n, mean, sd := spread(matching.PerTip(numbers))
			text := fmt.Sprintf("%s: numbers, %d at tips, mean %.4g, sd %.4g", column, n, mean, sd)
			switch {
			case n == 0:
				text = column + ": no value at any tip"
			case n == 1:
				text = fmt.Sprintf("%s: a single number, %.4g", column, mean)
			default:
				found.traits = append(found.traits, column)
			}
			lines = append(lines, text)
		}
	}
	if n := len(lines) - mostColumns; n > 0 {
		lines = append(lines[:mostColumns], fmt.Sprintf("and %d more columns", n))
	}
	found.columns = append(found.columns, lines...)
	slices.SortStableFunc(found.traits, func(a, b string) int { return cmp.Compare(statistic(a), statistic(b)) })
	return nil
}

// statistic is 1 for a column that is called like a standard error, a standard
// deviation or a number of specimens, of whatever it may be, and else 0.
func statistic(column string) int {
	lower := strings.ToLower(column)
	for _, prefix := range []string{"se_", "sd_", "n_"} {
		if strings.HasPrefix(lower, prefix) {
			return 1
		}
	}
	return 0
}

// describeFactor puts a column of texts into words.
func describeFactor(table *tree.Table, matching *tree.Matching, column string) string {
	factor, err := table.Factor(column)
	if err != nil {
		return "text"
	}
	counts := make([]int, len(factor.Levels))
	known := 0
	for _, code := range matching.CodesPerTip(factor.Codes) {
		if code >= 0 {
			counts[code]++
			known++
		}
	}
	if len(factor.Levels) > 12 && 2*len(factor.Levels) > known {
		return fmt.Sprintf("text, %d of them different", len(factor.Levels))
	}
	var levels []string
	for i, level := range factor.Levels {
		levels = append(levels, fmt.Sprintf("%s (%d)", level, counts[i]))
	}
	return fmt.Sprintf("a factor of %s: %s", plural(len(levels), "state"), shorten(levels))
}

// spread is the number, the mean and the standard deviation of the values that are
// not missing.
func spread(values []float64) (n int, mean, sd float64) {
	squares := 0.0
	for _, x := range values {
		if !math.IsNaN(x) {
			n++
			change := x - mean
			mean += change / float64(n)
			squares += change * (x - mean)
		}
	}
	return n, mean, math.Sqrt(squares / float64(max(n-1, 1)))
}

// notes are what init has to say of a setting beyond what it means.
func (c *initCommand) notes(f *pflag.Flag, found *survey, s *sampled) []string {
	indent := func(lines []string) []string {
		var indented []string
		for _, line := range lines {
			indented = append(indented, "  "+oneLine(line))
		}
		return indented
	}
	switch f.Name {
	case "tree":
		return indent(found.tree)
	case "traits":
		return indent(found.columns)
	case "trait":
		if others := found.traits; len(others) > 1 && s.in.shapes == nil {
			return []string{"All that may stand here: " + oneLine(shorten(others)) + "."}
		}
	case "errors":
		if found.errorsFailed != nil {
			return []string{"There are columns of known errors, which cannot be used: " + oneLine(found.errorsFailed.Error())}
		}
		for _, trait := range s.in.traits {
			if s.in.shapes != nil || f.Changed {
				break
			}
			if _, guess := found.table.ErrorColumns(trait); guess != "" {
				return []string{oneLine(fmt.Sprintf("%s may hold those of %s: if they are errors of its logarithms, and not of what was measured, name it here.", guess, trait))}
			}
		}
	case "model":
		return []string{oneLine(s.model.Name + ": " + s.model.About + ".")}
	case "fix":
		return []string{"Here as a mapping, such as {tau_sq: 0.01}."}
	case "prior":
		lines := []string{"The defaults take their numbers from the data:"}
		for _, p := range s.model.Parameters {
			if p.Fixed == nil {
				lines = append(lines, fmt.Sprintf("  %s ~ %v: %s", p.Name, p.Prior, p.About))
			}
		}
		return lines
	}
	return nil
}
