package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/internal/config"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// initName is the name of the command that writes such files.
const initName = "init"

// configHelp explains --config to the readers of help.
const configHelp = `--config F.yaml sets any of the flags below: a key for each, named as the flag is
(chains: 8), with a list or a mapping for those that are repeated (prior: {sigma_sq:
"lognormal(0,2)"}). Paths in it are relative to its folder, and the command line wins over
it. hxgpu init writes one from a tree and a table; every run leaves the one that repeats
it in its folder, as run.yaml.`

// commandLineOnly are the flags that have no place in a file, and why.
var commandLineOnly = map[string]string{
	"config": "a file does not name another",
	"help":   "it asks for a text",
	"resume": "a run that goes on has its own settings",
}

// acceptConfigs gives --config to all commands that read a tree: a file serves each of
// them, as far as it concerns it.
func acceptConfigs(root *cobra.Command) {
	var commands []*cobra.Command
	for _, cmd := range root.Commands() {
		if cmd.Flags().Lookup("tree") != nil && cmd.Name() != initName {
			commands = append(commands, cmd)
		}
	}
	for _, cmd := range commands {
		acceptConfig(cmd, func(key string) bool {
			return slices.ContainsFunc(commands, func(other *cobra.Command) bool { return other.Flags().Lookup(key) != nil })
		})
	}
}

// acceptConfig gives a command --config.
func acceptConfig(cmd *cobra.Command, elsewhere func(key string) bool) {
	path := cmd.Flags().String("config", "", "a YAML `file` with the values of flags, for those that are not given here")
	inner := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *path == "" {
			return inner(cmd, args)
		}
		if resume := cmd.Flags().Lookup("resume"); resume != nil && resume.Changed {
			return usagef("--config: a run that is resumed goes on with its own settings; leave --config away")
		}
		applied, err := applyConfig(*path, cmd.Flags(), elsewhere)
		if err != nil {
			return err
		}
		if quiet, _ := cmd.Flags().GetBool("quiet"); !quiet && len(applied.Unused) > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "note: %s: not for %s: %s\n", *path, cmd.Name(), shorten(applied.Unused))
		}
		return locate(inner(cmd, args), applied)
	}
}

// applyConfig sets the flags that are open as a file says.
func applyConfig(path string, flags *pflag.FlagSet, elsewhere func(key string) bool) (*config.Applied, error) {
	file, err := config.Read(path)
	var wrong *config.Error
	if err == nil {
		var applied *config.Applied
		applied, err = file.Apply(flags, config.Options{Elsewhere: elsewhere, Refused: commandLineOnly, Lists: []string{"trait", "errors"},
			Instead: map[string]string{"prior": "fix", "fix": "prior"}, Suggest: didYouMean})
		if err == nil {
			return applied, nil
		}
	}
	if errors.As(err, &wrong) {
		return nil, usagef("%v", err)
	}
	return nil, fmt.Errorf("--config: %w", err)
}

// flagNamed finds the flag that a message begins with.
var flagNamed = regexp.MustCompile(`^--([a-z0-9-]+)`)

// locate adds to an error about a flag where in the file its value stands.
func locate(err error, applied *config.Applied) error {
	if err == nil {
		return nil
	}
	match := flagNamed.FindStringSubmatch(err.Error())
	if match == nil || applied.Places[match[1]] == "" {
		return err
	}
	place := applied.Places[match[1]]
	var usage *usageError
	if errors.As(err, &usage) {
		return usagef("%s: %v", place, err)
	}
	return fmt.Errorf("%s: %w", place, err)
}

