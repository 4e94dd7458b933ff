package landmarks_test

import (
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

// Shapes of a TPS file, aligned and written as a table.
func Example() {
	const text = `LM=4
0 0
1 0
1 1
0 1
ID=square
LM=4
5 5
5 9
3 9
3 5
ID=oblong
SCALE=0.5
`
	set, err := landmarks.ParseTPS("shapes.tps", []byte(text))
	if err != nil {
		log.Fatal(err)
	}
	aligned, report, err := landmarks.Align(set, landmarks.AlignOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("centroid sizes %.3f, sum of squares %.3f\n", report.CentroidSizes, report.SumOfSquares)
	for i := range aligned.Shapes {
		for k := range aligned.Shapes[i] {
			aligned.Shapes[i][k] = math.Round(1000*aligned.Shapes[i][k]) / 1000
		}
	}
	if err := landmarks.WriteCSV(os.Stdout, aligned); err != nil {
		log.Fatal(err)
	}
	// Output:
	// centroid sizes [1.414 2.236], sum of squares 0.051
	// taxon,x1,y1,x2,y2,x3,y3,x4,y4
	// square,-0.354,-0.354,0.354,-0.354,0.354,0.354,-0.354,0.354
	// oblong,-0.447,-0.224,0.447,-0.224,0.447,0.224,-0.447,0.224
}

func ExampleFromTable() {
	table, err := tree.ParseTable("shapes.csv", []byte("taxon,mass,x1,y1,x2,y2,x3,y3\na,9.5,0,0,1,0,0,1\nb,4.1,0,0,2,0,NA,NA\n"))
	if err != nil {
		log.Fatal(err)
	}
	set, ignored, err := landmarks.FromTable(table)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Taxa, set.Points, set.Dimensions, set.Shapes, ignored)
	// Output: [a b] 3 2 [[0 0 1 0 0 1] [0 0 2 0 NaN NaN]] [mass]
}

func ExampleWriteShapes() {
	root := landmarks.NodeDraws{Node: 0, Name: "root", Draws: [][]float64{
		{0, 0, 1, 0, 0, 1},
		{0, 0, 3, 0, 0, 2},
	}}
	if err := landmarks.WriteShapes(os.Stdout, 2, []landmarks.NodeDraws{root}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// node,name,landmark,dimension,mean,sd,q2.5,q50,q97.5
	// 0,root,1,x,0,0,0,0,0
	// 0,root,1,y,0,0,0,0,0
	// 0,root,2,x,2,1.4142135623730951,1.05,2,2.95
	// 0,root,2,y,0,0,0,0,0
	// 0,root,3,x,0,0,0,0,0
	// 0,root,3,y,1.5,0.7071067811865476,1.025,1.5,1.975
}

func ExampleDrawTree() {
	phylogeny, err := tree.ParseNewick("tree", []byte("((a:1,b:1):1,c:2);"))
	if err != nil {
		log.Fatal(err)
	}
	picture := landmarks.TreePicture{Topology: phylogeny.Topology, Lengths: phylogeny.Lengths, Names: phylogeny.Names, Dimensions: 2, Title: "mean shapes"}
	for v := range phylogeny.Topology.Size() {
		width := 1 + float64(v)/4
		picture.Shapes = append(picture.Shapes, []float64{0, 0, width, 0, width, 1, 0, 1})
	}
	folder, err := os.MkdirTemp("", "shapes")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := landmarks.DrawTree(filepath.Join(folder, "tree.svg"), picture); err != nil {
		log.Fatal(err)
	}
	fmt.Println("drawn")
	// Output: drawn
}

func ExampleDrawFan() {
	picture := landmarks.FanPicture{Dimensions: 2, Reference: []float64{0, 0, 1, 0, 0, 1}, Title: "the root's shape"}
	for i := range 50 {
		sin, cos := math.Sincos(float64(i))
		picture.Draws = append(picture.Draws, []float64{0.1 * sin, 0.1 * cos, 1 + 0.1*cos, 0.05 * sin, 0.05 * cos, 1 - 0.1*sin})
	}
	folder, err := os.MkdirTemp("", "shapes")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := landmarks.DrawFan(filepath.Join(folder, "root.svg"), picture); err != nil {
		log.Fatal(err)
	}
	fmt.Println("drawn")
	// Output: drawn
}
