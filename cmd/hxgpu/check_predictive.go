package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/contrasts"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// predicted is what the posterior predictive check gives.
type predicted struct {
	Draws      int                `json:"draws"` // over all chains, a replicate of each
	Statistics []checkedStatistic `json:"statistics"`
}

// checkedStatistic is a statistic of the data among those of the replicates.
type checkedStatistic struct {
	Trait     string          `json:"trait"` // or two
	Statistic string          `json:"statistic"`
	About     string          `json:"about"`
	Observed  runstore.Number `json:"observed"`
	Q2_5      runstore.Number `json:"q2.5"`
	Median    runstore.Number `json:"median"`
	Q97_5     runstore.Number `json:"q97.5"`
	// P is the two-sided posterior predictive p-value, twice the smaller share of
	// replicates that lie as far down or as far up.
	P runstore.Number `json:"p"`
	// Meaning says what it means that the data lie where they do, if P is below 0.05.
	Meaning string `json:"meaning,omitempty"`
}

// smallP is where a p-value is worth a word.
const smallP = 0.05

// mostPairs is the largest number of pairs of traits whose correlations are checked.
const mostPairs = 45

// measured are the figures of a trait, or of two.
type measured struct {
	trait      string
	statistics []contrasts.Statistic
	of         func(values [][]float64) []float64

	observed   []float64
	replicated [][]float64 // [statistic][draw]
}

// replication is a run whose data are replicated.
type replication struct {
	*storedRun
	means map[string][]float64 // of parameters' elements, as far as they were asked for
}

// predict replicates the data once for each pick.
func (r *storedRun) predict(ctx context.Context, dev device.Device, picks []pick) (*predicted, error) {
	positions, err := r.drawn.coordinates(picks)
	if err != nil {
		return nil, err
	}
	return (&replication{r, map[string][]float64{}}).replicate(ctx, dev, positions, func(i int) nuts.Stream {
		origin := r.drawn.origins[picks[i].chain]
		return nuts.NewStream(origin.Seed, uint32(origin.Number-1), uint32(picks[i].draw), nuts.PurposeReplication)
	})
}