// settingsOfRun writes the file that repeats a run: all settings as they were
// resolved, the inputs read from the copies in the folder that it will stand in.
func (c *sampleCommand) settingsOfRun(s *sampled) string {
	values := c.flagValues(s)
	remarks := map[string]string{}
	for _, in := range s.record.Data.Files {
		if in.Alone { // the copy has no others to choose from
			values["tree-index"] = nil
		}
		before := ""
		switch values := values[in.Flag]; {
		case len(values) == 1 && values[0] == in.Given:
		case len(values) == 1 && values[0] == "file="+in.Given:
			before = "file="
		default:
			continue
		}
		values[in.Flag] = []string{before + in.Copy}
		remarks[in.Flag] = "a copy of " + oneLine(in.Given)
	}
	if s.in.shapes == nil {
		values["root"] = []string{rootText(s.model)}
	}
	values["prior"] = nil
	for _, p := range s.model.Parameters {
		if p.Fixed == nil && len(p.Labels) > 0 {
			values["prior"] = append(values["prior"], p.Name+"="+p.Prior.String())
		}
	}
	var w config.Writer
	w.Comment("The settings of this run, all of them: hxgpu sample --config run.yaml --out NEW makes the same draws again, in another folder. Paths are relative to the folder of this file.")
	for _, g := range c.groups() {
		if g.title == shapesGroup && s.in.shapes == nil {
			continue
		}
		headed := false
		for _, f := range g.flags {
			list := values[f.Name]
			if slices.Contains(notRecorded, f.Name) || len(list) == 0 || len(list) == 1 && list[0] == "" {
				continue
			}
			if !headed {
				w.Heading(g.title)
				headed = true
			}
			w.Set(f, list, remarks[f.Name])
		}
	}
	return w.String()
}

// writeSettings puts that file into the folder of the run.
func (c *sampleCommand) writeSettings(s *sampled) error {
	text := c.settingsOfRun(s)
	return s.folder.Write(runstore.SettingsFile, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// flagGroup are flags that belong together, in the order in which they are explained.
type flagGroup struct {
	title string
	flags []*pflag.Flag
}

// looseFlags are the flags of sample that stand in no group of their own, by group.
var looseFlags = map[string][]string{
	samplerGroup: {"chains", "warmup", "draws", "seed"},
	deviceGroup:  {"schedule"},
	outputGroup:  {"out", "overwrite", "state-draws", "save-warmup", "save-noise", "checkpoint-every", "progress", "quiet", "json"},
}

// The titles of the groups.
const (
	shapesGroup  = "Landmark shapes"
	samplerGroup = "Sampler"
	deviceGroup  = "Device"
	outputGroup  = "Output"
)

// groups are all flags of sample but --config.
func (c *sampleCommand) groups() []flagGroup {
	kinds := []struct {
		title string
		add   func(*cobra.Command)
	}{
		{"Data", new(dataFlags).add}, {"Model", new(modelFlags).add}, {shapesGroup, new(shapeFlags).add}, {"Priors", new(priorFlags).add},
		{samplerGroup, new(algorithmFlags).add}, {deviceGroup, new(deviceFlags).add},
		{outputGroup, func(*cobra.Command) {}},
	}
	var groups []flagGroup
	placed := map[string]bool{"config": true, "help": true}
	for _, kind := range kinds {
		g := flagGroup{title: kind.title}
		place := func(name string) {
			if f := c.flags.Lookup(name); f != nil && !placed[name] {
				g.flags = append(g.flags, f)
				placed[name] = true
			}
		}
		for _, name := range looseFlags[kind.title] {
			place(name)
		}
		members := &cobra.Command{}
		members.Flags().SortFlags = false
		kind.add(members)
		members.Flags().VisitAll(func(f *pflag.Flag) { place(f.Name) })
		groups = append(groups, g)
	}
	last := &groups[len(groups)-1]
	c.flags.VisitAll(func(f *pflag.Flag) {
		if !placed[f.Name] { // wherever it belongs, it is not lost
			last.flags = append(last.flags, f)
		}
	})
	return groups
}

// oneLine keeps a text from ending its comment.
func oneLine(text string) string {
	return regexp.MustCompile(`[\r\n\x{85}\x{2028}\x{2029}]+`).ReplaceAllString(text, " ")
}
