//go:build slow

package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

var (
	shapeSeconds  = flag.Float64("shape-seconds", 4, "time of each method in TestShapeMethods")
	shapePictures = flag.String("shape-pictures", "", "`folder` for the pictures of TestShapeMethods and TestShapeCosts")
)

// shapeMethod is a way to sample the shape posterior.
type shapeMethod struct {
	name    string
	model   bffg.LandmarkOptions
	options nuts.Options
}

// shapeMethods are what is compared. Of those that run away or stand still no warm-up
// is long enough; theirs takes about a third of a minute.
func shapeMethods() []shapeMethod {
	notByPath := nuts.Options{Algorithm: nuts.HMC, Warmup: 60, MaxSteps: 63, PathLength: 1.5}
	byPath := nuts.Options{Algorithm: nuts.HMC, Warmup: 200, PathLength: 1.5, TargetAccept: 0.8, UnitNoise: true}
	short := nuts.Options{Algorithm: nuts.NUTS, Warmup: 60, MaxTreeDepth: 6}
	return []shapeMethod{
		{"continuous, HMC", bffg.LandmarkOptions{Bridge: bffg.EulerBridge}, notByPath},
		{"discrete, random walk and pCN", bffg.LandmarkOptions{Bridge: bffg.StepwiseBridge}, nuts.Options{Algorithm: nuts.RandomWalk, Warmup: 3000}},
		{"discrete, NUTS", bffg.LandmarkOptions{Bridge: bffg.StepwiseBridge}, short},
		{"discrete, HMC", bffg.LandmarkOptions{Bridge: bffg.StepwiseBridge}, notByPath},
		{"none, HMC", bffg.LandmarkOptions{Bridge: bffg.Unguided}, notByPath},
		{"path, NUTS", bffg.LandmarkOptions{Bridge: bffg.PathBridge}, nuts.Options{Algorithm: nuts.NUTS, Warmup: 100, UnitNoise: true}},
		{"path, HMC", bffg.LandmarkOptions{Bridge: bffg.PathBridge}, byPath},
		{"path, shortening, HMC", bffg.LandmarkOptions{Bridge: bffg.PathBridge, Spacing: bffg.ShorteningSteps}, byPath},
	}
}

// shapeTrace is what a method did: [chain] of transitions, warm-up included.
type shapeTrace struct {
	warmup  int
	width   [4]plotter.XYs // k_sigma by seconds
	density [4]plotter.XYs // log density by gradients or evaluations
	draws   [2][4][]float64
	seconds float64
}

