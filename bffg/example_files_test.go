package bffg_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// From a tree and a table to draws of the parameters, and of the root. The texts stand
// for files: [tree.ReadTreeFile] and [tree.ReadTableFile] read those.
func ExampleBrownianMotion() {
	phylogeny, err := tree.ParseTree("T.nwk", []byte("((lion:2,tiger:2):3,(wolf:4,fox:4):1,bear:5);"), 0)
	if err != nil {
		log.Fatal(err)
	}
	table, err := tree.ParseTable("C.csv", []byte("taxon,mass\nlion,5.1\ntiger,5.2\nwolf,3.7\nfox,1.9\nbear,\n"))
	if err != nil {
		log.Fatal(err)
	}
	matching, err := tree.Match(phylogeny, table)
	if err != nil {
		log.Fatal(err)
	}
	mass, err := table.Numbers("mass")
	if err != nil {
		log.Fatal(err)
	}
	data := bffg.Data{Topology: phylogeny.Topology, Lengths: phylogeny.Lengths, Names: phylogeny.Names,
		Values: [][]float64{matching.PerTip(mass)}}

	target, err := bffg.NewTarget(bffg.BrownianMotion([]string{"mass"}, data), data)
	if err != nil {
		log.Fatal(err)
	}
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer dev.Close()
	run, err := nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: 4, Warmup: 500, Draws: 500, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	natural, err := target.Natural(context.Background(), dev, run.Positions[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(target.Names(), len(natural), "draws of the first chain; R-hat below 1.05:", nuts.Rhat(run.Coordinate(0)) < 1.05)
	// Output: [sigma_sq tau_sq] 500 draws of the first chain; R-hat below 1.05: true
}
