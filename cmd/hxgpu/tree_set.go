package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/internal/diagnosis"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// setTree is a tree of a set, with what its run gives.
type setTree struct {
	runstore.TreeRun
	phylogeny *tree.Phylogeny
	finished  bool

	parameters []string
	draws      [][][]float64 // [parameter][chain][draw]
	found      diagnosis.Sampled
}

// failed says on which tree something went wrong.
func (t *setTree) failed(err error) error {
	if t.Name != "" {
		return fmt.Errorf("tree %d (%s): %w", t.Number, t.Name, err)
	}
	return fmt.Errorf("tree %d: %w", t.Number, err)
}

// file is the tree alone, as a copy of its part of the file.
func (t *setTree) file(path string) (inputFile, error) {
	var text bytes.Buffer
	if err := t.phylogeny.WriteNexus(&text, nil); err != nil {
		return inputFile{}, t.failed(err)
	}
	f := inputFile{runstore.NewInputFile("tree", strings.TrimSuffix(path, ".gz"), text.Bytes()), text.Bytes()}
	f.Given, f.Alone = path, true
	return f, nil
}

// take reads the draws of the tree's run, and what is to be said of its chains.
func (t *setTree) take(d *drawn) (err error) {
	t.found, t.parameters = d.found, d.ParameterNames()
	columns := make([]int, len(t.parameters))
	for i := range columns {
		columns[i] = d.FirstParameter() + i
	}
	t.draws, err = d.Columns(columns...)
	return err
}

// open reads the draws of the tree's run from its folder.
func (t *setTree) open(folder *runstore.Folder) error {
	record, err := folder.ReadRun()
	if err != nil {
		return err
	}
	d, err := openDrawn(folder, record)
	if err != nil {
		return err
	}
	defer d.close()
	if err := d.describe(record.Settings); err != nil {
		return err
	}
	return t.take(d)
}

// readTrees reads the trees that --tree-index names.
func (t *treeSet) readTrees() error {
	files := &t.files
	text, err := files.files.text("tree", files.tree)
	if err != nil {
		return fmt.Errorf("--tree: %w", err)
	}
	index, err := parseTreeIndex(files.treeIndex)
	if err != nil {
		return err
	}
	burnin, share, err := parseTreeBurnin(t.burninTrees)
	if err != nil {
		return err
	}
	for _, err := range tree.Trees(files.tree, text) {
		if err != nil {
			return fmt.Errorf("--tree: %w", err)
		}
		t.total++
	}
	if burnin += int(share * float64(t.total)); burnin >= t.total {
		return usagef("--burnin-trees %s: %s has only %s", t.burninTrees, files.tree, plural(t.total, "tree"))
	}
	numbers, err := index.choose(t.total, burnin)
	if err != nil {
		return err
	}
	number := 0
	for p, err := range tree.Trees(files.tree, text) {
		if err != nil {
			return fmt.Errorf("--tree: %w", err)
		}
		if number++; len(t.trees) == len(numbers) || number != numbers[len(t.trees)] {
			continue
		}
		seed := nuts.NewStream(t.seed, uint32(number), 0, nuts.PurposeTrees)
		t.trees = append(t.trees, &setTree{phylogeny: p,
			TreeRun: runstore.TreeRun{Number: number, Name: p.Name, Folder: runstore.TreeFolder(number), Seed: seed.Uint64() >> 11}}) // as many bits as readers of JSON keep
	}
	return t.sameTips()
}

// sameTips refuses trees whose tips are not those of the first.
func (t *treeSet) sameTips() error {
	first := t.trees[0]
	names := map[string]bool{}
	for _, name := range first.phylogeny.Tips() {
		names[name] = true
	}
	for _, other := range t.trees[1:] {
		var more, fewer []string
		has := map[string]bool{}
		for _, name := range other.phylogeny.Tips() {
			if has[name] = true; !names[name] {
				more = append(more, name)
			}
		}
		for name := range names {
			if !has[name] {
				fewer = append(fewer, name)
			}
		}
		var differences []string
		if len(more) > 0 {
			differences = append(differences, "it has "+shorten(more)+", which that has not")
		}
		if len(fewer) > 0 {
			slices.Sort(fewer)
			differences = append(differences, "it lacks "+shorten(fewer))
		}
		if len(differences) > 0 {
			return fmt.Errorf("--tree: %s: %w", t.files.tree, other.failed(fmt.Errorf("its tips are not those of tree %d: %s; trees that are pooled have the same tips", first.Number, strings.Join(differences, ", and "))))
		}
	}
	return nil
}

// numbers lists trees by their numbers, in runs of even steps.
func (t *treeSet) numbers(trees []*setTree) string {
	var texts []string
	for i := 0; i < len(trees); {
		last := i + 1
		for last+1 < len(trees) && trees[last+1].Number-trees[last].Number == trees[i+1].Number-trees[i].Number {
			last++
		}
		if last-i < 2 {
			texts = append(texts, fmt.Sprint(trees[i].Number))
			i++
			continue
		}
		text := fmt.Sprintf("%d-%d", trees[i].Number, trees[last].Number)
		if step := trees[i+1].Number - trees[i].Number; step > 1 {
			text += fmt.Sprintf(":%d", step)
		}
		texts = append(texts, text)
		i = last + 1
	}
	return shorten(texts)
}

// setWarnings are what the set of trees calls for.
func (t *treeSet) setWarnings() []string {
	for _, one := range t.trees {
		for _, mark := range one.phylogeny.Marks {
			if strings.HasPrefix(mark, "W ") || strings.HasPrefix(mark, "w ") {
				return []string{fmt.Sprintf("the trees have weights, as [&%s] of tree %d: they are not used, every tree counts the same", mark, one.Number)}
			}
		}
	}
	return nil
}
