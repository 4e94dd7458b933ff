// Command shapes samples the evolution of landmark shapes in a stochastic flow
// whose root shape is unknown, and draws what it finds: tree.svg, the tree with the
// mean shape of every node, and root.svg, the draws of the root's shape beside the
// circle that the data were simulated from.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"path/filepath"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/nuts"
)

func main() {
	draws := flag.Int("draws", 1000, "draws per chain, after as many of warm-up")
	steps := flag.Int("steps", 25, "Euler steps of an edge")
	out := flag.String("out", ".", "folder for the pictures")
	flag.Parse()
	if err := run(context.Background(), *draws, *steps, *out); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, draws, steps int, out string) error {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return err
	}
	defer dev.Close()
	m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{Steps: steps})
	if err != nil {
		return err
	}
	circle := m.RootValue
	m.Root, m.RootMean, m.RootSD = bffg.RootNormal, circle, make([]float64, len(circle))
	for k := range m.RootSD {
		m.RootSD[k] = 0.5
	}
	target, err := bffg.NewTarget(m, data)
	if err != nil {
		return err
	}
	sampled, err := nuts.Sample(ctx, dev, target, nuts.Options{Chains: 2, Warmup: draws, Draws: draws, Seed: 1, Algorithm: nuts.RandomWalk})
	if err != nil {
		return err
	}
	fmt.Printf("accepted, of parameters and of noise: %.2f\n", sampled.Acceptance)

	// The states of all nodes for each tenth draw.
	sweep, err := target.OpenStates(dev, 1)
	if err != nil {
		return err
	}
	defer sweep.Close()
	nodes, dim := data.Topology.Size(), m.Dim()
	x := make([]float64, dim*nodes)
	mean := make([][]float64, nodes)
	for v := range mean {
		mean[v] = make([]float64, dim)
	}
	var roots [][]float64
	for draw := range sampled.Draws() {
		if draw.Number%10 != 0 {
			continue
		}
		if err := sweep.Draw(ctx, draw.Position, x); err != nil {
			return err
		}
		root := make([]float64, dim)
		for k := range dim {
			root[k] = x[k*nodes]
			for v := range nodes {
				mean[v][k] += x[k*nodes+v]
			}
		}
		roots = append(roots, root)
	}
	for v := range mean {
		for k := range mean[v] {
			mean[v][k] /= float64(len(roots))
		}
	}
	names := make([]string, nodes)
	for i, v := range data.Topology.Leaves() {
		names[v] = fmt.Sprintf("shape %d", i+1)
	}
	if err := landmarks.DrawTree(filepath.Join(out, "tree.svg"), landmarks.TreePicture{Topology: data.Topology, Lengths: data.Lengths, Names: names, Shapes: mean, Dimensions: 2}); err != nil {
		return err
	}
	return landmarks.DrawFan(filepath.Join(out, "root.svg"), landmarks.FanPicture{Draws: roots, Reference: circle, Dimensions: 2, Title: "the root's shape"})
}
