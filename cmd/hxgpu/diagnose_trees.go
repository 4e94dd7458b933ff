package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// storedTrees is a stored run over a set of trees, to be judged.
type storedTrees struct {
	folder *runstore.Folder
	record runstore.TreeSet
}

// openTreeSet opens the folder of a run over a set of trees; nil where a path is none.
func openTreeSet(path string) (*storedTrees, error) {
	folder, err := runstore.ExistingFolder(path)
	if err != nil || folder.Holds(runstore.RunFile) || !folder.Holds(runstore.TreesFile) {
		return nil, nil // diagnose says what is wrong
	}
	record, err := folder.ReadTreeSet()
	if err != nil {
		return nil, err
	}
	return &storedTrees{folder, record}, nil
}

// treesReport is what diagnose says of a set.
type treesReport struct {
	Folder string         `json:"folder"`
	State  runstore.Phase `json:"state"`
	InUse  bool           `json:"in_use"`
	Trees  []treeReport   `json:"trees"`
}

// treeReport is what diagnose says of a tree; Run is nil of one that has not begun.
type treeReport struct {
	Number int     `json:"number"`
	Name   string  `json:"name,omitempty"`
	Run    *report `json:"run"`
}

// diagnose judges the run of every tree.
func (s *storedTrees) diagnose(w io.Writer, asJSON bool) error {
	r := treesReport{Folder: s.folder.Name(), State: s.record.Phase, InUse: s.folder.InUse()}
	findings := 0
	for _, tree := range s.record.Trees {
		one := treeReport{Number: tree.Number, Name: tree.Name}
		path := s.folder.Path(tree.Folder)
		if _, err := os.Stat(filepath.Join(path, runstore.RunFile)); err == nil {
			if one.Run, err = diagnose(path); err != nil {
				return fmt.Errorf("tree %d: %w", tree.Number, err)
			}
			findings += len(one.Run.Findings)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		r.Trees = append(r.Trees, one)
	}
	var err error
	if asJSON {
		err = runstore.EncodeJSON(w, r)
	} else {
		err = r.print(w)
	}
	if err == nil && findings > 0 {
		return errWarnings
	}
	return err
}

func (r treesReport) print(w io.Writer) error {
	finished := 0
	rows := [][]string{{"tree", "state", "draws", "divergent", "R-hat", "ESS bulk", "ESS tail", "findings"}}
	for _, tree := range r.Trees {
		row := []string{fmt.Sprint(tree.Number), "not begun"}
		if one := tree.Run; one != nil {
			if one.State == runstore.Finished {
				finished++
			}
			rhat, bulk, tail, divergent := math.Inf(-1), math.Inf(1), math.Inf(1), 0
			for _, p := range one.Parameters {
				rhat, bulk, tail = max(rhat, p.Statistics.Rhat), min(bulk, p.Statistics.ESSBulk), min(tail, p.Statistics.ESSTail)
			}
			for _, c := range one.Chains {
				divergent += c.Divergences
			}
			var codes []string
			for _, f := range one.Findings {
				codes = append(codes, f.Code)
			}
			row = []string{row[0], string(one.State), fmt.Sprintf("%d x %d", len(one.Each), one.Draws), fmt.Sprint(divergent), fmt.Sprintf("%.4f", rhat), fmt.Sprintf("%.0f", bulk), fmt.Sprintf("%.0f", tail), strings.Join(codes, " ")}
			if one.Draws == 0 {
				row[4], row[5], row[6] = "-", "-", "-"
			}
		}
		rows = append(rows, row)
	}
	state := "is under way"
	switch {
	case r.InUse:
	case finished == len(r.Trees) && r.State == runstore.Finished:
		state = "is finished"
	default:
		state = fmt.Sprintf("was stopped; hxgpu sample --resume %s goes on", r.Folder)
	}
	if _, err := fmt.Fprintf(w, "%s %s: %d of %d trees are finished\n\n", r.Folder, state, finished, len(r.Trees)); err != nil {
		return err
	}
	return printTable(w, rows)
}