// replicate places the figures of the data among those of replicates, one for each
// position of the parameters.
func (r *replication) replicate(ctx context.Context, dev device.Device, positions [][]float64, stream func(draw int) nuts.Stream) (*predicted, error) {
	measures, err := r.measures()
	if err != nil {
		return nil, err
	}
	for i := range measures {
		m := &measures[i]
		m.observed, m.replicated = m.of(r.in.data.Values), make([][]float64, len(m.statistics))
	}
	dim := r.model.Dim()
	batch := max(1, min(64, len(positions), 4_000_000/(r.in.data.Topology.Size()*(2*dim*dim+8*dim))))
	replicates, err := r.target.OpenReplicates(dev, batch)
	if err != nil {
		return nil, err
	}
	defer replicates.Close()
	err = replicates.Draw(ctx, positions, stream, func(_ int, values [][]float64) error {
		for i := range measures {
			for s, x := range measures[i].of(values) {
				measures[i].replicated[s] = append(measures[i].replicated[s], x)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	result := &predicted{Draws: len(positions)}
	for _, m := range measures {
		for s, statistic := range m.statistics {
			if c, ok := compareStatistic(m.trait, statistic, m.observed[s], m.replicated[s]); ok {
				result.Statistics = append(result.Statistics, c)
			}
		}
	}
	return result, nil
}

// compareStatistic places a figure among those of the replicates; of one that is not
// defined there is nothing to say.
func compareStatistic(trait string, s contrasts.Statistic, observed float64, replicated []float64) (checkedStatistic, bool) {
	sorted := slices.Clone(replicated)
	slices.Sort(sorted) // NaN come first
	if math.IsNaN(observed) || math.IsInf(observed, 0) || math.IsNaN(sorted[0]) {
		return checkedStatistic{}, false
	}
	below, above := 1, 1
	for _, x := range sorted {
		if x <= observed {
			below++
		}
		if x >= observed {
			above++
		}
	}
	p := min(1, 2*float64(min(below, above))/float64(len(sorted)+1))
	quantile := func(q float64) runstore.Number {
		return runstore.Number(sorted[int(math.Round(q*float64(len(sorted)-1)))])
	}
	c := checkedStatistic{trait, s.Name, s.About, runstore.Number(observed), quantile(0.025), quantile(0.5), quantile(0.975), runstore.Number(p), ""}
	if p < smallP {
		c.Meaning = s.High
		if below < above {
			c.Meaning = s.Low
		}
	}
	return c, true
}

// measures are the figures of every trait that enough tips have, and of pairs of traits.
func (r *replication) measures() ([]measured, error) {
	var measures []measured
	data := r.in.data
	plan := func(traits ...int) (*contrasts.Plan, error) {
		n := data.Topology.LeafCount()
		observed, errors, count := make([]bool, n), make([]float64, n), 0
		for i := range observed {
			observed[i] = true
			for _, k := range traits {
				observed[i] = observed[i] && !math.IsNaN(data.Values[k][i])
				errors[i] += r.tipError(k, i) / float64(len(traits))
			}
			if observed[i] {
				count++
			}
		}
		if count < 4 {
			return nil, nil // too few for most of the figures
		}
		return contrasts.New(data.Topology, data.Lengths, errors, observed)
	}
	for k, trait := range r.in.traits {
		p, err := plan(k)
		if err != nil {
			return nil, err
		}
		if p != nil {
			measures = append(measures, measured{trait: trait, statistics: contrasts.Statistics, of: func(values [][]float64) []float64 { return p.Statistics(values[k]) }})
		}
	}
	if d := len(r.in.traits); d*(d-1)/2 <= mostPairs {
		for k := range d {
			for j := range k {
				p, err := plan(j, k)
				if err != nil {
					return nil, err
				}
				if p == nil {
					continue
				}
				measures = append(measures, measured{trait: r.in.traits[j] + ", " + r.in.traits[k], statistics: []contrasts.Statistic{contrastCorrelation},
					of: func(values [][]float64) []float64 { return []float64{p.Correlation(values[j], values[k])} }})
			}
		}
	}
	if len(measures) == 0 {
		return nil, fmt.Errorf("no trait has values at 4 tips or more: too few to check a model by")
	}
	return measures, nil
}

var contrastCorrelation = contrasts.Statistic{Name: "correlation", About: "correlation of the two traits' contrasts",
	Low: "the traits evolve together less than the model makes them", High: "the traits evolve together more than the model makes them"}

// tipError is the variance of a tip's observation around its state in units of edge
// length, at the posterior means of the noise and the rate; 0 where the model has no rate.
func (r *replication) tipError(trait, tip int) float64 {
	rate := r.posteriorMean("sigma_sq", trait)
	if !(rate > 0) {
		return 0
	}
	variance := 0.0
	if r.model.TipNoise {
		if noise := r.posteriorMean(bffg.TipNoise, trait); noise > 0 {
			variance = noise
		}
	}
	if v := r.in.data.Variances; v != nil && !math.IsNaN(v[trait][tip]) {
		variance += v[trait][tip]
	}
	return variance / rate
}

// posteriorMean is the mean of a parameter's element for a trait, or of all its elements
// where they do not go by trait; NaN where the model has no such parameter.
func (r *replication) posteriorMean(name string, trait int) float64 {
	means, known := r.means[name]
	if !known {
		means = r.elementMeans(name)
		r.means[name] = means
	}
	if len(means) == len(r.in.traits) {
		return means[trait]
	}
	sum := 0.0
	for _, x := range means {
		sum += x
	}
	return sum / float64(len(means)) // NaN of none
}

// elementMeans are the means of a parameter's elements.
func (r *replication) elementMeans(name string) []float64 {
	p, err := r.model.Parameter(name)
	if err != nil {
		return nil
	}
	if p.Fixed != nil {
		return p.Fixed
	}
	var means []float64
	for i, c := range r.drawn.Parameters {
		if c.Of != name {
			continue
		}
		columns, err := r.drawn.Columns(r.drawn.FirstParameter() + i)
		if err != nil {
			return nil
		}
		sum := 0.0
		for _, draws := range columns[0] {
			for _, x := range draws {
				sum += x
			}
		}
		means = append(means, sum/float64(r.drawn.Chains*r.drawn.Count))
	}
	return means
}

func (p *predicted) print(w io.Writer) error {
	fmt.Fprintf(w, "posterior predictive check: the data beside %s of them, each with the parameters of a draw\n\n", plural(p.Draws, "replicate"))
	rows := [][]string{{"trait", "statistic", "observed", "2.5 %", "median", "97.5 %", "p", ""}}
	small, smallest := 0, math.Inf(1)
	for _, s := range p.Statistics {
		mark := ""
		if s.P < smallP {
			mark = "*"
			small++
		}
		smallest = min(smallest, float64(s.P))
		rows = append(rows, []string{s.Trait, s.Statistic, figure(float64(s.Observed)), figure(float64(s.Q2_5)), figure(float64(s.Median)), figure(float64(s.Q97_5)), fmt.Sprintf("%.3f", float64(s.P)), mark})
	}
	if err := printTable(w, rows); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nA small p says that the data differ from those that the fitted model makes. Of %s, %d %s below %.2g,\nwhere chance alone would put some %.1f.\n",
		plural(len(p.Statistics), "figure"), small, map[bool]string{true: "lies", false: "lie"}[small == 1], smallP, smallP*float64(len(p.Statistics)))
	for _, s := range p.Statistics {
		if s.Meaning != "" {
			fmt.Fprintf(w, "  %s of %s, p = %.3f: %s\n", s.Statistic, s.Trait, float64(s.P), s.Meaning)
		}
	}
	if n := float64(len(p.Statistics)); smallest < smallP/n {
		fmt.Fprintf(w, "The smallest, %.4f, is below %.2g / %.0f: that is hardly chance; another model may fit better.\n", smallest, smallP, n)
	}
	return nil
}
