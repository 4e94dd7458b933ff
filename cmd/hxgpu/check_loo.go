package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/loo"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// leftOut is what leave-one-out over the tips gives.
type leftOut struct {
	Draws int `json:"draws"` // over all chains
	// ELPD is the sum over the tips with data of log p(y_i | y_-i), averaged over the
	// posterior without tip i; its standard error takes the tips for independent.
	ELPD       runstore.Number `json:"elpd_loo"`
	SE         runstore.Number `json:"se"`
	Parameters runstore.Number `json:"p_loo"` // effective number of parameters
	GoodK      runstore.Number `json:"good_k"`
	Tips       []leftTip       `json:"tips"`
}

// leftTip is a tip, as all others predict it.
type leftTip struct {
	Taxon string          `json:"taxon"`
	ELPD  runstore.Number `json:"elpd"` // of its observed cells together
	K     runstore.Number `json:"pareto_k"`
	// Refitted says that the figures come from a run without the tip.
	Refitted bool       `json:"refitted,omitempty"`
	Cells    []leftCell `json:"cells"`

	index int     // among the tips
	seen  float64 // log density under the posterior that has seen it
}

// leftCell is an observed value with its prediction: mean and standard deviation, and how
// many of those the value lies from the mean.
type leftCell struct {
	Trait     string          `json:"trait"`
	Observed  runstore.Number `json:"observed"`
	Predicted runstore.Number `json:"predicted"`
	SD        runstore.Number `json:"sd"`
	Z         runstore.Number `json:"z"`
}

// worst is the largest distance of a tip's values from their predictions, in standard
// deviations.
func (t leftTip) worst() float64 {
	z := 0.0
	for _, c := range t.Cells {
		z = max(z, math.Abs(float64(c.Z)))
	}
	return z
}

// refitter says whether tips are to be sampled without where importance sampling fails.
type refitter struct {
	wanted bool
	log    io.Writer
}

func (f refitter) tell(taxon string, number, of int) {
	fmt.Fprintf(f.log, "sampling without %s, %d of %d\n", taxon, number, of)
}

