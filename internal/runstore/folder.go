package runstore

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The files of a run.
const (
	RunFile      = "run.json"
	SettingsFile = "run.yaml"
	SummaryFile  = "summary.json"
	CheckFile    = "check.json" // what hxgpu check has found
	StatesFile   = "ancestral.csv"
	TreeFile     = "ancestral.nex"
	// Of runs on landmark shapes.
	ShapesPicture = "shapes.svg"
	RootPicture   = "root.svg"
	// Made from a run by other commands.
	PlotsFolder = "plots"
	ReportFile  = "report.html"
)

// Plots are the names of the pictures in PlotsFolder, without their endings.
var Plots = []string{"density", "trace", "rank", "autocorrelation", "pairs", "energy", "tree", "phenogram", "phylomorphospace", "shapes"}

// ErrHasRun says that a folder holds a run already.
var ErrHasRun = errors.New("holds a run already")

// Folder is where the files of a run go.
type Folder struct{ path string }

// ExistingFolder is a folder that is there, to be read. It checks nothing but that.
func ExistingFolder(path string) (*Folder, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no folder %s", path)
	case err != nil:
		return nil, fmt.Errorf("%s: cannot be read: %w", path, cause(err))
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file: name the folder of a run", path)
	}
	return &Folder{path}, nil
}

// OpenFolder makes the folder if it is not there and checks that files can be
// written to it. A folder that holds one of the named files already is refused
// with [ErrHasRun] unless overwrite is set.
func OpenFolder(path string, overwrite bool, holds ...string) (*Folder, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is a file: name a folder", path)
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, fmt.Errorf("%s: cannot make the folder: %w", path, cause(err))
	}
	f := &Folder{path}
	for _, name := range holds {
		switch _, err := os.Lstat(f.Path(name)); {
		case err == nil && !overwrite:
			return nil, fmt.Errorf("%s %w (%s)", path, ErrHasRun, name)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("%s: cannot be read: %w", path, cause(err))
		}
	}
	probe, err := os.CreateTemp(path, ".hxgpu-*")
	if err != nil {
		return nil, fmt.Errorf("%s: cannot write to the folder: %w", path, cause(err))
	}
	probe.Close()
	return f, os.Remove(probe.Name())
}

// Path is the path of a file in the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.path, name) }

// Name is the folder's own path.
func (f *Folder) Name() string { return f.path }

// Holds reports whether the folder has a file.
func (f *Folder) Holds(name string) bool {
	_, err := os.Lstat(f.Path(name))
	return err == nil
}

// Write makes a file of what fill writes. The file appears complete or not at
// all, and takes the place of one with its name.
func (f *Folder) Write(name string, fill func(w io.Writer) error) error {
	return f.write(name, fill, false)
}

// WriteDurably is Write that waits until the disk has the file, so that not even a
// power cut leaves anything but the old file or the new one.
func (f *Folder) WriteDurably(name string, fill func(w io.Writer) error) error {
	return f.write(name, fill, true)
}

func (f *Folder) write(name string, fill func(w io.Writer) error, durably bool) (err error) {
	target := f.Path(name)
	file, err := os.CreateTemp(filepath.Dir(target), ".hxgpu-*")
	if err != nil {
		return &WriteError{target, cause(err)}
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
			err = &WriteError{target, cause(err)}
		}
	}()
	out := bufio.NewWriterSize(file, 1<<16)
	if err := fill(out); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if durably {
		if err := file.Sync(); err != nil {
			return err
		}
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), target); err != nil {
		return err
	}
	if durably {
		syncFolder(filepath.Dir(target))
	}
	return nil
}

// WriteBy is Write for what writes files by their path; the path that it is given has
// the ending of the name.
func (f *Folder) WriteBy(name string, write func(path string) error) error {
	target := f.Path(name)
	file, err := os.CreateTemp(f.path, ".hxgpu-*"+filepath.Ext(name))
	if err != nil {
		return &WriteError{target, cause(err)}
	}
	err = file.Close()
	if err == nil {
		err = write(file.Name())
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), target)
	}
	if err != nil {
		os.Remove(file.Name())
		return &WriteError{target, cause(err)}
	}
	return nil
}

// syncFolder makes the disk keep a folder's list of names. Not every operating
// system can; a file's contents do not depend on it.
func syncFolder(path string) {
	if folder, err := os.Open(path); err == nil {
		folder.Sync() //nolint:errcheck // see above
		folder.Close()
	}
}

// WriteJSON writes a value as indented JSON.
func (f *Folder) WriteJSON(name string, value any) error {
	return f.Write(name, func(w io.Writer) error { return EncodeJSON(w, value) })
}

// Clear removes the files of an earlier run and no others, run.json last, so that a
// folder from which some are gone is still seen to hold a run.
func (f *Folder) Clear() error {
	names := []string{CheckpointFile, SettingsFile, SummaryFile, CheckFile, StatesFile, TreeFile, ShapesPicture, RootPicture, ReportFile, DrawsFile, PositionsFile, AdaptationFile}
	for _, kind := range Plots {
		for _, ending := range []string{".png", ".svg", ".pdf"} {
			names = append(names, filepath.Join(PlotsFolder, kind+ending))
		}
	}
	for _, ending := range []string{".csv", ".log"} {
		numbered, err := f.numbered("chain_", ending)
		if err != nil {
			return err
		}
		names = append(names, numbered...)
	}
	if old, err := f.ReadRun(); err == nil {
		for _, in := range old.Data.Files {
			if name := filepath.FromSlash(in.Copy); filepath.IsLocal(name) && filepath.Dir(name) == InputsFolder {
				names = append(names, name)
			}
		}
	}
	if err := f.removeZarr(); err != nil {
		return err
	}
	names = append(names, InputsFolder, PlotsFolder, RunFile)
	for _, name := range names {
		// A folder stays if something else is in it.
		if err := os.Remove(f.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) && name != InputsFolder && name != PlotsFolder {
			return fmt.Errorf("%s: cannot be removed: %w", f.Path(name), cause(err))
		}
	}
	return nil
}

// numbered lists the files whose names are a number between two texts.
func (f *Folder) numbered(before, after string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(f.path), before+"*"+after))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, path := range paths {
		name := filepath.Base(path)
		number := strings.TrimSuffix(strings.TrimPrefix(name, before), after)
		if _, err := strconv.ParseUint(number, 10, 32); err == nil {
			names = append(names, name)
		}
	}
	return names, nil
}

// Sweep removes the half-written files that a killed process has left; call it with
// the folder locked.
func (f *Folder) Sweep() error {
	for _, folder := range []string{f.path, f.Path(InputsFolder)} {
		left, err := filepath.Glob(filepath.Join(escapeGlob(folder), ".hxgpu-*"))
		if err != nil {
			return err
		}
		for _, path := range left {
			if err := os.RemoveAll(path); err != nil {
				return fmt.Errorf("%s: cannot be removed: %w", path, cause(err))
			}
		}
	}
	return nil
}

// escapeGlob makes a path match only itself.
func escapeGlob(path string) string {
	if os.PathSeparator == '\\' {
		return path // a backslash does not escape there
	}
	return strings.NewReplacer("\\", "\\\\", "*", "\\*", "?", "\\?", "[", "\\[").Replace(path)
}

// EncodeJSON writes a value as indented JSON with characters as they are.
func EncodeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
