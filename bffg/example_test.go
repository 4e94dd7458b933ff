package bffg_test

import (
	"fmt"
	"log"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/tree"
)

// The phylogenetic mean (hyperiax's notebook 03): every inner node gets the mean
// of its children, weighted by one over the length of their edges.
func ExampleAddPhyloMean() {
	phylogeny, err := tree.ParseNewick("example", []byte("((a:1,b:3):1,c:2);"))
	if err != nil {
		log.Fatal(err)
	}
	schema, err := tree.NewSchema(tree.Field{Name: "mass"}, tree.Field{Name: "length", Kind: tree.Data})
	if err != nil {
		log.Fatal(err)
	}
	program := tree.NewProgram(schema)
	bffg.AddPhyloMean(program, "mass", "length")

	mass := make([]float64, phylogeny.Topology.Size())
	for v, name := range phylogeny.Names {
		mass[v] = map[string]float64{"a": 1, "b": 5, "c": 6}[name]
	}
	result, err := tree.Evaluate(program, phylogeny.Topology, map[string][]float64{"mass": mass, "length": phylogeny.Lengths})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("mean of a and b: %.3f\n", result["mass"][1])
	fmt.Printf("phylogenetic mean: %.3f\n", result["mass"][0])
	// Output:
	// mean of a and b: 2.000
	// phylogenetic mean: 3.333
}
