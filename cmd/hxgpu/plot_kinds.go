package main

import (
	"fmt"
	"strings"

	"github.com/hxgpu/hxgpu/internal/pictures"
	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/nuts"

	"gonum.org/v1/plot/vg/draw"
)

// plotKind is a kind of picture.
type plotKind struct {
	name, about string
	// refuse says why a run has no such picture, "" where it has.
	refuse func(r *storedRun) string
	draw   func(c *plotCommand, r *storedRun) (*pictures.Picture, error)
	tree   bool // it shows states of nodes, and takes --trait
}

// plotKinds are all kinds in the order in which help lists them.
var plotKinds = []plotKind{
	{name: "density", about: "posterior density of each parameter, with its prior, and for the\nbuilt-in example the exact one", draw: parametersBy(pictures.Densities)},
	{name: "trace", about: "draws in their order, a line for each chain: they should look alike", draw: parametersBy(pictures.Traces)},
	{name: "rank", about: "ranks of each chain's draws among all: flat where the chains agree", draw: parametersBy(pictures.Ranks)},
	{name: "autocorrelation", about: "how much of a draw is left in those after it, by lag", draw: drawAutocorrelation},
	{name: "pairs", about: "parameters against each other, divergent transitions marked", draw: drawPairs},
	{name: "energy", about: "the sampler's energies and their changes: both should be as wide", refuse: refuseEnergy, draw: drawEnergy},
	{name: "tree", about: "the tree with the mean state as colour along its edges, and bars for\nthe intervals of inner nodes; of many tips a fan", refuse: refuseStates, draw: drawStatesOnTree, tree: true},
	{name: "phenogram", about: "states against the distance from the root (traitgram)", refuse: refuseStates, draw: drawPhenogram, tree: true},
	{name: "phylomorphospace", about: "two traits against each other, with the tree's edges", refuse: refuseSpace, draw: drawPhylomorphospace, tree: true},
	{name: "shapes", about: "the tree with the mean shape of every node (landmarks)", refuse: refuseShapes, draw: drawShapesOnTree},
}

// allKinds stands for all kinds that a run has.
const allKinds = "all"

// kindNames lists the names of the kinds.
func kindNames() (names []string) {
	for _, kind := range plotKinds {
		names = append(names, kind.name)
	}
	return append(names, allKinds)
}

// findKind finds a kind by its name.
func findKind(name string) (plotKind, error) {
	for _, kind := range plotKinds {
		if kind.name == name {
			return kind, nil
		}
	}
	return plotKind{}, usagef("there is no picture %q%s; use %s", name, didYouMean(name, kindNames()), strings.Join(kindNames(), ", "))
}

// parametersBy draws all chosen parameters by one function.
func parametersBy(by func([]pictures.Parameter) *pictures.Picture) func(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
	return func(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
		parameters, every, err := r.pictured(c.parameters, pictures.MostPanels, thinned)
		if err != nil {
			return nil, err
		}
		p := by(parameters.shown)
		p.Note = parameters.note(p.Note)
		if every > 1 {
			p.Note += fmt.Sprintf(" One draw in %d.", every)
		}
		return p, nil
	}
}

func drawAutocorrelation(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
	parameters, _, err := r.pictured(c.parameters, pictures.MostPanels, lastOnes)
	if err != nil {
		return nil, err
	}
	p := pictures.Autocorrelations(parameters.shown)
	p.Note = parameters.note(p.Note)
	return p, nil
}

func drawPairs(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
	parameters, every, err := r.pictured(c.parameters, pictures.MostPairs, thinned)
	if err != nil {
		return nil, err
	}
	column, err := r.drawn.Columns(r.drawn.SamplerColumn("divergent__"))
	if err != nil {
		return nil, err
	}
	divergent := make([][]bool, len(column[0]))
	for k, chain := range column[0] {
		for _, x := range take(chain, every, len(parameters.shown[0].Draws[k])) {
			divergent[k] = append(divergent[k], x != 0)
		}
	}
	p := pictures.Pairs(parameters.shown, divergent)
	p.Note = parameters.note(p.Note)
	return p, nil
}

func refuseEnergy(r *storedRun) string {
	if r.record.Settings.Algorithm == nuts.RandomWalk.String() {
		return "the run is a random walk, which has no energies"
	}
	return ""
}

func drawEnergy(_ *plotCommand, r *storedRun) (*pictures.Picture, error) {
	column, err := r.drawn.Columns(r.drawn.SamplerColumn("energy__"))
	if err != nil {
		return nil, err
	}
	var ebfmi []float64
	for _, chain := range column[0] {
		ebfmi = append(ebfmi, nuts.EBFMI(chain))
	}
	return pictures.Energies(column[0], ebfmi), nil
}

// refuseStates says why a run has no states of nodes to draw.
func refuseStates(r *storedRun) string {
	if r.in.shapes != nil {
		return "the run is on landmark shapes: shapes draws them, and --trait x1 takes one coordinate"
	}
	return ""
}

func refuseSpace(r *storedRun) string {
	if why := refuseStates(r); why != "" {
		return why
	}
	if len(r.in.traits) < 2 {
		return "the run has one trait, and a phylomorphospace needs two"
	}
	return ""
}

func refuseShapes(r *storedRun) string {
	if r.in.shapes == nil {
		return "the run is not on landmark shapes"
	}
	return ""
}

func drawStatesOnTree(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
	traits, err := r.traitStates(c.traits)
	if err != nil {
		return nil, err
	}
	return pictures.StatesOnTree(r.treeToDraw(), traits, c.layoutOf), nil
}

func drawPhenogram(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
	traits, err := r.traitStates(c.traits)
	if err != nil {
		return nil, err
	}
	return pictures.Phenograms(r.treeToDraw(), traits), nil
}

func drawPhylomorphospace(c *plotCommand, r *storedRun) (*pictures.Picture, error) {
	if n := len(c.traits); n != 0 && n != 2 {
		return nil, usagef("--trait %s: phylomorphospace takes two traits", strings.Join(c.traits, ","))
	}
	traits, err := r.traitStates(c.traits)
	if err != nil {
		return nil, err
	}
	p := pictures.Phylomorphospace(r.treeToDraw(), traits[0], traits[1])
	if n := len(traits); n > 2 {
		p.Note = fmt.Sprintf("The first two of %d traits.", n)
	}
	return p, nil
}

func drawShapesOnTree(_ *plotCommand, r *storedRun) (*pictures.Picture, error) {
	states, err := r.states()
	if err != nil {
		return nil, err
	}
	picture := landmarks.TreePicture{Topology: r.in.data.Topology, Lengths: r.in.data.Lengths, Names: r.in.data.Names,
		Dimensions: r.in.shapes.set.Dimensions, Shapes: make([][]float64, r.in.data.Topology.Size())}
	for v := range picture.Shapes {
		for k := range states {
			picture.Shapes[v] = append(picture.Shapes[v], states[k][v].Mean)
		}
	}
	plot, width, height, err := picture.Plot()
	if err != nil {
		return nil, err
	}
	return &pictures.Picture{Panels: []pictures.Panel{{Name: "shapes", Width: width, Height: height, Draw: func(c draw.Canvas) { plot.Draw(c) }}}}, nil
}