// leaveOneOut leaves every tip out. The picks are as many of each chain.
func (r *storedRun) leaveOneOut(ctx context.Context, dev device.Device, picks []pick, refit refitter) (*leftOut, error) {
	positions, err := r.drawn.coordinates(picks)
	if err != nil {
		return nil, err
	}
	data, dim := r.in.data, r.model.Dim()
	result := &leftOut{Draws: len(picks), GoodK: runstore.Number(loo.Good(len(picks)))}
	for i, v := range data.Topology.Leaves() {
		tip := leftTip{Taxon: data.Names[v], index: i}
		for k, trait := range r.in.traits {
			if y := data.Values[k][i]; !math.IsNaN(y) {
				tip.Cells = append(tip.Cells, leftCell{Trait: trait, Observed: runstore.Number(y)})
			}
		}
		if tip.Cells != nil {
			result.Tips = append(result.Tips, tip)
		}
	}
	// The sweeps' fields take some 32 MiB.
	batch := max(1, min(64, len(picks), 4_000_000/(data.Topology.Size()*(3*dim*dim+6*dim+4))))
	sweeps, err := r.target.OpenLeaveOneOut(dev, batch)
	if err != nil {
		return nil, err
	}
	defer sweeps.Close()

	// The densities come first, since the moments need the weights that they make.
	densities := make([][]float64, len(result.Tips)) // [tip][draw]
	for i := range densities {
		densities[i] = make([]float64, len(picks))
	}
	err = sweeps.Compute(ctx, positions, func(s int, tips []bffg.Held) error {
		for i, tip := range result.Tips {
			densities[i][s] = tips[tip.index].LogDensity
			if err := checkDensity(tip.Taxon, densities[i][s], picks[s].chain, picks[s].draw); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, p := range leaveEach(densities, min(r.drawn.Chains, len(picks))) {
		tip := &result.Tips[i]
		tip.ELPD, tip.K, tip.seen = runstore.Number(p.ELPD), runstore.Number(p.Shape), p.LPD
		densities[i] = p.LogWeights
	}
	result.add()
	if err := r.predictLeft(ctx, sweeps, positions, densities, result); err != nil {
		return nil, err
	}
	if refit.wanted {
		err = r.refit(ctx, dev, sweeps, result, refit.tell)
	}
	return result, err
}

// checkDensity refuses a density that could not be computed.
func checkDensity(taxon string, logDensity float64, chain, draw int) error {
	if math.IsNaN(logDensity) || math.IsInf(logDensity, 0) {
		return fmt.Errorf("%s: its density given the other tips is %v at draw %d of chain %d: a covariance is not positive definite at that draw's parameters", taxon, logDensity, draw+1, chain+1)
	}
	return nil
}

// add adds the tips up.
func (l *leftOut) add() {
	elpd, effective := make([]float64, len(l.Tips)), 0.0
	for i, tip := range l.Tips {
		elpd[i] = float64(tip.ELPD)
		effective += tip.seen - elpd[i]
	}
	sum, se := loo.Sum(elpd)
	l.ELPD, l.SE, l.Parameters = runstore.Number(sum), runstore.Number(se), runstore.Number(effective)
}

// moments are those of the residuals of a tip's cells, over draws with weights.
type moments struct{ first, second []float64 }

func newMoments(dim int) moments { return moments{make([]float64, dim), make([]float64, dim)} }

func (m moments) add(trait int, observed float64, held bffg.Held, weight float64) {
	residual := observed - held.Mean[trait]
	m.first[trait] += weight * residual
	m.second[trait] += weight * (residual*residual + held.Variance[trait])
}

// predictLeft fills in the predictions of all cells.
func (r *storedRun) predictLeft(ctx context.Context, sweeps *bffg.LeaveOneOut, positions, logWeights [][]float64, result *leftOut) error {
	sums := make([]moments, len(result.Tips))
	for i := range sums {
		sums[i] = newMoments(r.model.Dim())
	}
	err := sweeps.Compute(ctx, positions, func(s int, tips []bffg.Held) error {
		for i, tip := range result.Tips {
			for k := range r.model.Dim() {
				sums[i].add(k, r.in.data.Values[k][tip.index], tips[tip.index], math.Exp(logWeights[i][s]))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range result.Tips {
		r.fill(&result.Tips[i], sums[i])
	}
	return nil
}

// fill fills in the predictions of a tip's cells.
func (r *storedRun) fill(tip *leftTip, m moments) {
	next := 0
	for k := range r.model.Dim() {
		y := r.in.data.Values[k][tip.index]
		if math.IsNaN(y) {
			continue
		}
		mean := m.first[k]
		sd := math.Sqrt(m.second[k] - mean*mean)
		c := &tip.Cells[next]
		next++
		c.Predicted, c.SD, c.Z = runstore.Number(y-mean), runstore.Number(sd), runstore.Number(mean/sd)
	}
}

// leaveEach leaves tips out, several at once: the draws of a tip are those of one chain
// after the other.
func leaveEach(densities [][]float64, chains int) []loo.Point {
	points := make([]loo.Point, len(densities))
	var wait sync.WaitGroup
	next := atomic.Int64{}
	for range min(len(densities), runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(densities); i = int(next.Add(1)) - 1 {
				points[i] = loo.Leave(densities[i], efficiency(densities[i], chains))
			}
		})
	}
	wait.Wait()
	return points
}

// efficiency is the number of independent draws for each draw of a density.
func efficiency(logDensities []float64, chains int) float64 {
	largest, each := slices.Max(logDensities), len(logDensities)/chains
	draws := make([][]float64, chains)
	for c := range draws {
		for _, l := range logDensities[c*each : (c+1)*each] {
			draws[c] = append(draws[c], math.Exp(l-largest))
		}
	}
	e := nuts.ESSMean(draws) / float64(len(logDensities))
	if !(e > 0) || math.IsInf(e, 0) {
		return 1 // too few draws to tell, or all the same
	}
	return e
}

// isBad says that a tip's figures are not to be trusted.
func (l *leftOut) isBad(tip leftTip) bool { return !tip.Refitted && !(tip.K <= l.GoodK) }

// bad lists the tips whose Pareto k is too large.
func (l *leftOut) bad() []string {
	var names []string
	for _, tip := range l.Tips {
		if l.isBad(tip) {
			names = append(names, tip.Taxon)
		}
	}
	return names
}

// worstShown is how many of the worst tips are listed.
const worstShown = 10

func (l *leftOut) print(w io.Writer) error {
	var refitted []string
	smallest, largest := math.Inf(1), math.Inf(-1)
	for _, tip := range l.Tips {
		if tip.Refitted {
			refitted = append(refitted, tip.Taxon)
			continue
		}
		smallest, largest = min(smallest, float64(tip.K)), max(largest, float64(tip.K))
	}
	fmt.Fprintf(w, "leave-one-out: each of %s with data, as all others predict it, from %s\n", plural(len(l.Tips), "tip"), plural(l.Draws, "draw"))
	fmt.Fprintf(w, "  elpd_loo   %.1f, SE %.1f: log density of the tips given the others, summed over the tips\n", float64(l.ELPD), float64(l.SE))
	fmt.Fprintf(w, "  p_loo      %.1f: effective number of parameters\n", float64(l.Parameters))
	if bad := l.bad(); len(bad) > 0 {
		fmt.Fprintf(w, "  Pareto k   up to %s, above %s for %s: the densities of these tips are not to be trusted, they say more\n             of the parameters than importance sampling can take back (%s);\n             --refit samples without each of them\n",
			figure(largest), figure(float64(l.GoodK)), plural(len(bad), "tip"), shorten(bad))
	} else {
		fmt.Fprintf(w, "  Pareto k   %s to %s, none above %s: the figures are reliable\n", figure(smallest), figure(largest), figure(float64(l.GoodK)))
	}
	if len(refitted) > 0 {
		fmt.Fprintf(w, "  refits     %s, where Pareto k was larger: %s\n", plural(len(refitted), "tip"), shorten(refitted))
	}
	tips := l.worstFirst()
	fmt.Fprintf(w, "\nthe tips that the others predict worst:\n\n")
	table := [][]string{{"tip", "trait", "observed", "predicted", "sd", "z", "elpd", "Pareto k"}}
	for _, tip := range tips[:min(len(tips), worstShown)] {
		for i, c := range tip.Cells {
			row := []string{"", c.Trait, figure(float64(c.Observed)), figure(float64(c.Predicted)), figure(float64(c.SD)), fmt.Sprintf("%.2f", float64(c.Z)), "", ""}
			if i == 0 {
				row[0], row[6], row[7] = tip.Taxon, figure(float64(tip.ELPD)), figure(float64(tip.K))
				if tip.Refitted {
					row[7] = "refitted"
				}
			}
			table = append(table, row)
		}
	}
	if err := printTable(w, table); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", l.verdict())
	return err
}

// worstFirst are the tips in the order of their distance from what is predicted.
func (l *leftOut) worstFirst() []leftTip {
	tips := slices.Clone(l.Tips)
	slices.SortStableFunc(tips, func(a, b leftTip) int { return cmp.Compare(b.worst(), a.worst()) })
	return tips
}

// farAway is the distance from its prediction, in standard deviations, at which a value
// asks for a second look: a normal distribution has 6 in 100,000 beyond.
const farAway = 4

// verdict says in words what the distances from the predictions mean.
func (l *leftOut) verdict() string {
	cells, far := 0, 0
	var names []string
	for _, tip := range l.worstFirst() {
		cells += len(tip.Cells)
		for _, c := range tip.Cells {
			if math.Abs(float64(c.Z)) > 3 {
				far++
			}
		}
		if tip.worst() > farAway {
			names = append(names, tip.Taxon)
		}
	}
	verb, these := "lie", "these tips"
	if far == 1 {
		verb = "lies"
	}
	if len(names) == 1 {
		these = "this tip"
	}
	text := fmt.Sprintf("z is the distance of a value from its prediction in standard deviations. Of %s, %d %s beyond 3,\nwhere normal distributions would have %.1f.",
		plural(cells, "value"), far, verb, float64(cells)*math.Erfc(3/math.Sqrt2))
	if len(names) > 0 {
		text += fmt.Sprintf("\nFar from what the model expects: %s.\nLook at the data of %s (an error, a unit, a wrong name?); if they are right, the model lacks something\nthat happened there. A tip that is off makes its closest relatives look wrong too.", shorten(names), these)
	}
	return text
}
