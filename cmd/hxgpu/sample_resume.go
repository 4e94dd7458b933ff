package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// notRecorded are the flags that draws do not depend on.
var notRecorded = []string{"out", "overwrite", "json", "quiet", "resume", "checkpoint-every", "progress", "config", "help"}

// withResume are the flags that may be given together with --resume.
var withResume = []string{"resume", "draws", "json", "quiet", "progress", "checkpoint-every"}

// flagValues are the values of all flags that the draws depend on, defaults filled
// in and the device and its precision as they were chosen.
func (c *sampleCommand) flagValues(s *sampled) map[string][]string {
	values := map[string][]string{}
	c.flags.VisitAll(func(f *pflag.Flag) {
		if slices.Contains(notRecorded, f.Name) {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values[f.Name] = append([]string{}, list.GetSlice()...)
		} else {
			values[f.Name] = []string{f.Value.String()}
		}
	})
	values["device"], values["precision"] = []string{c.device.chosen}, []string{precisionName(s.info.Precision)}
	return values
}

// restore sets all flags as a run had them. Files are read from the copies in its
// folder.
func (c *sampleCommand) restore(folder *runstore.Folder, record runstore.Run) error {
	damaged := func(format string, values ...any) error {
		return &runstore.DamagedError{Path: folder.Path(runstore.RunFile), Reason: fmt.Sprintf(format, values...)}
	}
	for name, values := range record.Flags {
		f := c.flags.Lookup(name)
		if f == nil || slices.Contains(notRecorded, name) {
			return damaged("it has a flag --%s, which this hxgpu does not know", name)
		}
		list, isList := f.Value.(pflag.SliceValue)
		switch {
		case isList:
			if err := list.Replace(values); err != nil {
				return damaged("--%s: %v", name, err)
			}
			f.Changed = true
		case len(values) != 1:
			return damaged("it has %d values of --%s", len(values), name)
		default:
			if err := c.flags.Set(name, values[0]); err != nil {
				return damaged("--%s %s: %v", name, values[0], err)
			}
		}
	}
	c.files.files.copies = map[string]string{}
	for _, in := range record.Data.Files {
		path, err := folder.CheckInput(in)
		if err != nil {
			return err
		}
		c.files.files.copies[in.Flag] = path
		c.files.files.alone = c.files.files.alone || in.Alone
	}
	named := map[string]string{"tree": c.files.tree, "traits": c.files.traits}
	if file, ok := strings.CutPrefix(c.model.root, "file="); ok {
		named["root"] = file
	}
	if file, ok := c.startFile(); ok {
		named["start"] = file
	}
	for flag, given := range named {
		if _, ok := c.files.files.copies[flag]; given != "" && !ok {
			return damaged("it names no copy of --%s %s", flag, given)
		}
	}
	return nil
}

// onlyWithResume refuses flags that do not go with --resume.
func (c *sampleCommand) onlyWithResume() error {
	var given []string
	c.flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(withResume, f.Name) {
			given = append(given, "--"+f.Name)
		}
	})
	if len(given) > 0 {
		return usagef("%s: a run that is resumed goes on with its own settings; --draws may be larger, --json, --quiet, --progress and --checkpoint-every are free", strings.Join(given, ", "))
	}
	return nil
}

// resumeRun takes the settings from the folder of --resume.
func (c *sampleCommand) resumeRun(s *sampled) (err error) {
	draws := c.draws
	if err := c.onlyWithResume(); err != nil {
		return err
	}
	if s.folder, err = runstore.ExistingFolder(c.resume); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if s.lock, err = s.folder.Lock(); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if s.record, err = s.folder.ReadRun(); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if s.record.Phase == runstore.Merged {
		return fmt.Errorf("--resume: %s is a merged run, which has no state to go on from: resume the runs that it was made of, %s", c.resume, shorten(s.record.Sources))
	}
	more := c.changed("draws")
	if err := c.restore(s.folder, s.record); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if more && draws < c.draws {
		return usagef("--draws %d: the run in %s has or was to have %d already; ask for as many at least", draws, c.resume, c.draws)
	} else if more {
		c.draws = draws
	}
	c.out = filepath.Clean(c.resume)
	return nil
}

// notice says what is not as it was when the run began: its draws may differ from
// those of a run that was never interrupted.
func (c *sampleCommand) notice(s *sampled) {
	now, then := runstore.ReadVersions(version), s.record.Versions
	if now != then {
		fmt.Fprintf(c.stderr, "hxgpu: the run was begun by hxgpu %s, and goes on with hxgpu %s: further draws may differ from those that it would have made\n", versionText(then), versionText(now))
	}
	is, was := c.device.record(s.info), s.record.Device
	if is.Name != was.Name || is.Name != "cpu" && is.Detail != was.Detail { // the CPU's detail is the number of workers
		fmt.Fprintf(c.stderr, "hxgpu: the run was begun on %s: %s, and goes on with %s: %s: further draws may differ from those that it would have made\n", was.Name, was.Detail, is.Name, is.Detail)
	}
}

// versionText is a version in one line.
func versionText(v runstore.Versions) string {
	text := fmt.Sprintf("%s (%s, %s", v.Hxgpu, v.Go, v.Platform)
	if v.Commit != "" {
		text += ", commit " + v.Commit
	}
	return text + ")"
}

// restoredCommand is a sample command with the settings of a stored run, for the
// commands that read it.
func restoredCommand(folder *runstore.Folder, record runstore.Run) (*sampleCommand, error) {
	c := &sampleCommand{}
	cmd := &cobra.Command{Use: "sample"}
	c.addFlags(cmd)
	c.flags, c.changed = cmd.Flags(), cmd.Flags().Changed
	return c, c.restore(folder, record)
}
