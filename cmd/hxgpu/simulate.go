package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/choice"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

type simulateCommand struct {
	tree, trait, out  string
	tips, treeIndex   int
	height            float64
	randomTree        bool
	model             modelFlags
	regimes           regimeFlags
	set               []string
	seed              uint64
	overwrite, quiet  bool
	tipsSet, shapeSet bool
}

func newSimulateCommand() *cobra.Command {
	var c simulateCommand
	cmd := &cobra.Command{
		Use: "simulate", Short: "Draw a tree's states and tip data from a model", Args: noArguments,
		Long: `simulate draws the states of all nodes of a tree from a model, from the root
outward, and the values of the tips. The tree is read, or made: balanced, or with
--random-tree a pure-birth (Yule) tree scaled to its height.

` + modelHelp() + `

--out DIR gets tree.nwk and traits.csv, which sample reads, states.csv (the true
states of all nodes) and truth.json (the settings). The root's state is given by
--root pinned=x, or drawn by --root normal=mean,sd; for ou and mvou it may also be the
optimum, or drawn from the distribution that the process settles to (stationary). It is
0 otherwise. Regimes of edges (--regimes) come from the tree, annotated or mapped; tree.nwk
has them as the annotation regime.`,
		Example: `  hxgpu simulate --tips 50 --random-tree --height 10 --trait mass \
      --set sigma_sq=0.1 --set tau_sq=0.01 --root pinned=2 --out example
  hxgpu simulate --tree T.nwk --model ou --trait mass,length --no-tip-noise \
      --set 'R=[[.2,.12],[.12,.1]]' --set alpha=0.3 --set theta=4,5 --root pinned=4,4.5 --out simulated
  hxgpu simulate --tips 50 --random-tree --model ou --root stationary --set sigma_sq=1 \
      --set alpha=2 --set theta=3 --set tau_sq=0.01 --out settled`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.tipsSet = cmd.Flags().Changed("tips")
			c.shapeSet = cmd.Flags().Changed("height") || c.randomTree
			return c.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.tree, "tree", "", "the tree, a Newick or NEXUS `file` with edge lengths (may be gzip)")
	f.IntVar(&c.treeIndex, "tree-index", 0, "the `number` of the tree, from 1, in a file that has several")
	f.IntVar(&c.tips, "tips", 0, "make a tree with so many tips")
	f.Float64Var(&c.height, "height", 1, "the height of the tree that is made")
	f.BoolVar(&c.randomTree, "random-tree", false, "make a random (Yule) tree instead of a balanced one")
	f.StringVar(&c.trait, "trait", "x", "`name` of the trait, several with commas between")
	f.StringArrayVar(&c.set, "set", nil, "`name=value`, repeatable, as in sigma_sq=0.1 or 'R=[[.2,.12],[.12,.1]]'")
	c.model.add(cmd)
	c.regimes.add(cmd, false)
	f.Uint64Var(&c.seed, "seed", 1, "seed of the random numbers")
	f.StringVar(&c.out, "out", "", "`folder` for the files")
	f.BoolVar(&c.overwrite, "overwrite", false, "replace the files that --out holds")
	f.BoolVar(&c.quiet, "quiet", false, "print nothing")
	return cmd
}

// The files of a simulation.
const (
	simulatedTree   = "tree.nwk"
	simulatedTraits = "traits.csv"
	simulatedStates = "states.csv"
	simulatedTruth  = "truth.json"
)

func (c *simulateCommand) check() error {
	switch {
	case c.tree == "" && !c.tipsSet:
		return usagef("simulate needs a tree: read one by --tree T.nwk, or make one by --tips N")
	case c.tree != "" && (c.tipsSet || c.shapeSet):
		return usagef("--tree reads a tree; --tips, --height and --random-tree make one: use either")
	case c.treeIndex < 0 || c.tree == "" && c.treeIndex > 0:
		return usagef("--tree-index %d: trees are numbered from 1, in the file of --tree", c.treeIndex)
	case c.tree == "" && (c.tips < 2 || c.tips > 10_000_000):
		return usagef("--tips %d: it must be 2 to 10000000", c.tips)
	case !(c.height > 0) || math.IsInf(c.height, 0):
		return usagef("--height %v: it must be positive", c.height)
	case c.out == "":
		return usagef("--out is missing: name the folder for the simulated files")
	case c.tree == "" && c.regimes.from != "":
		return usagef("--regimes goes with --tree")
	}
	if err := c.regimes.check(false); err != nil {
		return err
	}
	if c.model.model == "" {
		c.model.model = "bm"
	}
	if c.model.model == shapeModel {
		return usagef("--model kunita: simulate makes traits, not shapes; use bm or ou")
	}
	return c.model.check(true)
}

