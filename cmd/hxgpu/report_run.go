package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/internal/document"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// what the run is on.
func (r *storedRun) reportOf() string {
	if r.in.shapes != nil {
		return plural(r.in.shapes.set.Points, "landmark")
	}
	return shorten(r.in.traits)
}

func (r *storedRun) reportTitle() string {
	return fmt.Sprintf("Model %s of %s", r.model.Name, r.reportOf())
}

func (r *storedRun) reportLead() string {
	state := (&report{Folder: r.folder.Name(), State: r.record.Phase, InUse: r.folder.InUse()}).state()
	return fmt.Sprintf("%d tips. The run %s: %d draws in each of %s.", r.in.record.Tips, state, r.drawn.Count, plural(r.drawn.Chains, "chain"))
}

// modelPart explains the model as hxgpu models does: its formula, and what to know.
func (r *storedRun) modelPart() (part document.Section, ok bool) {
	entry, ok := findModel(r.command.model.model)
	if !ok {
		return part, false
	}
	formula, rest, _ := strings.Cut(entry.text, "\n\n")
	part = document.Section{Title: "The model: " + entry.short, Code: formula}
	for paragraph := range strings.SplitSeq(rest, "\n\n") {
		part.After = append(part.After, strings.ReplaceAll(paragraph, "\n", " "))
	}
	return part, true
}

// runSection says what was run.
func (r *storedRun) runSection() (document.Section, error) {
	s := document.Section{ID: "run", Title: "What was run"}
	add := func(name, format string, values ...any) {
		if text := fmt.Sprintf(format, values...); text != "" {
			s.Facts = append(s.Facts, document.Fact{Name: name, Value: text})
		}
	}
	record, settings := r.record, r.record.Settings
	add("model", "%s: %s", r.model.Name, r.model.About)
	if r.model.TipNoise {
		add("tips", "observed with noise of variance tau_sq")
	} else {
		add("tips", "their values are exact")
	}
	root := settings.Root
	if len(root) > 60 {
		root = root[:57] + "..."
	}
	add("root", "%s", root)
	if e := r.model.Continuous; e != nil {
		add("edges", "at most %d %v Euler steps each, %v bridge, %s of linearisation", e.Steps, e.Spacing, e.Bridge, plural(e.Rounds, "round"))
	}
	r.dataFacts(add)
	add("sampling", "%s, algorithm %s, %d transitions of warm-up and %d draws each", plural(settings.Chains, "chain"), settings.Algorithm, settings.Warmup, settings.Draws)
	add("seed", "%d", settings.Seed)
	device := record.Device
	add("device", "%s: %s", device.Name, device.Detail)
	add("hxgpu", "%s", versionText(record.Versions))
	add("started", "%s", record.Started)
	if t := record.Timings; t.Total > 0 {
		add("time", "%s in all: compilation %s, warm-up %s, draws %s", seconds(t.Total), seconds(t.Compile), seconds(t.Warmup), seconds(t.Draws))
	}
	if n := len(record.Sessions); n > 1 {
		add("sessions", "%d: the run was interrupted and went on", n)
	}
	priors := document.Table{Caption: "Parameters and their priors", Head: []string{"parameter", "prior", "meaning"}}
	for _, p := range r.model.Parameters {
		if p.Prior.Support() == prior.Correlation && len(p.Labels) < 2 {
			continue
		}
		value := p.Prior.String()
		if p.Fixed != nil {
			value = "fixed at " + joinNumbers(p.Fixed)
		}
		name := p.Name
		if len(p.Labels) > 1 {
			name += " of " + shorten(p.Labels)
		}
		priors.Rows = append(priors.Rows, []string{name, value, p.About})
	}
	for _, d := range r.model.DerivedQuantities() {
		priors.Rows = append(priors.Rows, []string{d.Name, "follows from " + strings.Join(d.Of, ", "), d.About})
	}
	s.Tables = append(s.Tables, priors)
	if len(record.Data.Files) > 0 {
		files := document.Table{Caption: "Files", Head: []string{"flag", "file", "bytes", "SHA-256"}}
		for _, f := range record.Data.Files {
			files.Rows = append(files.Rows, []string{"--" + f.Flag, f.Given, strconv.FormatInt(f.Bytes, 10), f.SHA256})
		}
		files.Note = "The run's folder has copies of them in inputs/."
		s.Tables = append(s.Tables, files)
	}
	if part, ok := r.modelPart(); ok {
		s.Parts = append(s.Parts, part)
	}
	s.Parts = append(s.Parts, document.Section{Title: "To make these draws again", Code: r.commandLine(),
		Text: []string{"The draws are the same to the last bit with the same version, device and files."}})
	return s, nil
}

