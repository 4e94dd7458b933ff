package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/internal/config"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/tree"
)

// initCommand writes a file for --config from a tree and a table.
type initCommand struct {
	sample           sampleCommand // whose settings the file has
	out              string
	overwrite, quiet bool
}

// notInInit are the flags of sample that init does not have, or has for itself.
var notInInit = []string{"out", "overwrite", "json", "quiet", "progress", "resume", "checkpoint-every"}

func newInitCommand() *cobra.Command {
	var c initCommand
	sample := &cobra.Command{Use: "sample"}
	c.sample.addFlags(sample)
	c.sample.flags, c.sample.changed = sample.Flags(), sample.Flags().Changed
	cmd := &cobra.Command{
		Use: initName, Short: "Write a commented run file from a tree and a table", Args: noArguments,
		Long: `init reads a tree and the traits of its tips, and writes a YAML file that hxgpu sample
--config runs as it stands: what was found in the files, a model, the default priors with
the numbers that the data gave them, and every setting with its default and what it
means. Settings at their defaults stand behind a #.

Without --trait it takes the first column of numbers that is no standard error, and says
which others there are; for a TPS file, or a table with nothing but coordinates, the model
of landmark shapes. Known errors (se_X, or sd_X and n_X) are used where they are found.
Any setting of sample may be given, and goes into the file.`,
		Example: `  hxgpu init --tree T.nwk --traits C.csv
  hxgpu sample --config run.yaml --out first
  hxgpu init --tree T.nwk --traits C.csv --trait mass,length --model ou --out settings/ou.yaml
  hxgpu init --tree T.nwk --traits C.csv --trait mass --out - > other.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.out, "out", "run.yaml", "the `file` to write; - for standard output")
	f.BoolVar(&c.overwrite, "overwrite", false, "replace the file if it is there")
	f.BoolVar(&c.quiet, "quiet", false, "print warnings only")
	sample.Flags().VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(notInInit, flag.Name) {
			f.AddFlag(flag)
		}
	})
	return cmd
}

func (c *initCommand) run(stdout, stderr io.Writer) error {
	files := &c.sample.files
	switch {
	case files.tree == "":
		return usagef("--tree is missing: name the file of the tree that the run is to be on")
	case files.traits == "":
		return usagef("--traits is missing: name the file with the traits of the tree's tips")
	case c.out == "":
		return usagef("--out: name the file to write, or - for standard output")
	}
	if c.out != "-" && !c.overwrite {
		if _, err := os.Lstat(c.out); err == nil {
			return c.taken()
		}
	}
	if err := files.check(); err != nil {
		return err
	}
	found, err := c.survey()
	if err != nil {
		return err
	}
	s, err := c.choose(found)
	if err != nil {
		return err
	}
	text, err := c.compose(found, s)
	if err != nil {
		return err
	}
	printWarnings(stderr, s.in.warnings())
	if c.out == "-" {
		_, err := io.WriteString(stdout, text)
		return err
	}
	if err := c.write(text); err != nil || c.quiet {
		return err
	}
	_, err = fmt.Fprintf(stdout, "written to %s: hxgpu sample --config %s runs it\n", c.out, c.out)
	return err
}

func (c *initCommand) taken() error {
	return fmt.Errorf("--out: %s is there already: name another file, or add --overwrite", c.out)
}

// write puts the text into the file, all or nothing.
func (c *initCommand) write(text string) error {
	folder, name := filepath.Split(c.out)
	to, err := runstore.OpenFolder(filepath.Clean(folder), c.overwrite, name)
	if errors.Is(err, runstore.ErrHasRun) {
		return c.taken()
	}
	if err == nil {
		err = to.Write(name, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// choose settles the trait, the model and the errors where they are not given, and
// makes of them what sample would, so that its mistakes show now.
func (c *initCommand) choose(found *survey) (*sampled, error) {
	files, model := &c.sample.files, &c.sample.model
	if model.model == "" && files.trait == "" && found.shapes {
		model.model = shapeModel
	}
	if model.model != shapeModel && files.trait == "" {
		if len(found.traits) == 0 {
			return nil, fmt.Errorf("--traits: %s has no column of numbers with values at two tips of the tree or more", files.traits)
		}
		files.trait = found.traits[0]
	}
	found.errorsTried = model.model != shapeModel && !c.sample.changed("errors") && c.anyErrors(found.table)
	if found.errorsTried {
		files.errors = "auto"
	}
	// try makes a copy, for what is made of one try does not serve for another.
	try := func() (*sampled, error) {
		s, copy := &sampled{}, c.sample
		if err := copy.check(); err != nil {
			return nil, err
		}
		err := copy.prepare(s)
		c.sample.model, c.sample.shapes, c.sample.algorithmFlags = copy.model, copy.shapes, copy.algorithmFlags
		c.sample.chains, c.sample.warmup, c.sample.draws = copy.chains, copy.warmup, copy.draws
		return s, err
	}
	s, err := try()
	if err != nil && found.errorsTried {
		tried := err
		files.errors = "none"
		if s, err = try(); err == nil {
			found.errorsTried, found.errorsFailed = false, tried
		}
	}
	return s, err
}

// anyErrors reports whether a chosen trait has columns of known errors.
func (c *initCommand) anyErrors(table *tree.Table) bool {
	traits, err := splitTraits(c.sample.files.trait)
	return err == nil && table != nil && slices.ContainsFunc(traits, func(trait string) bool {
		from, _ := table.ErrorColumns(trait)
		return from != nil
	})
}

// alwaysSet are the settings that stand in the file in use although they are at their
// defaults: those that everybody wants to see.
var alwaysSet = []string{"tree", "traits", "trait", "model", "chains", "draws", "seed"}

// compose writes the file.
func (c *initCommand) compose(found *survey, s *sampled) (string, error) {
	name := filepath.Base(c.out)
	if c.out == "-" {
		name = "FILE"
	}
	var w config.Writer
	w.Comment("Settings of a run: hxgpu sample --config " + name + " runs it.")
	w.Comment("A key is a flag of hxgpu sample without its dashes. Those behind a # stand at their defaults: remove the # to change one. Paths are relative to the folder of this file, and the command line wins over it: hxgpu sample --config " + name + " --seed 2.")
	folder := filepath.Dir(c.out)
	for _, g := range c.sample.groups() {
		if g.title == shapesGroup && c.sample.model.model != shapeModel {
			continue
		}
		w.Heading(g.title)
		for _, f := range g.flags {
			if slices.Contains(commandLineFlags, f.Name) {
				continue
			}
			w.Comment("")
			usage := f.Usage
			if _, text := pflag.UnquoteUsage(f); text != "" {
				usage = text
			}
			w.Comment(strings.ReplaceAll(usage, "\n", " "))
			for _, line := range c.notes(f, found, s) {
				w.Comment(line)
			}
			if f.Name == "out" {
				w.Set(f, []string{freeFolder(folder)}, "")
				continue
			}
			values, inUse := c.values(f, s)
			for i, value := range values {
				relocated, err := config.Relocate(f, value, folder)
				if err != nil {
					return "", err
				}
				values[i] = relocated
			}
			if inUse {
				w.Set(f, values, "")
			} else {
				w.Suggest(f, values, "")
			}
		}
	}
	return w.String(), nil
}

// commandLineFlags have no place in the file.
var commandLineFlags = sortedKeys(commandLineOnly)

// values are those of a flag, and whether they are to be in use or at their defaults.
func (c *initCommand) values(f *pflag.Flag, s *sampled) (values []string, inUse bool) {
	list, repeated := f.Value.(pflag.SliceValue)
	switch {
	case repeated && len(list.GetSlice()) > 0:
		return slices.Clone(list.GetSlice()), true
	case f.Name == "prior":
		for _, p := range s.model.Parameters {
			if p.Fixed == nil && len(p.Labels) > 0 {
				values = append(values, p.Name+"="+p.Prior.String())
			}
		}
		return values, false
	case repeated:
		return nil, false
	case f.Name == "root" && f.Value.String() == "" && s.in.shapes == nil:
		return []string{rootText(s.model)}, false
	}
	inUse = f.Changed || slices.Contains(alwaysSet, f.Name) && f.Value.String() != "" || f.Name == "errors" && f.Value.String() != "none"
	return []string{f.Value.String()}, inUse
}

// freeFolder is a name that no file beside the run file has yet.
func freeFolder(folder string) string {
	name := "run"
	for i := 2; ; i++ {
		if _, err := os.Lstat(filepath.Join(folder, name)); errors.Is(err, fs.ErrNotExist) || i > 1000 {
			return name
		}
		name = fmt.Sprintf("run_%d", i)
	}
}