// run samples for a time, from overdispersed parameters and noise of its prior.
func (m shapeMethod) run(t *testing.T, dev device.Device, starts [4][2]float64) *shapeTrace {
	m.model.Steps = 25
	model, data, err := bffg.KunitaExample(m.model)
	require.NoError(t, err)
	target, err := bffg.NewTarget(model, data)
	require.NoError(t, err)
	require.NoError(t, target.Prepare(context.Background(), nil))
	o := m.options
	for c := range starts {
		start := make([]float64, target.Dim())
		stream := nuts.NewStream(1, uint32(c), 0, nuts.PurposeSimulation)
		copy(start, starts[c][:])
		for i := 2; i < len(start); i++ {
			start[i] = stream.Normal()
		}
		o.Init = append(o.Init, start)
	}
	trace := &shapeTrace{warmup: o.Warmup}
	o.Chains, o.Draws, o.Seed, o.Select, o.KeepWarmup = len(starts), 1_000_000, 1, []int{0, 1}, true
	began := time.Now()
	var spent [4]float64
	o.OnDraw = func(chain, number int, q []float64, s nuts.Stats) error {
		spent[chain] += float64(max(s.Leapfrogs, 1))
		trace.width[chain] = append(trace.width[chain], plotter.XY{X: time.Since(began).Seconds(), Y: math.Exp(q[1])})
		trace.density[chain] = append(trace.density[chain], plotter.XY{X: spent[chain], Y: s.LogDensity})
		if number >= 0 {
			for i := range 2 {
				trace.draws[i][chain] = append(trace.draws[i][chain], q[i])
			}
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(*shapeSeconds*float64(time.Second)))
	defer cancel()
	run, err := nuts.Sample(ctx, dev, target, o)
	if !errors.Is(err, context.DeadlineExceeded) && (run == nil || !run.Interrupted) {
		require.NoError(t, err)
	}
	trace.seconds = time.Since(began).Seconds()
	return trace
}

// statistics are those of the draws of a parameter that every chain has; false where
// there are too few.
func (x *shapeTrace) statistics(parameter int) (nuts.Statistics, bool) {
	chains := x.draws[parameter][:]
	n := len(chains[0])
	for _, c := range chains {
		n = min(n, len(c))
	}
	if n < 8 {
		return nuts.Statistics{}, false
	}
	var equal [][]float64
	for _, c := range chains {
		equal = append(equal, c[:n])
	}
	return nuts.Describe(equal), true
}

// TestShapeMethods compares ways to sample notebook 07's posterior with 25 steps an
// edge: R-hat, and effective draws of k_alpha and k_sigma per second with the warm-up
// counted, from the same starts in the same time. The methods that are guided by a path
// have to sample best where they get 30 s; the figures of docs/shapes.md take
// -shape-seconds 32.
func TestShapeMethods(t *testing.T) {
	dev := openCPU(t)
	// Five posterior standard deviations around the posterior's mean, in both.
	starts := [4][2]float64{{-2.26 - 0.75, -1.34 - 0.3}, {-2.26 + 0.75, -1.34 - 0.3}, {-2.26 - 0.75, -1.34 + 0.3}, {-2.26 + 0.75, -1.34 + 0.3}}
	methods := shapeMethods()
	traces, rates := make([]*shapeTrace, len(methods)), make([]float64, len(methods))
	for i, m := range methods {
		x := m.run(t, dev, starts)
		traces[i] = x
		var transitions int
		for c := range x.width {
			transitions += len(x.width[c])
		}
		line := fmt.Sprintf("%-30s %6d transitions in %.0f s", m.name, transitions, x.seconds)
		rates[i] = math.Inf(1)
		for k, name := range []string{"k_alpha", "k_sigma"} {
			s, enough := x.statistics(k)
			if !enough {
				line += "; not out of its warm-up"
				rates[i] = 0
				break
			}
			line += fmt.Sprintf("; log %s %.3f +- %.3f, sd %.3f, R-hat %.3f, ESS %.1f", name, s.Mean, s.MCSEMean, s.SD, s.Rhat, s.ESSBulk)
			rates[i] = min(rates[i], s.ESSBulk/x.seconds)
		}
		t.Log(line)
	}
	if *shapeSeconds >= 30 {
		for i := range rates[:5] {
			require.Greater(t, rates[6], 5*rates[i], "path, HMC against %s", methods[i].name)
		}
	}
	if *shapePictures != "" {
		require.NoError(t, os.MkdirAll(*shapePictures, 0o755))
		require.NoError(t, drawShapeTraces(methods, traces, filepath.Join(*shapePictures, "mixing.svg")))
		require.NoError(t, drawShapeDensities(methods, traces, filepath.Join(*shapePictures, "unbounded.svg")))
		require.NoError(t, drawShapeRates(methods, rates, filepath.Join(*shapePictures, "rates.svg")))
	}
}

// drawShapeTraces draws k_sigma of all chains by time, a panel for each method.
func drawShapeTraces(methods []shapeMethod, traces []*shapeTrace, file string) error {
	const columns = 2
	var rows [][]*plot.Plot
	for i, m := range methods {
		p := plot.New()
		p.Title.Text, p.Y.Min, p.Y.Max, p.X.Min, p.X.Max = m.name, 0.15, 0.45, 0, *shapeSeconds
		p.Y.Label.Text = "k_sigma"
		if i >= len(methods)-columns {
			p.X.Label.Text = "seconds"
		}
		for c := range traces[i].width {
			l, err := plotter.NewLine(inside(traces[i].width[c], p.Y.Min, p.Y.Max))
			if err != nil {
				continue // no transition
			}
			l.Color, l.Width = plotutil.Color(c), vg.Points(0.5)
			p.Add(l)
		}
		p.Y.Min, p.Y.Max = 0.15, 0.45
		if i%columns == 0 {
			rows = append(rows, nil)
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], p)
	}
	return saveGrid(rows, 20*vg.Centimeter, 22*vg.Centimeter, file)
}

// mostDrawn is how many points of a line are drawn.
const mostDrawn = 400

// inside keeps points within the bounds of a picture, and not more than can be seen.
func inside(points plotter.XYs, low, high float64) plotter.XYs {
	var kept plotter.XYs
	for i, p := range points {
		if !math.IsNaN(p.Y) && i%(len(points)/mostDrawn+1) == 0 {
			kept = append(kept, plotter.XY{X: p.X, Y: min(max(p.Y, low), high)})
		}
	}
	return kept
}

