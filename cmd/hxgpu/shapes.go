package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

// shapeModel is the model of landmark shapes.
const shapeModel = "kunita"

// shapeFlags are the settings of continuous edges and of shapes.
type shapeFlags struct {
	kernel, bridge, spacing string
	steps, rounds           int
	stepLength              float64
	align                   bool
}

func (f *shapeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kernel, "kernel", "laplace4", "kunita: the kernel of the flow, laplace0 to laplace4 or gaussian")
	flags.StringVar(&f.bridge, "bridge", "path", "kunita: how the process is guided along an edge: path (by linear feedback along a path\nthat fits the data; unbiased, and mixes best by far), discrete (each Euler step guided\nexactly by messages; unbiased), continuous (the guided equation in Euler steps, as\nhyperiax; its density is not bounded) or none")
	flags.IntVar(&f.steps, "steps", 100, "kunita: Euler steps of an edge (by a path: 25)")
	flags.Float64Var(&f.stepLength, "step-length", 0, "kunita: give an edge only as many of the --steps as make each at most this long\n(0: all edges take all)")
	flags.StringVar(&f.spacing, "step-spacing", bffg.EvenSteps.String(), "kunita: how the steps of an edge lie in time: even, or shortening towards the edge's end,\nwhere shapes that are known well have to be hit (by a path: shortening)")
	flags.IntVar(&f.rounds, "rounds", 3, "kunita: rounds that move the points of linearisation to the filtered shapes")
	flags.BoolVar(&f.align, "align", false, "kunita: align the shapes first (generalised Procrustes, sizes kept)")
}

// check finds impossible settings.
func (f *shapeFlags) check(model string) error {
	if model != shapeModel {
		return nil
	}
	if _, err := bffg.ParseKernel(f.kernel); err != nil {
		return usagef("--kernel %s: %v", f.kernel, err)
	}
	_, bridgeErr := bffg.ParseBridge(f.bridge)
	_, spacingErr := bffg.ParseSpacing(f.spacing)
	switch {
	case bridgeErr != nil:
		return usagef("--bridge %s: %v", f.bridge, bridgeErr)
	case spacingErr != nil:
		return usagef("--step-spacing %s: %v", f.spacing, spacingErr)
	case f.steps < 1 || f.steps > 100_000:
		return usagef("--steps %d: it must be 1 to 100000", f.steps)
	case !(f.stepLength >= 0) || math.IsInf(f.stepLength, 1):
		return usagef("--step-length %v: it must be positive, or 0", f.stepLength)
	case f.rounds < 1 || f.rounds > 100:
		return usagef("--rounds %d: it must be 1 to 100", f.rounds)
	}
	return nil
}

func (f *shapeFlags) options() bffg.LandmarkOptions {
	kernel, _ := bffg.ParseKernel(f.kernel) // checked
	bridge, _ := bffg.ParseBridge(f.bridge)
	spacing, _ := bffg.ParseSpacing(f.spacing)
	return bffg.LandmarkOptions{Kernel: kernel, Steps: f.steps, StepLength: f.stepLength, Spacing: spacing, Rounds: f.rounds, Bridge: bridge}
}

// shapeData is what is known of the shapes that were read.
type shapeData struct {
	set       *landmarks.Set
	ignored   []string // columns
	alignment *landmarks.Alignment
}

// loadShapes reads a tree and the shapes of its tips.
func (f *dataFlags) loadShapes(align bool) (*inputs, error) {
	if f.tree == "" {
		return builtInShapes(), nil
	}
	if f.trait != "" {
		return nil, usagef("--trait does not go with --model kunita, which takes all landmarks of --traits")
	}
	if f.regimes.from != "" {
		return nil, usagef("--regimes does not go with --model kunita")
	}
	if f.errors != "none" {
		return nil, usagef("--errors does not go with --model kunita, whose landmarks share one noise")
	}
	phylogeny, err := f.loadTree()
	if err != nil {
		return nil, err
	}
	text, err := f.files.text("traits", f.traits)
	if err != nil {
		return nil, fmt.Errorf("--traits: %w", err)
	}
	set, ignored, err := landmarks.ParseWith(f.traits, text, f.tableOptions(phylogeny))
	if err != nil {
		return nil, f.tableError(err)
	}
	shapes := &shapeData{ignored: ignored}
	if align {
		if set, shapes.alignment, err = landmarks.Align(set, landmarks.AlignOptions{KeepSize: true}); err != nil {
			return nil, fmt.Errorf("--align: %w", err)
		}
	}
	shapes.set = set
	table := &tree.Table{File: set.File, Taxa: set.Taxa, Columns: set.Coordinates(), Lines: set.Lines}
	for _, shape := range set.Shapes {
		cells := make([]string, len(shape))
		for k, x := range shape {
			cells[k] = strconv.FormatFloat(x, 'g', -1, 64)
		}
		table.Cells = append(table.Cells, cells)
	}
	in, err := f.match(phylogeny, table, set.Coordinates())
	if err != nil {
		return nil, err
	}
	in.shapes = shapes
	return in, nil
}

