package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

type parsedStatistic struct {
	Trait, Statistic, Meaning string
	Observed, Median, P       float64
	Low                       float64 `json:"q2.5"`
	High                      float64 `json:"q97.5"`
}

// parsedCheck is check.json as another program reads it.
type parsedCheck struct {
	Model      string
	Draws      int `json:"draws_of_run"`
	Refused    []string
	Predictive *struct {
		Draws      int
		Statistics []parsedStatistic
	}
	LeaveOneOut *struct {
		Draws      int
		ELPD       float64 `json:"elpd_loo"`
		Parameters float64 `json:"p_loo"`
		SE         float64
		Tips       []struct {
			Taxon    string
			Refitted bool
			ELPD     float64
			K        float64 `json:"pareto_k"`
			Cells    []struct {
				Trait                      string
				Observed, Predicted, SD, Z float64
			}
		}
	} `json:"leave_one_out"`
}

func checkedRun(t *testing.T, args ...string) parsedCheck {
	t.Helper()
	code, stdout, stderr := command(t, append([]string{"check", "--json"}, args...)...)
	require.Zero(t, code, stderr)
	var c parsedCheck
	require.NoError(t, json.Unmarshal([]byte(stdout), &c), stdout)
	return c
}

// TestCheck: one of 40 tips is off by 12, where the traits' standard deviation is about 2.
// Leave-one-out names it; the replicates lack its value; the same figures come again.
func TestCheck(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "simulate", "--tips", "40", "--random-tree", "--height", "4", "--trait", "x,y", "--set", "sigma_sq=1,0.5", "--set", "tau_sq=.1", "--root", "pinned=2", "--seed", "4", "--out", "made")
	require.Zero(t, code, stderr)
	table, err := tree.ReadTableFile("made/traits.csv")
	require.NoError(t, err)
	x, err := table.Numbers("x")
	require.NoError(t, err)
	y, err := table.Numbers("y")
	require.NoError(t, err)
	var text strings.Builder
	text.WriteString("taxon,x,y\n")
	for i, taxon := range table.Taxa {
		switch i {
		case 7:
			fmt.Fprintf(&text, "%s,%v,%v\n", taxon, x[i]+12, y[i])
		case 11:
			fmt.Fprintf(&text, "%s,NA,%v\n", taxon, y[i])
		case 13:
			fmt.Fprintf(&text, "%s,NA,NA\n", taxon)
		default:
			fmt.Fprintf(&text, "%s,%v,%v\n", taxon, x[i], y[i])
		}
	}
	require.NoError(t, os.WriteFile("traits.csv", []byte(text.String()), 0o644))
	sample := func(model, out string) {
		code, _, stderr := command(t, "sample", "--tree", "made/tree.nwk", "--traits", "traits.csv", "--trait", "x,y", "--model", model, "--warmup", "200", "--draws", "300", "--chains", "2", "--quiet", "--out", out)
		require.Zero(t, code, stderr)
	}
	sample("bm", "run")
	c := checkedRun(t, "run", "--draws", "400")
	require.Equal(t, "bm", c.Model)
	require.Equal(t, 300, c.Draws)
	require.Equal(t, 400, c.LeaveOneOut.Draws)
	require.Equal(t, 400, c.Predictive.Draws)
	require.Len(t, c.LeaveOneOut.Tips, 39, "one tip has no data")
	require.Len(t, c.Predictive.Statistics, 12*2+1)
	sum, off := 0.0, 0
	for i, tip := range c.LeaveOneOut.Tips {
		sum += tip.ELPD
		if tip.Taxon == table.Taxa[7] {
			off = i
		}
		if tip.Taxon == table.Taxa[11] {
			require.Len(t, tip.Cells, 1)
			require.Equal(t, "y", tip.Cells[0].Trait)
		}
	}
	require.InDelta(t, c.LeaveOneOut.ELPD, sum, 1e-9)
	worst := c.LeaveOneOut.Tips[off].Cells[0].Z
	require.Greater(t, worst, 4.0)
	for i, tip := range c.LeaveOneOut.Tips {
		for _, cell := range tip.Cells {
			require.True(t, i == off && cell.Trait == "x" || math.Abs(cell.Z) < worst, tip.Taxon)
			require.InDelta(t, cell.Observed, cell.Predicted+cell.Z*cell.SD, 1e-9)
		}
	}
	for _, s := range c.Predictive.Statistics {
		require.LessOrEqual(t, s.Low, s.Median)
		require.LessOrEqual(t, s.Median, s.High)
		require.Equal(t, s.P < 0.05, s.Meaning != "")
		if s.Trait == "x" && s.Statistic == "C_var" {
			require.Less(t, s.P, 0.02)
			require.Equal(t, "rates vary over the tree more than the model lets them", s.Meaning)
		}
	}
	stored, err := os.ReadFile("run/check.json")
	require.NoError(t, err)
	code, stdout, stderr := command(t, "check", "run", "--draws", "400")
	require.Zero(t, code, stderr)
	again, err := os.ReadFile("run/check.json")
	require.NoError(t, err)
	require.Equal(t, string(stored), string(again))
	for _, want := range []string{"posterior predictive check: the data beside 400 replicates", "C_var of x, p = 0.0", "leave-one-out: each of 39 tips", "Far from what the model expects: " + table.Taxa[7], "written to run/check.json"} {
		require.Contains(t, stdout, want)
	}
	alone := checkedRun(t, "run", "--loo", "--draws", "400")
	require.Nil(t, alone.Predictive)
	require.Equal(t, c.LeaveOneOut, alone.LeaveOneOut)
	alone = checkedRun(t, "run", "--predictive", "--draws", "400")
	require.Nil(t, alone.LeaveOneOut)
	require.Equal(t, c.Predictive, alone.Predictive)

	// Where Pareto k is large, runs without the tips take the place of the weights.
	code, _, stderr = command(t, "check", "run", "--loo", "--refit", "--draws", "400")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "sampling without "+table.Taxa[7]+", 1 of 3\n")
	refitted := checkedRun(t, "run", "--loo", "--refit", "--draws", "400")
	sum = 0
	for i, tip := range refitted.LeaveOneOut.Tips {
		sum += tip.ELPD
		require.Equal(t, tip.K > 1-1/math.Log10(400), tip.Refitted)
		if !tip.Refitted {
			require.Equal(t, c.LeaveOneOut.Tips[i], tip)
		}
	}
	require.InDelta(t, sum, refitted.LeaveOneOut.ELPD, 1e-9)
	require.Less(t, refitted.LeaveOneOut.Tips[off].ELPD, c.LeaveOneOut.Tips[off].ELPD-1, "the weights are too kind")

	// Runs of the same data are compared, others refused.
	sample("ou", "ou")
	code, stdout, stderr = command(t, "compare", "run", "ou", "--json")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "warning: run: Pareto k is above 0.64 for ")
	require.Contains(t, stderr, table.Taxa[7])
	var runs []struct {
		Run        string
		ELPD       float64 `json:"elpd_loo"`
		Difference float64 `json:"elpd_diff"`
		Weight     float64
		SE         float64 `json:"se_diff"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &runs))
	require.Len(t, runs, 2)
	require.GreaterOrEqual(t, runs[0].ELPD, runs[1].ELPD)
	require.Zero(t, runs[0].Difference)
	require.InDelta(t, runs[1].ELPD-runs[0].ELPD, runs[1].Difference, 1e-9)
	require.Greater(t, runs[1].SE, 0.0)
	require.InDelta(t, 1, runs[0].Weight+runs[1].Weight, 1e-9)
	code, stdout, _ = command(t, "compare", "ou", "run")
	require.Zero(t, code)
	require.Contains(t, stdout, "elpd_diff")
	require.Contains(t, stdout, "about equally well: a difference below 4 says little")

	require.NoError(t, os.WriteFile("traits.csv", []byte(strings.Replace(text.String(), ",NA,NA\n", ",1,NA\n", 1)), 0o644))
	sample("bm", "other")
	code, _, stderr = command(t, "compare", "run", "other")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "run and other cannot be compared: the one has no value of x at "+table.Taxa[13]+", the other has 1: they must be of the same data")
	code, _, stderr = command(t, "compare", "other", "run")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "the one has 1 for x at "+table.Taxa[13]+", the other has no value there")

	// What another run in its place leaves behind.
	code, _, stderr = command(t, "sample", "--tree", "made/tree.nwk", "--traits", "traits.csv", "--trait", "x", "--warmup", "50", "--draws", "12", "--chains", "2", "--quiet", "--overwrite", "--out", "run")
	require.Zero(t, code, stderr)
	require.NoFileExists(t, filepath.Join("run", "check.json"))
	code, _, stderr = command(t, "compare", "other", "run")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "one is of x, y, the other of x")
	code, _, stderr = command(t, "check", "run")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "there are 24 draws in all, too few to judge by: sample 40 or more")
}

// TestCheckRefused: what cannot be checked, and command lines that are wrong.
func TestCheckRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "sample", "--model", "kunita", "--algorithm", "rw", "--steps", "2", "--warmup", "20", "--draws", "40", "--chains", "2", "--root", "flat", "--out", "shapes", "--quiet")
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "check", "shapes", "--loo")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, `shapes: model "kunita" has edges without a closed form`)
	code, _, stderr = command(t, "check", "shapes")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "whose data cannot be replicated yet")
	code, _, stderr = command(t, "compare", "shapes", "shapes")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "edges without a closed form")

	// The built-in example, whose noise is sampled too.
	code, _, stderr = command(t, "sample", "--warmup", "100", "--draws", "100", "--chains", "2", "--out", "seed", "--quiet")
	require.Zero(t, code, stderr)
	c := checkedRun(t, "seed")
	require.Len(t, c.LeaveOneOut.Tips, 16)
	require.Empty(t, c.Refused)
	require.Len(t, c.Predictive.Statistics, 12)

	for args, want := range map[string]string{"check": "name the folder of a run", "check nowhere": "there is no folder nowhere", "check seed --draws 5": "--draws 5: it must be 40 or more", "check seed --predictive --refit": "--refit goes with --loo",
		"compare seed": "name the folders of two runs at least", "compare seed nowhere": "there is no folder nowhere", "compare seed seed --draws 1": "--draws 1: it must be 40 or more"} {
		code, _, stderr := command(t, strings.Fields(args)...)
		require.NotZero(t, code)
		require.Contains(t, stderr, want, args)
	}
	// More chains than draws that are asked for.
	code, _, stderr = command(t, "sample", "--warmup", "50", "--draws", "8", "--chains", "64", "--out", "many", "--quiet")
	require.Zero(t, code, stderr)
	require.Equal(t, 50, checkedRun(t, "many", "--draws", "50").LeaveOneOut.Draws)
	require.Equal(t, 128, checkedRun(t, "many", "--draws", "100").Predictive.Draws)

	// Merged runs and killed ones.
	code, _, stderr = command(t, "sample", "--warmup", "100", "--draws", "100", "--chains", "2", "--seed", "2", "--out", "second", "--quiet")
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "merge", "seed", "second", "--out", "both", "--quiet")
	require.Zero(t, code, stderr)
	require.Equal(t, 400, checkedRun(t, "both").LeaveOneOut.Draws)
	text, err := os.ReadFile("seed/draws.bin")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("seed/draws.bin", text[:len(text)-800], 0o644))
	require.Less(t, checkedRun(t, "seed").LeaveOneOut.Draws, 200)
	require.NoError(t, os.WriteFile("seed/draws.bin", text[:3000], 0o644))
	code, _, stderr = command(t, "check", "seed")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "not every chain has a draw yet")
}

// TestLeaveOneOutRefit: the importance weights take a tip out as a run without it does.
// The standard errors of both means are estimated; 5 of them are exceeded once in 10^5
// runs, and the seeds are fixed.
func TestLeaveOneOutRefit(t *testing.T) {
	stored(t, "--draws", "2000", "--warmup", "300")
	c := checkedRun(t, "run", "--loo", "--draws", "4000")
	whole, err := openStoredRun("run")
	require.NoError(t, err)
	defer whole.close()
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	table, err := os.ReadFile("made/traits.csv")
	require.NoError(t, err)
	for _, number := range []int{0, 4} {
		taxon := whole.in.data.Names[whole.in.data.Topology.Leaves()[number]]
		var text strings.Builder
		for line := range strings.Lines(string(table)) {
			if strings.HasPrefix(line, taxon+",") {
				line = taxon + ",NA\n"
			}
			text.WriteString(line)
		}
		require.NoError(t, os.WriteFile("without.csv", []byte(text.String()), 0o644))
		// The priors take their scale from the data; those of the whole run are kept.
		args := []string{"sample", "--tree", "made/tree.nwk", "--traits", "without.csv", "--trait", "x", "--warmup", "300", "--draws", "2000", "--chains", "2", "--quiet", "--device", "cpu", "--seed", "5", "--overwrite", "--out", "without"}
		for _, p := range whole.record.Parameters {
			args = append(args, "--prior", p.Name+"="+p.Prior)
		}
		code, _, stderr := command(t, args...)
		require.Zero(t, code, stderr)
		without, err := openStoredRun("without")
		require.NoError(t, err)
		picks := thin(2, 2000, 4000)
		positions, err := without.drawn.coordinates(picks)
		require.NoError(t, err)
		without.close()
		sweeps, err := whole.target.OpenLeaveOneOut(dev, 64)
		require.NoError(t, err)
		densities := [][]float64{nil, nil}
		require.NoError(t, sweeps.Compute(context.Background(), positions, func(s int, tips []bffg.Held) error {
			densities[picks[s].chain] = append(densities[picks[s].chain], math.Exp(tips[number].LogDensity))
			return nil
		}))
		s := nuts.Describe(densities)
		require.Equal(t, taxon, c.LeaveOneOut.Tips[number].Taxon)
		require.Less(t, c.LeaveOneOut.Tips[number].K, 0.7)
		require.InDelta(t, math.Log(s.Mean), c.LeaveOneOut.Tips[number].ELPD, 5*math.Sqrt2*s.MCSEMean/s.Mean, taxon)

		// --refit does the same in one go.
		tip := leftTip{Taxon: taxon, index: number, Cells: make([]leftCell, 1)}
		positions, err = whole.sampleWithout(context.Background(), dev, number)
		require.NoError(t, err)
		require.NoError(t, whole.replacePrediction(context.Background(), sweeps, &tip, positions))
		require.NoError(t, sweeps.Close())
		require.InDelta(t, math.Log(s.Mean), float64(tip.ELPD), 5*math.Sqrt(3)*s.MCSEMean/s.Mean, taxon)
		require.InDelta(t, c.LeaveOneOut.Tips[number].Cells[0].Predicted, float64(tip.Cells[0].Predicted), 0.1)
	}
}

// TestPredictiveCalibrated: p-values of data that come from the model, made by a
// simulation of this test's own, are uniform where the parameters are known. 150 data
// sets with 99 replicates each: every p-value is one of 50, in 10 bins; a bound on
// chi-squared that each of 25 statistics exceeds once in 10^6 is exceeded by one of them
// once in 40,000.
func TestPredictiveCalibrated(t *testing.T) {
	const sets, draws, bins = 150, 99, 10
	ctx := context.Background()
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	random := nuts.NewStream(11, 0, 0, nuts.PurposeSimulation)
	p, err := yuleTree(20, 3, &random)
	require.NoError(t, err)
	topology := p.Topology
	sigmaSq, tauSq, root, correlation := []float64{0.5, 2}, []float64{0.1, 0.2}, []float64{1, -1}, 0.6
	counts := map[string][]int{}
	for set := range sets {
		random := nuts.NewStream(12, 0, uint32(set), nuts.PurposeSimulation)
		state := make([][]float64, topology.Size())
		state[0] = root
		for v := 1; v < topology.Size(); v++ {
			a := random.Normal()
			b := correlation*a + math.Sqrt(1-correlation*correlation)*random.Normal()
			parent, scale := state[topology.Parent(v)], math.Sqrt(p.Lengths[v])
			state[v] = []float64{parent[0] + math.Sqrt(sigmaSq[0])*scale*a, parent[1] + math.Sqrt(sigmaSq[1])*scale*b}
		}
		data := bffg.Data{Topology: topology, Lengths: p.Lengths, Names: p.Names, Values: make([][]float64, 2)}
		for k := range 2 {
			for i, v := range topology.Leaves() {
				y := state[v][k] + math.Sqrt(tauSq[k])*random.Normal()
				if (i+k)%7 == 0 {
					y = math.NaN()
				}
				data.Values[k] = append(data.Values[k], y)
			}
		}
		model := bffg.BrownianMotion([]string{"x", "y"}, data)
		model.Root, model.RootValue = bffg.RootPinned, root
		target, err := bffg.NewTarget(model, data)
		require.NoError(t, err)
		q, err := target.Unconstrained([]float64{sigmaSq[0], sigmaSq[1], 0, tauSq[0], tauSq[1]})
		require.NoError(t, err)
		q[2] = math.Atanh(correlation)
		positions := slices.Repeat([][]float64{q}, draws)
		r := &replication{&storedRun{sampled: &sampled{in: &inputs{data: data, traits: model.Traits}, model: model, target: target}},
			map[string][]float64{"sigma_sq": sigmaSq, bffg.TipNoise: tauSq}}
		found, err := r.replicate(ctx, dev, positions, func(s int) nuts.Stream {
			return nuts.NewStream(13, uint32(set), uint32(s), nuts.PurposeReplication)
		})
		require.NoError(t, err)
		require.Len(t, found.Statistics, 25)
		for _, s := range found.Statistics {
			name := s.Trait + " " + s.Statistic
			if counts[name] == nil {
				counts[name] = make([]int, bins)
			}
			counts[name][min(int((float64(s.P)-1e-9)*bins), bins-1)]++
		}
	}
	limit := distuv.ChiSquared{K: bins - 1}.Quantile(1 - 1e-6)
	require.Len(t, counts, 25)
	for name, n := range counts {
		chi := 0.0
		for _, c := range n {
			chi += math.Pow(float64(c)-sets/bins, 2) / (sets / bins)
		}
		require.Less(t, chi, limit, "%s: %v", name, n)
	}
}

// TestCompareStatistic: where a figure stands among those of the replicates.
func TestCompareStatistic(t *testing.T) {
	values := make([]float64, 999)
	for i := range values {
		values[i] = float64(i)
	}
	for _, c := range []struct {
		observed, p float64
		meaning     string
	}{{-5, 0.002, contrastCorrelation.Low}, {2000, 0.002, contrastCorrelation.High}, {498.5, 1, ""}, {24.5, 0.052, ""}, {22.5, 0.048, contrastCorrelation.Low}, {5, 0.014, contrastCorrelation.Low}} {
		got, ok := compareStatistic("x", contrastCorrelation, c.observed, values)
		require.True(t, ok)
		require.InDelta(t, c.p, float64(got.P), 1e-12, c.observed)
		require.Equal(t, c.meaning, got.Meaning)
	}
	_, ok := compareStatistic("x", contrastCorrelation, math.NaN(), values)
	require.False(t, ok)
	_, ok = compareStatistic("x", contrastCorrelation, 1, append(values, math.NaN()))
	require.False(t, ok)
}