// drawShapeDensities draws how the log density of the first chain moves, by gradients, for
// the continuous bridge and the path.
func drawShapeDensities(methods []shapeMethod, traces []*shapeTrace, file string) error {
	var row []*plot.Plot
	for i, m := range methods {
		if i != 0 && i != 6 {
			continue
		}
		p := plot.New()
		p.Title.Text, p.X.Label.Text, p.Y.Label.Text = m.name, "gradients of a chain", "log density"
		for c, points := range traces[i].density {
			l, err := plotter.NewLine(points)
			if err != nil {
				continue
			}
			l.Color = plotutil.Color(c)
			p.Add(l)
		}
		row = append(row, p)
	}
	return saveGrid([][]*plot.Plot{row}, 20*vg.Centimeter, 9*vg.Centimeter, file)
}

// drawShapeRates draws the effective draws per second of the worse parameter.
func drawShapeRates(methods []shapeMethod, rates []float64, file string) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = "effective draws of the worse parameter, warm-up counted", "per second"
	var names []string
	values := make(plotter.Values, len(rates))
	for i := range methods { // the first on top
		k := len(methods) - 1 - i
		values[i] = rates[k]
		names = append(names, methods[k].name)
	}
	bars, err := plotter.NewBarChart(values, vg.Points(14))
	if err != nil {
		return err
	}
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, color.RGBA{R: 0, G: 114, B: 178, A: 255}, 0
	p.Add(bars)
	p.NominalY(names...)
	return p.Save(20*vg.Centimeter, 9*vg.Centimeter, file)
}

func saveGrid(rows [][]*plot.Plot, width, height vg.Length, file string) error {
	canvas := vgsvg.New(width, height)
	tiles := draw.Tiles{Rows: len(rows), Cols: len(rows[0]), PadX: vg.Millimeter * 4, PadY: vg.Millimeter * 4, PadRight: vg.Millimeter * 2}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		for j, at := range row {
			rows[i][j].Draw(at)
		}
	}
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(to)
	return errors.Join(err, to.Close())
}

// TestShapeCosts measures a gradient by a path with 25 steps an edge on one core, against
// the number of landmarks on a tree of 9 tips, and against that of tips with 16
// landmarks. Time grows in proportion to the tips, to 20 %.
func TestShapeCosts(t *testing.T) {
	dev := oneWorker(t)
	gradient := func(depth, degree, points int) float64 {
		g := gradientOf(t, dev, pathShapes(t, depth, degree, points), 1)
		g()
		return 1e3 * fastest(t, 7, g).Seconds()
	}
	var landmarks, tips plotter.XYs
	for _, n := range []int{4, 8, 16, 32, 64} {
		landmarks = append(landmarks, plotter.XY{X: float64(n), Y: gradient(2, 3, n)})
	}
	for depth := 2; depth <= 7; depth++ {
		tips = append(tips, plotter.XY{X: math.Pow(2, float64(depth)), Y: gradient(depth, 2, 16)})
	}
	t.Logf("ms by landmarks on 9 tips %.3g; by tips with 16 landmarks %.3g", landmarks, tips)
	edges := (math.Pow(2, 8) - 2) / (math.Pow(2, 4) - 2)
	require.InDelta(t, 1, math.Log(tips[5].Y/tips[1].Y)/math.Log(edges), 0.2)
	if *shapePictures != "" {
		require.NoError(t, os.MkdirAll(*shapePictures, 0o755))
		var row []*plot.Plot
		for _, x := range []struct {
			of     string
			points plotter.XYs
		}{{"landmarks, 9 tips", landmarks}, {"tips, 16 landmarks", tips}} {
			p := plot.New()
			p.X.Label.Text, p.Y.Label.Text = x.of, "ms per gradient"
			p.X.Scale, p.Y.Scale, p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogScale{}, plot.LogScale{}, plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
			l, s, err := plotter.NewLinePoints(x.points)
			require.NoError(t, err)
			s.Shape = draw.CircleGlyph{}
			p.Add(plotter.NewGrid(), l, s)
			row = append(row, p)
		}
		require.NoError(t, saveGrid([][]*plot.Plot{row}, 20*vg.Centimeter, 9*vg.Centimeter, filepath.Join(*shapePictures, "costs.svg")))
	}
}