// builtInShapes is the example of shapes that needs no files.
func builtInShapes() *inputs {
	data, coordinates, root := bffg.KunitaData()
	in := builtInFrom(data, coordinates, "shapes of 16 landmarks at the 9 tips of a ternary tree, simulated from the unit circle with k_alpha = 0.1, k_sigma = 0.25")
	in.shapes = &shapeData{set: &landmarks.Set{Points: len(coordinates) / 2, Dimensions: 2, Shapes: [][]float64{root}}}
	return in
}

// report says what was read of the shapes.
func (s *shapeData) report(w io.Writer, in *inputs) {
	fmt.Fprintf(w, "  shapes      %d landmarks in %d dimensions\n", s.set.Points, s.set.Dimensions)
	if len(s.ignored) > 0 {
		fmt.Fprintf(w, "  columns     %s: no coordinates, ignored\n", shorten(s.ignored))
	}
	if n := s.set.Curves; n > 0 {
		fmt.Fprintf(w, "  curves      %d curves or outlines ignored: only landmarks are read\n", n)
	}
	if a := s.alignment; a != nil {
		least, most := math.Inf(1), 0.0
		for _, size := range a.CentroidSizes {
			least, most = min(least, size), max(most, size)
		}
		fmt.Fprintf(w, "  alignment   generalised Procrustes, %d rounds, sum of squares %.4g; centroid sizes %.4g to %.4g, kept\n", a.Rounds, a.SumOfSquares, least, most)
		if !a.Converged {
			fmt.Fprintf(w, "              the mean shape still moved after the last round: look at the shapes for outliers\n")
		}
	}
}

// buildShapes makes the model of shapes.
func (f *modelFlags) buildShapes(in *inputs, files *inputFiles, o bffg.LandmarkOptions) (*bffg.Model, error) {
	if f.noTipNoise {
		return nil, usagef("--no-tip-noise: model kunita observes shapes with noise; --fix tau_sq=x sets it")
	}
	var m *bffg.Model
	var err error
	if in.builtIn {
		m, _, err = bffg.KunitaExample(o)
	} else {
		m, err = bffg.Kunita(in.traits, in.shapes.set.Dimensions, in.data, o)
	}
	if err != nil || f.root == "" {
		return m, err
	}
	mean := make([]float64, len(in.traits))
	for k := range in.data.Values {
		mean[k], _, _ = in.data.Moments(k)
	}
	kind, value, given := strings.Cut(f.root, "=")
	switch {
	case f.root == "mean":
		m.Root, m.RootValue = bffg.RootPinned, mean
	case f.root == "flat":
		m.Root, m.RootValue = bffg.RootFlat, nil
	case kind == "normal" && given:
		sd, err := strconv.ParseFloat(value, 64)
		if err != nil || !(sd > 0) || math.IsInf(sd, 1) {
			return nil, usagef("--root %s: %q is not a positive number", f.root, value)
		}
		m.Root, m.RootMean = bffg.RootNormal, mean
		m.RootSD = make([]float64, len(mean))
		for k := range m.RootSD {
			m.RootSD[k] = sd
		}
	case kind == "file" && given:
		text, err := files.text("root", value)
		if err != nil {
			return nil, fmt.Errorf("--root: %w", err)
		}
		set, _, err := landmarks.Parse(value, text)
		if err != nil {
			return nil, fmt.Errorf("--root: %w", err)
		}
		if len(set.Shapes) != 1 || len(set.Shapes[0]) != len(mean) {
			return nil, fmt.Errorf("--root: %s has %d shapes of %d landmarks in %d dimensions; one shape like the tips' is needed", value, len(set.Shapes), set.Points, set.Dimensions)
		}
		m.Root, m.RootValue = bffg.RootPinned, set.Shapes[0]
	default:
		return nil, usagef("--root %s: for shapes use mean (pinned at the tips' mean), file=F (pinned at the shape in F), normal=sd (around the mean) or flat", f.root)
	}
	return m, nil
}

// drawShapes writes the pictures of a run on shapes: the tree with the mean shape
// of every node, and the draws of the root's shape unless that is known.
func (c *sampleCommand) drawShapes(folder *runstore.Folder, s *sampled) error {
	if s.states == nil || s.in.shapes == nil {
		return nil
	}
	dimensions, nodes := s.in.shapes.set.Dimensions, s.in.data.Topology.Size()
	picture := landmarks.TreePicture{Topology: s.in.data.Topology, Lengths: s.in.data.Lengths, Names: s.in.data.Names, Dimensions: dimensions,
		Title: "mean shape at every node", Shapes: make([][]float64, nodes)}
	for v := range nodes {
		for k := range s.in.traits {
			picture.Shapes[v] = append(picture.Shapes[v], float64(s.states.values[k][v].Mean))
		}
	}
	if err := folder.WriteBy(runstore.ShapesPicture, func(path string) error { return landmarks.DrawTree(path, picture) }); err != nil {
		return err
	}
	if len(s.rootShapes) == 0 {
		return nil
	}
	fan := landmarks.FanPicture{Draws: s.rootShapes, Dimensions: dimensions, Title: "the root's shape"}
	return folder.WriteBy(runstore.RootPicture, func(path string) error { return landmarks.DrawFan(path, fan) })
}
