package runstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The files of a run over a set of trees. Each tree has a run of its own in a folder
// within; the summary and the states of the nodes are called as those of a run.
const (
	TreesFile       = "trees.json"
	PooledDrawsFile = "draws.csv"
	PooledTableFile = "summary.csv"
	treeFolder      = "tree_"
)

// TreeFolder is the folder of a tree's run within that of the set, by the tree's number.
func TreeFolder(number int) string { return fmt.Sprintf("%s%04d", treeFolder, number) }

// TreeRun is a tree of a set and its run.
type TreeRun struct {
	Number int    `json:"number"` // in the file, from 1
	Name   string `json:"name,omitempty"`
	Folder string `json:"folder"`
	Seed   uint64 `json:"seed"`
}

// TreeSet is what trees.json holds.
type TreeSet struct {
	Phase    Phase    `json:"state"`
	Versions Versions `json:"versions"`
	Started  string   `json:"started"`
	// Flags are the values of all flags that the draws depend on.
	Flags map[string][]string `json:"flags"`
	Files []InputFile         `json:"files"` // copies of all files that were read
	Trees []TreeRun           `json:"trees"`
}

// WriteTreeSet writes trees.json.
func (f *Folder) WriteTreeSet(s TreeSet) error {
	return f.WriteDurably(TreesFile, func(w io.Writer) error { return EncodeJSON(w, s) })
}

// ReadTreeSet reads trees.json. The error is [ErrNoRun] where there is none, or a
// *[DamagedError].
func (f *Folder) ReadTreeSet() (TreeSet, error) {
	path := f.Path(TreesFile)
	var s TreeSet
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, fmt.Errorf("%s %w over a set of trees: it has no %s", f.path, ErrNoRun, TreesFile)
	case err != nil:
		return s, fmt.Errorf("%s: cannot be read: %w", path, cause(err))
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, &DamagedError{path, fmt.Sprintf("it cannot be read: %v", err)}
	}
	if len(s.Trees) < 2 {
		return s, &DamagedError{path, fmt.Sprintf("it has %d trees; a set has two at least", len(s.Trees))}
	}
	for _, t := range s.Trees {
		if t.Number < 1 || t.Folder != TreeFolder(t.Number) {
			return s, &DamagedError{path, fmt.Sprintf("the folder of tree %d is said to be %q", t.Number, t.Folder)}
		}
	}
	return s, nil
}

// clearTrees removes the runs of a set of trees.
func (f *Folder) clearTrees() error {
	folders, err := f.numbered(treeFolder, "")
	if err != nil {
		return err
	}
	for _, name := range folders {
		sub := &Folder{f.Path(name)}
		if !sub.Holds(RunFile) && !sub.Holds(InputsFolder) {
			continue
		}
		if err := sub.Sweep(); err != nil {
			return err
		}
		if err := sub.Clear(); err != nil {
			return err
		}
		os.Remove(sub.Path(LockFile)) //nolint:errcheck // the folder stays if something else is in it
		os.Remove(sub.path)           //nolint:errcheck // likewise
	}
	s, err := f.ReadTreeSet()
	if err != nil { // none, or none to be understood
		return nil
	}
	for _, in := range s.Files {
		if name := filepath.FromSlash(in.Copy); filepath.IsLocal(name) && filepath.Dir(name) == InputsFolder {
			os.Remove(f.Path(name)) //nolint:errcheck // WriteInput says what is in its way
		}
	}
	return nil
}