// dataFacts say what the data are.
func (r *storedRun) dataFacts(add func(name, format string, values ...any)) {
	d := r.in.record
	if r.in.builtIn {
		add("data", "built-in example: %s", d.BuiltIn)
	}
	how := ""
	if r.in.scale != 1 {
		how = fmt.Sprintf("; edge lengths were divided by %.6g", r.in.scale)
	}
	add("tree", "%d tips, %d nodes, height %.6g%s", d.Tips, d.Nodes, float64(d.Height), how)
	if r.in.shapes != nil {
		add("shapes", "%d landmarks in %d dimensions", r.in.shapes.set.Points, r.in.shapes.set.Dimensions)
		return
	}
	for k, trait := range r.in.traits {
		if k == 12 {
			add("traits", "and %d more", len(r.in.traits)-k)
			break
		}
		missing := "none missing"
		if n := d.Tips - d.Observed[k]; n > 0 {
			missing = fmt.Sprintf("%d missing", n)
		}
		mean, variance, _ := r.in.data.Moments(k)
		add("trait "+trait, "%d tips have a value, %s; mean %.4g, variance %.4g", d.Observed[k], missing, mean, variance)
	}
	if n := len(d.TreeOnly); n > 0 {
		add("not in the table", "%s: %s", plural(n, "tip"), shorten(d.TreeOnly))
	}
	if n := len(d.TableOnly); n > 0 {
		add("not in the tree", "%s, ignored: %s", plural(n, "row"), shorten(d.TableOnly))
	}
	if g := r.in.regimes; g != nil {
		add("regimes", "%s; %s, beginning with %s", g.how, plural(g.Changes, "change"), g.Names[g.Codes[0]])
		for i, e := range g.extents {
			add("regime "+g.Names[i], "%s, total length %.6g", plural(e.Edges, "edge"), e.Length)
		}
	}
	for k, e := range r.in.errors {
		if e != nil {
			add("errors", "known standard errors of %s", r.in.traits[k])
		}
	}
}

// commandLine is the command that makes the draws again: the flags of the run that
// differ from what they are unless given.
func (r *storedRun) commandLine() string {
	if r.record.Phase == runstore.Merged {
		return "hxgpu merge " + strings.Join(r.record.Sources, " ") + " --out " + quoted(r.folder.Name()+"-again")
	}
	first := []string{"tree", "tree-index", "traits", "traits-index", "taxon-column", "trait", "model"}
	var flags []*pflag.Flag
	r.command.flags.VisitAll(func(f *pflag.Flag) {
		if _, ok := r.record.Flags[f.Name]; ok {
			flags = append(flags, f)
		}
	})
	place := func(f *pflag.Flag) int {
		if i := slices.Index(first, f.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(flags, func(a, b *pflag.Flag) int { return cmp.Compare(place(a), place(b)) })
	parts := []string{"hxgpu sample"}
	for _, f := range flags {
		values := r.record.Flags[f.Name]
		if _, list := f.Value.(pflag.SliceValue); !list && len(values) == 1 && values[0] == f.DefValue {
			continue
		}
		for _, value := range values {
			if f.Value.Type() == "bool" {
				parts = append(parts, "--"+f.Name+map[bool]string{true: "", false: "=" + value}[value == "true"])
			} else {
				parts = append(parts, "--"+f.Name+" "+quoted(value))
			}
		}
	}
	return strings.Join(append(parts, "--out "+quoted(r.folder.Name()+"-again")), " \\\n    ")
}

// quoted writes a value as a shell takes it for one word.
func quoted(value string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./:=,+@%-", r)
	}
	if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return !plain(r) }) {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
