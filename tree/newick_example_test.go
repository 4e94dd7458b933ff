package tree_test

import (
	"fmt"
	"os"

	"github.com/hxgpu/hxgpu/tree"
)

func ExampleParseNewick() {
	p, err := tree.ParseNewick("apes.nwk", []byte("((Homo_sapiens:6.4,Pan_paniscus:6.4):2.2,Gorilla_gorilla:8.6);"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Topology.Size(), "nodes, height", p.Height())
	for level := range p.Topology.Levels() {
		first, end := p.Topology.Slab(level)
		fmt.Printf("level %d: %q\n", level, p.Names[first:end])
	}

	_, err = tree.ParseNewick("apes.nwk", []byte("((Homo_sapiens:6.4,Pan_paniscus:6,4):2.2,4:8.6);"))
	fmt.Println(err)
	// Output:
	// 5 nodes, height 8.600000000000001
	// level 0: [""]
	// level 1: ["" "Gorilla_gorilla"]
	// level 2: ["Homo_sapiens" "Pan_paniscus"]
	// apes.nwk:1:42: two tips are named "4", the other at line 1, column 35: rename or remove one
}

func ExampleFromParents() {
	topology, order, err := tree.FromParents([]int{2, 2, 4, 4, -1})
	fmt.Println(topology.Parents(), order, topology.Leaves(), err)
	// Output: [0 0 0 1 1] [4 2 3 0 1] [2 3 4] <nil>
}

func ExampleMatch() {
	p, err := tree.ParseNewick("apes.nwk", []byte("((Homo_sapiens:6.4,Pan_paniscus:6.4):2.2,Gorilla_gorilla:8.6);"))
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := tree.ParseTable("mass.csv", []byte("species,mass\nGorilla gorilla,113\nHomo sapiens,62\nPongo abelii,70\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := tree.Match(p, table)
	if err != nil {
		fmt.Println(err)
		return
	}
	mass, err := table.Numbers("mass")
	fmt.Println(m.PerTip(mass), m.TreeOnly, m.TableOnly, err)
	// Output: [113 62 NaN] [Pan_paniscus] [Pongo abelii] <nil>
}

func ExampleTrees() {
	text := `#NEXUS
begin trees;
	translate 1 Homo_sapiens, 2 Pan_paniscus, 3 Gorilla_gorilla;
	tree first = [&R] ((1[&rate=.1]:6.4,2[&rate=.3]:6.4):2.2,3:8.6);
	tree second = [&R] ((1:7,2:7):2,3:9);
end;`
	for p, err := range tree.Trees("apes.nex", []byte(text)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.Name, p.Tips(), p.Lengths[3])
		if rates, err := p.NodeValues("rate"); err == nil {
			fmt.Println("rates:", rates[3:])
		}
	}
	// Output:
	// first [Gorilla_gorilla Homo_sapiens Pan_paniscus] 6.4
	// rates: [.1 .3]
	// second [Gorilla_gorilla Homo_sapiens Pan_paniscus] 7
}

func ExampleTable_StandardErrors() {
	table, err := tree.ParseTable("mass.csv", []byte("taxon,mass,sd_mass,n_mass,diet\na,2,0.4,4,fruit\nb,3,,1,leaves\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	from, _ := table.ErrorColumns("mass")
	e, err := table.StandardErrors("mass", from...)
	fmt.Println(from, e.Values, err)
	diet, err := table.Factor("diet")
	fmt.Println(diet.Levels, diet.Codes, err)
	// Output:
	// [sd_mass n_mass] [0.2 0.4] <nil>
	// [fruit leaves] [0 1] <nil>
}

func ExamplePhylogeny_WriteNexus() {
	p, err := tree.ParseNewick("small.nwk", []byte("(a:1,b:1);"))
	if err != nil {
		fmt.Println(err)
		return
	}
	mean, low, high := []float64{0.5, 1, 2}, []float64{0, 0.5, 1.5}, []float64{1, 1.5, 2.5}
	err = p.WriteNexus(os.Stdout, func(node int) []tree.Annotation {
		return []tree.Annotation{
			tree.NumberAnnotation("mass", mean[node]),
			tree.IntervalAnnotation("mass_95%_HPD", low[node], high[node]),
		}
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// #NEXUS
	//
	// BEGIN TAXA;
	// 	DIMENSIONS NTAX=2;
	// 	TAXLABELS
	// 		a
	// 		b
	// 	;
	// END;
	//
	// BEGIN TREES;
	// 	TREE tree1 = [&R] (a[&mass=1.0,mass_95%_HPD={0.5,1.5}]:1,b[&mass=2.0,mass_95%_HPD={1.5,2.5}]:1)[&mass=0.5,mass_95%_HPD={0.0,1.0}];
	// END;
}
