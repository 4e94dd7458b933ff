package tree_test

import (
	"fmt"
	"log"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

func mustSchema(fields ...tree.Field) *tree.Schema {
	schema, err := tree.NewSchema(fields...)
	if err != nil {
		log.Fatal(err)
	}
	return schema
}

func mustTree(parents ...int) *tree.Topology {
	topology, _, err := tree.FromParents(parents)
	if err != nil {
		log.Fatal(err)
	}
	return topology
}

func mustEvaluate(p *tree.Program, t *tree.Topology, inputs map[string][]float64) map[string][]float64 {
	result, err := tree.Evaluate(p, t, inputs)
	if err != nil {
		log.Fatal(err)
	}
	return result
}

// An up sweep that reads the node, its children and a parameter: the weighted
// sum of the children's values, plus the node's own, plus a bias. (This and the
// following examples are hyperiax's notebook 02, "Writing your own sweeps".)
func ExampleProgram_Up() {
	topology, err := tree.Symmetric(2, 3)
	if err != nil {
		log.Fatal(err)
	}
	p := tree.NewProgram(mustSchema(tree.Field{Name: "value"}, tree.Field{Name: "weight", Kind: tree.Data}, tree.Field{Name: "bias", Kind: tree.Chain}))
	p.Up("aggregate", func(v *tree.UpView) {
		weighted := v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("value").Mul(c.Field("weight")) })
		v.Write("value", weighted.Sum().Add(v.Field("value")).Add(v.Parameter("bias")))
	})
	value, weight := make([]float64, topology.Size()), make([]float64, topology.Size())
	for i := range weight {
		weight[i] = 1 + float64(i)/float64(topology.Size()-1)
	}
	for _, leaf := range topology.Leaves() {
		value[leaf] = 1
	}
	result := mustEvaluate(p, topology, map[string][]float64{"value": value, "weight": weight, "bias": {0.1}})
	fmt.Printf("root: %.4f\n", result["value"][0])
	// Output: root: 18.0750
}

// The same function runs on trees of equal and of unequal degree.
func ExampleProgram_Up_unequalDegree() {
	p := tree.NewProgram(mustSchema(tree.Field{Name: "value"}))
	p.Up("sum", func(v *tree.UpView) {
		v.Write("value", v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("value") }).Sum())
	})
	for _, topology := range []*tree.Topology{mustTree(0, 0, 0, 1, 1, 2, 2), mustTree(0, 0, 0, 1, 1, 1, 2, 3, 3)} {
		ones := make([]float64, topology.Size())
		for _, leaf := range topology.Leaves() {
			ones[leaf] = 1
		}
		fmt.Println("leaves below the root:", mustEvaluate(p, topology, map[string][]float64{"value": ones})["value"][0])
	}
	// Output:
	// leaves below the root: 4
	// leaves below the root: 5
}

// The five reductions over the children.
func ExampleChildAxis() {
	topology, err := tree.Symmetric(2, 3)
	if err != nil {
		log.Fatal(err)
	}
	leaves := []float64{0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	reductions := []struct {
		name   string
		reduce func(tree.ChildAxis) tensor.Value
	}{{"sum", tree.ChildAxis.Sum}, {"prod", tree.ChildAxis.Prod}, {"max", tree.ChildAxis.Max}, {"min", tree.ChildAxis.Min}, {"mean", tree.ChildAxis.Mean}}
	for _, r := range reductions {
		p := tree.NewProgram(mustSchema(tree.Field{Name: "value"}))
		p.Up(r.name, func(v *tree.UpView) {
			v.Write("value", r.reduce(v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("value") })))
		})
		value := mustEvaluate(p, topology, map[string][]float64{"value": leaves})["value"]
		fmt.Println(r.name, value[0], value[1:4])
	}
	// Output:
	// sum 45 [6 15 24]
	// prod 362880 [6 120 504]
	// max 9 [3 6 9]
	// min 1 [1 4 7]
	// mean 5 [2 5 8]
}

// Subtree sizes from the leaves up, depths from the root down.
func ExampleProgram_Down() {
	topology := mustTree(0, 0, 0, 1, 1, 1, 2, 3, 3)
	p := tree.NewProgram(mustSchema(tree.Field{Name: "count"}, tree.Field{Name: "depth"}))
	p.Up("subtree size", func(v *tree.UpView) {
		v.Write("count", v.Field("count").Add(v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("count") }).Sum()))
	})
	p.Down("depth", func(v *tree.DownView) { v.Write("depth", v.Parent("depth").Shift(1)) })
	result := mustEvaluate(p, topology, map[string][]float64{"count": {1, 1, 1, 1, 1, 1, 1, 1, 1}})
	fmt.Println("sizes: ", result["count"])
	fmt.Println("depths:", result["depth"])
	// Output:
	// sizes:  [9 6 2 3 1 1 1 1 1]
	// depths: [0 1 1 2 2 2 2 3 3]
}

// A mistake in a sweep comes back as an error that names it.
func ExampleProgram_Err() {
	p := tree.NewProgram(mustSchema(tree.Field{Name: "value"}, tree.Field{Name: "weight"}))
	p.Up("mistake", func(v *tree.UpView) {
		v.Write("value", v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("wieght") }).Sum())
	})
	fmt.Println(p.Err())
	// Output: example_test.go:125: Field: there is no field "wieght"; fields: value, weight
}
