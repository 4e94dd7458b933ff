package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/internal/diagnosis"
	"github.com/hxgpu/hxgpu/internal/document"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// verdictSection says what is wrong, in words.
func (r *storedRun) verdictSection() (document.Section, error) {
	s := document.Section{ID: "verdict", Title: "Can it be trusted?"}
	for _, f := range r.drawn.found.Findings() {
		s.Warnings = append(s.Warnings, capital(f.Text)+".")
	}
	if len(s.Warnings) == 0 {
		s.Good = "Nothing to complain about: the chains agree, there are enough independent draws, and no transition diverged."
	}
	for _, text := range append(r.in.warnings(), modelWarnings(r.model, r.in.data)...) {
		s.Warnings = append(s.Warnings, capital(text)+".")
	}
	if r.drawn.Count < r.record.Settings.Draws {
		s.Warnings = append(s.Warnings, fmt.Sprintf("The run has %d of the %d draws of each chain that were asked for.", r.drawn.Count, r.record.Settings.Draws))
	}
	return s, nil
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// figureOf draws a kind of picture for a report; nil where the run has none.
func (r *storedRun) figureOf(name, title, about string) (*document.Figure, error) {
	kind, err := findKind(name)
	if err != nil {
		return nil, err
	}
	if kind.refuse != nil && kind.refuse(r) != "" {
		return nil, nil
	}
	p, err := kind.draw(&plotCommand{}, r)
	if err != nil {
		return nil, err
	}
	p.Note = strings.ReplaceAll(p.Note, "; --parameter chooses", "")
	return &document.Figure{Title: title, About: about, Picture: p}, nil
}

// addFigures draws several; those of nodes only if the run has their states.
func (r *storedRun) addFigures(s *document.Section, figures [][3]string) error {
	for _, f := range figures {
		figure, err := r.figureOf(f[0], f[1], f[2])
		if err != nil {
			return err
		}
		if figure != nil {
			s.Figures = append(s.Figures, *figure)
		}
	}
	return nil
}

// mostReported is how many rows of parameters, chains and nodes are seen at once.
const mostReported = 40

// parametersSection has the parameters' figures and densities.
func (r *storedRun) parametersSection() (document.Section, error) {
	s := document.Section{ID: "parameters", Title: "Parameters"}
	t := document.Table{Head: []string{"parameter", "mean", "sd", "2.5 %", "median", "97.5 %", "MCSE", "R-hat", "ESS bulk", "ESS tail"}, Shown: mostReported}
	nested := slices.ContainsFunc(r.drawn.found.Parameters, func(p diagnosis.Parameter) bool { return p.NestedRhat != 0 })
	if nested {
		t.Head = append(t.Head, "nested R-hat")
	}
	exact := r.exact()
	for _, p := range r.drawn.found.Parameters {
		x := p.Statistics
		row := []string{p.Name, figure(x.Mean), figure(x.SD), figure(x.Q2_5), figure(x.Median), figure(x.Q97_5), figure2(x.MCSEMean),
			fixedOr(x.Rhat, 3), fixedOr(x.ESSBulk, 0), fixedOr(x.ESSTail, 0)}
		if nested {
			row = append(row, fixedOr(p.NestedRhat, 3))
		}
		t.Rows = append(t.Rows, row)
		if e, ok := exact[p.Name]; ok {
			row := []string{p.Name + ", exact", figure(e.Mean), figure(e.SD), figure(e.Q2_5), figure(e.Median), figure(e.Q97_5), "", "", "", ""}
			for len(row) < len(t.Head) {
				row = append(row, "")
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if len(exact) > 0 {
		t.Note = "Exact: the analytic posterior, by quadrature."
	}
	s.Tables = append(s.Tables, t)
	if len(r.drawn.Parameters) == 0 {
		return s, nil
	}
	return s, r.addFigures(&s, [][3]string{
		{"density", "Posterior densities", "The higher the curve, the more probable the value; the prior is what was assumed before the data."},
		{"pairs", "Parameters against each other", "Below the diagonal the draws, above it their rank correlations."},
	})
}

// statesSection has the ancestors' states.
func (r *storedRun) statesSection() (document.Section, error) {
	s := document.Section{ID: "ancestors", Title: "Ancestral states"}
	states, err := r.states()
	var damaged *runstore.DamagedError
	if errors.As(err, &damaged) {
		return s, err
	} else if err != nil {
		s.Text = []string{capital(err.Error()) + "."}
		return s, nil
	}
	if r.in.shapes != nil {
		return s, r.addFigures(&s, [][3]string{{"shapes", "Shapes on the tree", "The posterior mean shape of every node."}})
	}
	figures := [][3]string{{"tree", "States on the tree", "The posterior mean state as colour along the edges."},
		{"phenogram", "Phenogram", "States against the distance from the root."},
		{"phylomorphospace", "Phylomorphospace", "Two traits against each other, with the tree between."}}
	if err := r.addFigures(&s, figures); err != nil {
		return s, err
	}
	s.Parts = []document.Section{{Title: "States of the nodes", Tables: r.stateTables(states)}}
	return s, nil
}

// mostListed is how many nodes a table lists; ancestral.csv has all.
const mostListed = 1000

// stateTables are the states of inner nodes, named ones first.
func (r *storedRun) stateTables(states [][]runstore.State) []document.Table {
	topology, names := r.in.data.Topology, r.in.data.Names
	first, last := runstore.Spans(topology)
	all := runstore.NodeNames(r.in.phylogeny)
	var named, others []int
	for v := range topology.Size() {
		switch {
		case topology.IsLeaf(v):
		case v == 0 || names[v] != "":
			named = append(named, v)
		default:
			others = append(others, v)
		}
	}
	head := []string{"node", "between", "trait", "mean", "sd", "2.5 %", "median", "97.5 %"}
	table := func(caption string, nodes []int) document.Table {
		t := document.Table{Caption: caption, Head: head, Shown: 12}
		if n := len(nodes); n*len(r.in.traits) > mostListed {
			nodes = nodes[:max(mostListed/len(r.in.traits), 1)]
			t.Note = fmt.Sprintf("%d of %d nodes; %s has all, tips too.", len(nodes), n, runstore.StatesFile)
		}
		for _, v := range nodes {
			name := all[v]
			if v == 0 && names[v] == "" {
				name = "root"
			}
			for k, trait := range r.in.traits {
				x := states[k][v]
				t.Rows = append(t.Rows, []string{name, all[first[v]] + " and " + all[last[v]], trait, figure(x.Mean), figure(x.SD), figure(x.Q2_5), figure(x.Median), figure(x.Q97_5)})
			}
		}
		return t
	}
	var tables []document.Table
	caption := "The root"
	if len(named) > 1 {
		caption = "The root and named nodes"
	}
	tables = append(tables, table(caption, named))
	if len(others) > 0 {
		t := table("Other inner nodes", others)
		t.Shown = 5
		tables = append(tables, t)
	}
	return tables
}

// chainsSection says what the sampler did.
func (r *storedRun) chainsSection() (document.Section, error) {
	s := document.Section{ID: "chains", Title: "Chains"}
	t := document.Table{Head: []string{"chain", "draws", "divergent", "at max depth", "acceptance", "step size", "steps", "E-BFMI", "longest still"}, Shown: mostReported}
	for i, c := range r.drawn.found.Chains {
		t.Rows = append(t.Rows, []string{strconv.Itoa(i + 1), strconv.Itoa(c.Draws), strconv.Itoa(c.Divergent), strconv.Itoa(c.Deep), figure(c.Accept), figure(c.StepSize), figure(c.Leapfrogs), figure(c.EBFMI), strconv.Itoa(c.Still)})
		if i+1 == mostListed {
			t.Note = fmt.Sprintf("The first %d of %d chains.", mostListed, len(r.drawn.found.Chains))
			break
		}
	}
	s.Tables = append(s.Tables, t)
	if len(r.drawn.Parameters) == 0 {
		return s, nil
	}
	return s, r.addFigures(&s, [][3]string{
		{"trace", "Traces", "Draws in their order. The chains should look alike, and not drift."},
		{"rank", "Ranks", "Where each chain's draws stand among all. Bars near the dashed line: the chains agree."},
		{"autocorrelation", "Autocorrelation", "The sooner it falls to nothing, the more each draw is worth."},
		{"energy", "Energies", "The two curves should be about as wide; a much narrower change says that the tails are explored slowly."},
	})
}

// otherParts are files that other commands leave in a run's folder.
var otherParts = []struct{ file, id, title string }{
	{"fit.json", "fit", "Maximum likelihood"},
	{"check.json", "check", "Checks of the model"},
}

// otherSections shows what other commands have found.
func (r *storedRun) otherSections() (sections []document.Section) {
	for _, part := range otherParts {
		text, err := os.ReadFile(r.folder.Path(part.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s := document.Section{ID: part.id, Title: part.title}
		if err == nil {
			s, err = document.FromJSON(part.id, part.title, text)
		}
		if err != nil {
			s = document.Section{ID: part.id, Title: part.title, Warnings: []string{fmt.Sprintf("%s cannot be read: %v.", part.file, err)}}
		}
		sections = append(sections, s)
	}
	return sections
}

// citeSection lists what to cite of what the run used.
func (r *storedRun) citeSection() document.Section {
	s := document.Section{ID: "cite", Title: "What to cite"}
	add := func(name, value string) { s.Terms = append(s.Terms, document.Fact{Name: name, Value: value}) }
	add("The program", fmt.Sprintf("hxgpu %s: Gaussian and diffusion models on rooted trees by backward filtering forward guiding. https://github.com/hxgpu/hxgpu", r.record.Versions.Hxgpu))
	add("The likelihood and the ancestors' states", "van der Meulen, F. & Sommer, S. (2025). Backward filtering forward guiding. Journal of Machine Learning Research 26(281). arXiv:2505.18239.")
	switch r.record.Settings.Algorithm {
	case nuts.NUTS.String():
		add("The sampler", "Hoffman, M. D. & Gelman, A. (2014). The No-U-Turn Sampler. Journal of Machine Learning Research 15(47). Betancourt, M. (2017). A conceptual introduction to Hamiltonian Monte Carlo. arXiv:1701.02434.")
	case nuts.HMC.String():
		add("The sampler", "Neal, R. M. (2011). MCMC using Hamiltonian dynamics. Handbook of Markov Chain Monte Carlo. Betancourt, M. (2017). A conceptual introduction to Hamiltonian Monte Carlo. arXiv:1701.02434.")
	}
	add("R-hat and effective sample sizes", "Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. & Bürkner, P.-C. (2021). Rank-normalization, folding, and localization: an improved R-hat. Bayesian Analysis 16(2).")
	if r.model.Continuous == nil && r.in.shapes == nil {
		add("Brownian motion on trees", "Felsenstein, J. (1985). Phylogenies and the comparative method. The American Naturalist 125(1).")
	}
	if strings.HasPrefix(r.model.Name, "ou") {
		add("Ornstein-Uhlenbeck on trees", "Hansen, T. F. (1997). Stabilizing selection and the comparative analysis of adaptation. Evolution 51(5).")
	}
	if strings.Contains(strings.Join(r.drawn.ParameterNames(), " "), "correlation[") {
		add("Priors of correlations", "Lewandowski, D., Kurowicka, D. & Joe, H. (2009). Generating random correlation matrices based on vines and extended onion method. Journal of Multivariate Analysis 100(9).")
	}
	if r.in.shapes == nil {
		add("States as colours along edges", "Revell, L. J. (2013). Two new graphical methods for mapping trait evolution on phylogenies. Methods in Ecology and Evolution 4(8).")
	}
	return s
}

// glossarySection says what the words mean.
func glossarySection() document.Section {
	return document.Section{ID: "words", Title: "What the words mean", Terms: []document.Fact{
		{Name: "Posterior", Value: "What is known of a quantity once the data are seen, as a distribution; the prior is what was assumed of it before."},
		{Name: "Draw", Value: "One set of values from the posterior. Means, intervals and densities are those of many draws."},
		{Name: "2.5 % and 97.5 %", Value: "The ends of the central 95 % interval: given model, priors and data, the quantity lies between them with a probability of 95 %."},
		{Name: "Chain", Value: "A sequence of draws, each made from the one before. Several chains start at different places; that they end up alike is evidence that they have found the posterior."},
		{Name: "Warm-up", Value: "The transitions at the start of a chain, in which the sampler finds its step size and scales. They are no draws."},
		{Name: "R-hat", Value: "How much wider the draws of all chains together are than those of each alone: 1 where the chains agree. Above 1.01 they are not to be trusted yet."},
		{Name: "ESS", Value: "Effective sample size: how many independent draws would tell as much, of the middle of the distribution (bulk) and of the ends of the interval (tail). 400 are enough for most ends."},
		{Name: "MCSE", Value: "Monte Carlo standard error: how far the mean is off because the draws are limited in number. It shrinks with more draws; sd, the posterior's own width, does not."},
		{Name: "Divergent transition", Value: "A transition in which the sampler's steps became unstable. Where there are several, a part of the posterior may be missing from the draws."},
		{Name: "E-BFMI", Value: "How well the sampler's energies are explored; below 0.3 the tails of the posterior may be seen too little."},
		{Name: "Acceptance", Value: "The mean probability with which a proposed transition is taken."},
		{Name: "Steps", Value: "Gradients of the density that a draw takes, on average."},
		{Name: "Longest still", Value: "The most draws in a row at one and the same point."},
		{Name: "At max depth", Value: "Transitions cut short at the longest trajectory that is allowed: slow, not wrong."},
	}}
}

// fixedOr writes a number with so many decimals, or a dash where it is none.
func fixedOr(x float64, decimals int) string {
	if figure(x) == "-" {
		return "-"
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// figure2 writes a number with two digits.
func figure2(x float64) string {
	if figure(x) == "-" {
		return "-"
	}
	return fmt.Sprintf("%.2g", x)
}