func (c *simulateCommand) run(ctx context.Context, stdout io.Writer) error {
	if err := c.check(); err != nil {
		return err
	}
	traits, err := splitTraits(c.trait)
	if err != nil {
		return err
	}
	p, regimes, err := c.makeTree()
	if err != nil {
		return err
	}
	data := bffg.Data{Topology: p.Topology, Lengths: p.Lengths, Names: p.Names, Values: make([][]float64, len(traits))}
	if regimes != nil {
		regimes.give(p, &data)
	}
	model, err := c.model.build(traits, data)
	if err != nil {
		return err
	}
	switch c.model.root {
	case "":
		if err := (rootSpec{kind: bffg.RootPinned, values: make([]float64, len(traits))}).apply(model, data); err != nil {
			return err
		}
	case "flat", "estimated":
		return usagef("--root %s: simulate draws the root's state from no such prior; use --root pinned=x or normal=mean,sd, or for ou and mvou optimum or stationary", c.model.root)
	}
	values, err := parseSettings(model, c.set)
	if err != nil {
		return err
	}
	folder, err := runstore.OpenFolder(c.out, c.overwrite, simulatedTree, simulatedTraits, simulatedStates, simulatedTruth)
	if errors.Is(err, runstore.ErrHasRun) {
		return fmt.Errorf("--out: %s: it has files by the names of the simulated ones: name another folder, or add --overwrite", c.out)
	} else if err != nil {
		return fmt.Errorf("--out: %w", err)
	}

	dev, err := choice.Open(choice.Options{Name: "cpu"})
	if err != nil {
		return err
	}
	defer dev.Close()
	dim, n := len(traits), p.Topology.Size()
	stream := nuts.NewStream(c.seed, 0, 1, nuts.PurposeSimulation)
	root, err := drawRoot(model, values, &stream)
	if err != nil {
		return err
	}
	z := make([]float64, dim*n)
	for i := range z {
		z[i] = stream.Normal()
	}
	x, err := model.Simulate(ctx, dev, data, values.fields, root, z)
	if err != nil {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	y := make([][]float64, dim)
	for k := range y {
		for _, v := range p.Topology.Leaves() {
			value := x[k*n+v]
			if model.TipNoise {
				value += math.Sqrt(values.fields[bffg.TipNoise][k]) * stream.Normal()
			}
			y[k] = append(y[k], value)
		}
	}
	if err := c.write(folder, model, p, values, root, x, y); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if c.quiet {
		return nil
	}
	_, err = fmt.Fprintf(stdout, "simulated %s under model %s on a tree of %d tips, %d nodes, height %.6g; seed %d\nwritten to %s: %s, %s, %s, %s\n",
		strings.Join(traits, ", "), model.Name, p.Topology.LeafCount(), n, p.Height(), c.seed, c.out, simulatedTree, simulatedTraits, simulatedStates, simulatedTruth)
	return err
}

// drawRoot gives the root's state, or draws it.
func drawRoot(m *bffg.Model, s *settings, stream *nuts.Stream) ([]float64, error) {
	root := make([]float64, len(m.Traits))
	switch m.Root {
	case bffg.RootPinned:
		copy(root, m.RootValue)
	case bffg.RootNormal:
		for k := range root {
			root[k] = m.RootMean[k] + m.RootSD[k]*stream.Normal()
		}
	case bffg.RootOptimum, bffg.RootStationary:
		mean, covariance, err := m.StationaryAt(s.fields)
		if err != nil {
			return nil, err
		}
		copy(root, mean)
		if m.Root == bffg.RootOptimum {
			break
		}
		var factor mat.Cholesky
		var l mat.TriDense
		if !factor.Factorize(mat.NewSymDense(len(root), covariance)) {
			return nil, usagef("--root stationary: the distribution that the process settles to is degenerate at these parameters; use another --root")
		}
		factor.LTo(&l)
		for j := range root {
			z := stream.Normal()
			for i := j; i < len(root); i++ {
				root[i] += l.At(i, j) * z
			}
		}
	}
	return root, nil
}

// makeTree reads or makes the tree, cuts its edges between regimes and names the nodes
// that have no name.
func (c *simulateCommand) makeTree() (*tree.Phylogeny, *regimeData, error) {
	var p *tree.Phylogeny
	var regimes *regimeData
	var err error
	switch {
	case c.tree == "" && c.randomTree:
		stream := nuts.NewStream(c.seed, 0, 0, nuts.PurposeSimulation)
		p, err = yuleTree(c.tips, c.height, &stream)
	case c.tree == "":
		p, err = balancedTree(c.tips, c.height)
	default:
		var files inputFiles
		text, err := files.text("tree", c.tree)
		if err != nil {
			return nil, nil, fmt.Errorf("--tree: %w", err)
		}
		if p, err = parseTree(c.tree, text, c.treeIndex); err != nil {
			return nil, nil, err
		}
		if err := p.RequireLengths(); err != nil {
			return nil, nil, fmt.Errorf("--tree: %s: %w", c.tree, err)
		}
		if p, regimes, err = c.regimes.ofTree(p, c.tree); err != nil {
			return nil, nil, err
		}
	}
	if err != nil {
		return nil, nil, err
	}
	taken := map[string]bool{}
	for _, name := range p.Names {
		taken[name] = true
	}
	for v, name := range runstore.NodeNames(p) {
		if p.Names[v] == "" && !taken[name] {
			p.Names[v] = name
		}
	}
	return p, regimes, nil
}

func (c *simulateCommand) write(folder *runstore.Folder, m *bffg.Model, p *tree.Phylogeny, s *settings, root, x []float64, y [][]float64) error {
	n := p.Topology.Size()
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	if err := folder.Write(simulatedTree, p.WriteNewick); err != nil {
		return err
	}
	err := folder.Write(simulatedTraits, func(w io.Writer) error {
		out := csv.NewWriter(w)
		out.Write(append([]string{"taxon"}, m.Traits...))
		for i, v := range p.Topology.Leaves() {
			record := []string{p.Names[v]}
			for k := range m.Traits {
				record = append(record, number(y[k][i]))
			}
			out.Write(record)
		}
		out.Flush()
		return out.Error()
	})
	if err != nil {
		return err
	}
	err = folder.Write(simulatedStates, func(w io.Writer) error {
		out := csv.NewWriter(w)
		out.Write(append([]string{"node", "name"}, m.Traits...))
		names := runstore.NodeNames(p)
		for v := range n {
			record := []string{strconv.Itoa(v), names[v]}
			for k := range m.Traits {
				record = append(record, number(x[k*n+v]))
			}
			out.Write(record)
		}
		out.Flush()
		return out.Error()
	})
	if err != nil {
		return err
	}
	truth := struct {
		Versions   runstore.Versions `json:"versions"`
		Model      string            `json:"model"`
		Traits     []string          `json:"traits"`
		Parameters map[string]string `json:"parameters"`
		RootPrior  string            `json:"root_prior"`
		Root       []runstore.Number `json:"root"`
		TipNoise   bool              `json:"tip_noise"`
		Seed       uint64            `json:"seed"`
		Tree       string            `json:"tree,omitempty"`
		Tips       int               `json:"tips"`
		Nodes      int               `json:"nodes"`
		Height     runstore.Number   `json:"height"`
	}{runstore.ReadVersions(version), m.Name, m.Traits, map[string]string{}, rootText(m), runstore.Numbers(root), m.TipNoise, c.seed, c.tree,
		p.Topology.LeafCount(), n, runstore.Number(p.Height())}
	for _, pair := range s.texts {
		truth.Parameters[pair[0]] = pair[1]
	}
	return folder.WriteJSON(simulatedTruth, truth)
}
