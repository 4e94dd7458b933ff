package bench

import (
	"fmt"
	"strings"
)

// The documents that are generated from a report, relative to the root of the
// repository, and the report itself.
const (
	ReportFile   = "docs/benchmarks/bench.json"
	DocumentFile = "docs/benchmarks.md"
	ReadmeFile   = "README.md"
)

// What stands around generated text.
const (
	beginsGenerated = "<!-- generated from " + ReportFile + " by `go test ./bench -run Documents -update`: begin -->"
	endsGenerated   = "<!-- generated: end -->"
)

// Insert puts text between the lines of a document that mark what is generated.
func Insert(document, text string) (string, error) {
	begin := strings.Index(document, beginsGenerated)
	end := strings.Index(document, endsGenerated)
	if begin < 0 || end < begin {
		return "", fmt.Errorf("bench: the document has no lines %q and %q, in this order", beginsGenerated, endsGenerated)
	}
	return document[:begin+len(beginsGenerated)] + "\n\n" + strings.TrimSpace(text) + "\n\n" + document[end:], nil
}

// provenance says where figures come from.
func (r *Report) provenance() string {
	how := "hxgpu bench " + strings.Join(r.Suites, " ")
	if len(r.Suites) == len(Suites()) {
		how = "hxgpu bench all"
	}
	if r.Quick {
		how += " --quick"
	}
	commit := ""
	if r.Commit != "" {
		commit = ", commit " + r.Commit[:min(12, len(r.Commit))]
	}
	return fmt.Sprintf("Measured by `%s` in %.0f s on %v; hxgpu %s%s, %s, %s.", how, r.Seconds, r.Machine, r.Hxgpu, commit, r.Go, r.Platform)
}

// Document is the generated part of DocumentFile: every table with its picture, which
// lies beside the report.
func (r *Report) Document() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.provenance())
	pictures := map[string]string{"limits": "roofline"}
	for _, suite := range Suites() {
		pictures[suite.Name] = suite.Name
	}
	for _, t := range r.Tables() {
		fmt.Fprintf(&b, "\n## %s%s\n\n", strings.ToUpper(t.Title[:1]), t.Title[1:])
		if t.Note != "" {
			fmt.Fprintf(&b, "%s\n\n", t.Note)
		}
		if picture := pictures[t.Suite]; picture != "" {
			fmt.Fprintf(&b, "![%s](benchmarks/%s.svg)\n\n", picture, picture)
		}
		b.WriteString(t.Markdown())
	}
	return b.String()
}

// Headlines is the generated part of the README: a few figures of a report.
func (r *Report) Headlines() string {
	t := Table{Header: []string{"what", "figure"}}
	for _, x := range r.Sampling {
		if x.Device == "cpu" && (x.Chains == 4 || x.Chains == 1024) {
			t.add(fmt.Sprintf("built-in example, `%s`, %s chains x %d transitions", x.Algorithm, figure(float64(x.Chains)), x.Warmup+x.Draws),
				fmt.Sprintf("%s s, %s effective draws per second", figure(x.Seconds), figure(x.Effective)))
		}
	}
	for _, x := range r.of("scaling") {
		if x.Device == "cpu" && x.Tree == Balanced && x.Traits == 1 && x.Leaves >= 1<<16 {
			t.add(fmt.Sprintf("gradient, %s leaves, 1 chain", size(x.Leaves)),
				fmt.Sprintf("%s ms (%s ns per node), %s of what memory and arithmetic allow", figure(1e3*x.seconds()), figure(x.PerNode), percent(x.Gradients, x.Limit)))
		}
	}
	for _, x := range r.of("chains") {
		if x.Leaves == 16 && (x.Chains == 64 || x.Chains == 4096) {
			t.add(fmt.Sprintf("gradient of the example, %s chains, %s", figure(float64(x.Chains)), x.device()), figure(x.Gradients)+" chain-gradients per second")
		}
	}
	for _, x := range r.of("shapes") {
		if x.Landmarks == 16 && x.Steps == 100 {
			t.add(fmt.Sprintf("gradient of shapes, 13 nodes, 16 landmarks, 100 steps, %s", x.device()), figure(1e3*x.seconds())+" ms")
		}
	}
	for _, g := range r.Growth {
		if g.Bar && strings.HasPrefix(g.What, "cpu") && !strings.Contains(g.What, "traits") {
			t.add(fmt.Sprintf("growth with %s, %s to %s (%s)", g.By, size(g.From), size(g.To), g.What), fmt.Sprintf("exponent %.3f; time per unit at the last size %s times that at the first", g.Exponent, figure(g.Ratio)))
		}
	}
	for _, x := range r.Startups[:min(2, len(r.Startups))] {
		t.add("process: "+x.What, figure(x.Seconds)+" s")
	}
	for _, e := range r.Estimates {
		if strings.Contains(e.Card, "4090") && (e.Chains == 1024 || e.Leaves == 1<<20) {
			t.add(fmt.Sprintf("ESTIMATE, %s: %s leaves, chains: %s", e.Card, size(e.Leaves), figure(float64(e.Chains))), "at most "+figure(e.Gradients)+" chain-gradients per second")
		}
	}
	return r.provenance() + "\nAll tables, pictures and the formula of the estimates: [docs/benchmarks.md](docs/benchmarks.md).\n\n" + t.Markdown()
}
