package diagnosis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The limits beyond which draws are not to be trusted.
const (
	MaxRhat  = 1.01
	MinESS   = 400
	MinEBFMI = 0.3
)

// Finding is something that is wrong.
type Finding struct {
	Code string `json:"code"` // one word, for programs
	Text string `json:"text"` // what is wrong and what to do
}

// The codes of findings.
const (
	Divergences = "divergences"
	Rhat        = "rhat"
	BulkESS     = "ess_bulk"
	TailESS     = "ess_tail"
	Energy      = "ebfmi"
	Depth       = "treedepth"
	Stuck       = "stuck"
	Constant    = "constant"
	NoDraws     = "no_draws"
)

// Sampled is all that findings are made from.
type Sampled struct {
	Parameters []Parameter
	Chains     []Chain
	// MaxTreeDepth is the largest depth of a trajectory's tree.
	MaxTreeDepth int
	// Momentum says that the algorithm has momenta, so that its energies mean
	// something.
	Momentum bool
}

// Findings says what is wrong, the gravest first.
func (s Sampled) Findings() []Finding {
	var found []Finding
	for _, look := range []func() (code, text string){s.divergences, s.constant, s.stuck, s.rhat, s.bulk, s.tail, s.energy, s.depth} {
		if code, text := look(); text != "" {
			found = append(found, Finding{code, text})
		}
	}
	return found
}

func (s Sampled) draws() (n int) {
	for _, c := range s.Chains {
		n += c.Draws
	}
	return n
}

func (s Sampled) divergences() (code, text string) {
	n := 0
	for _, c := range s.Chains {
		n += c.Divergent
	}
	if n == 0 {
		return Divergences, ""
	}
	return Divergences, fmt.Sprintf("%d of %d transitions diverged, so that a part of the posterior may be missing: raise --target-accept towards 0.99, or give tighter priors", n, s.draws())
}

// constant finds parameters that are the same in all draws, which have no R-hat.
func (s Sampled) constant() (code, text string) {
	var names []string
	for _, p := range s.Parameters {
		if p.Constant {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return Constant, ""
	}
	return Constant, fmt.Sprintf("all draws are one number for %s: the sampler has not moved; run longer with --warmup, or start from another --seed", list(names))
}

// stuck finds chains that stayed at one point for a tenth of their draws, at least
// 20.
func (s Sampled) stuck() (code, text string) {
	var chains []string
	for i, c := range s.Chains {
		if c.Still >= max(20, c.Draws/10) {
			chains = append(chains, fmt.Sprintf("%d (%d of %d draws)", i+1, c.Still, c.Draws))
		}
	}
	if len(chains) == 0 {
		return Stuck, ""
	}
	return Stuck, fmt.Sprintf("stayed at one point for long: chain %s; run longer with --warmup, start from another --seed, or give tighter priors", list(chains))
}

// rhat finds parameters on which the chains do not agree, the worst first.
func (s Sampled) rhat() (code, text string) {
	worst := slices.Clone(s.Parameters)
	worst = slices.DeleteFunc(worst, func(p Parameter) bool { return !(p.rhat() > MaxRhat) })
	if len(worst) == 0 {
		return Rhat, ""
	}
	slices.SortStableFunc(worst, func(a, b Parameter) int { return cmp.Compare(b.rhat(), a.rhat()) })
	var names []string
	odd := worst[0].Odd
	for _, p := range worst {
		names = append(names, fmt.Sprintf("%s (%.3f)", p.Name, p.rhat()))
		if p.Odd != 0 && p.Odd != odd {
			odd = 0
		}
	}
	kind := "R-hat"
	if worst[0].NestedRhat != 0 {
		kind = "nested R-hat"
	}
	text = fmt.Sprintf("the chains do not agree, %s is above %v for %s: run longer with --warmup and --draws, or give tighter priors", kind, MaxRhat, list(names))
	if odd > 0 {
		text += fmt.Sprintf("; without chain %d the others agree, which may have found another mode", odd)
	}
	return Rhat, text
}

func (s Sampled) bulk() (code, text string) {
	return BulkESS, s.few("bulk", "means and medians are rough", func(p Parameter) float64 { return p.ESSBulk })
}

func (s Sampled) tail() (code, text string) {
	return TailESS, s.few("tail", "the ends of intervals are rough", func(p Parameter) float64 { return p.ESSTail })
}

// few finds parameters with too few effective draws, the worst first.
func (s Sampled) few(kind, what string, size func(Parameter) float64) string {
	worst := slices.Clone(s.Parameters)
	worst = slices.DeleteFunc(worst, func(p Parameter) bool { return !(size(p) < MinESS) })
	if len(worst) == 0 {
		return ""
	}
	slices.SortStableFunc(worst, func(a, b Parameter) int { return cmp.Compare(size(a), size(b)) })
	var names []string
	for _, p := range worst {
		names = append(names, fmt.Sprintf("%s (%.0f)", p.Name, size(p)))
	}
	return fmt.Sprintf("few independent draws, the %s effective sample size is below %d for %s: %s; run longer with --draws", kind, MinESS, list(names), what)
}

// fewestEnergies are too few to judge energies by.
const fewestEnergies = 100

func (s Sampled) energy() (code, text string) {
	var chains []string
	for i, c := range s.Chains {
		if s.Momentum && c.Draws >= fewestEnergies && c.EBFMI < MinEBFMI && !math.IsNaN(c.EBFMI) {
			chains = append(chains, fmt.Sprintf("%d (%.2f)", i+1, c.EBFMI))
		}
	}
	if len(chains) == 0 {
		return Energy, ""
	}
	return Energy, fmt.Sprintf("energies are explored too slowly, E-BFMI is below %v in chain %s: the posterior has heavy tails or a narrow neck; run longer with --warmup, or give tighter priors", MinEBFMI, list(chains))
}

func (s Sampled) depth() (code, text string) {
	n := 0
	for _, c := range s.Chains {
		n += c.Deep
	}
	if n == 0 || !s.Momentum {
		return Depth, ""
	}
	return Depth, fmt.Sprintf("%d of %d transitions stopped at the largest tree depth %d, which is slow but not wrong: raise --max-treedepth, or give tighter priors", n, s.draws(), s.MaxTreeDepth)
}

// list names ten things at most and says how many more there are.
func list(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
