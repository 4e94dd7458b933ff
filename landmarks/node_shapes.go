package landmarks

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"
)

// NodeDraws are draws of the shape of one node.
type NodeDraws struct {
	Node  int    // its number in the tree's topology
	Name  string // may be empty
	Draws [][]float64
}

// WriteShapes writes a summary of the shapes of nodes as a table headed
// node,name,landmark,dimension,mean,sd,q2.5,q50,q97.5, with a row for every
// coordinate of every node: the landmark counted from 1, the dimension x, y or z,
// the standard deviation with n-1 (NA of a single draw), quantiles interpolated
// linearly between draws. Draws are point by point, x1, y1, [z1,] x2, ..., and
// finite; all nodes have the same landmarks.
func WriteShapes(w io.Writer, dimensions int, nodes []NodeDraws) error {
	if dimensions != 2 && dimensions != 3 {
		return fmt.Errorf("landmarks: shapes have 2 or 3 dimensions, not %d", dimensions)
	}
	for _, node := range nodes {
		if len(node.Draws) == 0 {
			return fmt.Errorf("landmarks: node %d has no draws", node.Node)
		}
		if err := checkDraws(node.Draws, len(nodes[0].Draws[0]), dimensions); err != nil {
			return fmt.Errorf("landmarks: node %d: %w", node.Node, err)
		}
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"node", "name", "landmark", "dimension", "mean", "sd", "q2.5", "q50", "q97.5"}); err != nil {
		return err
	}
	for _, node := range nodes {
		values := make([]float64, len(node.Draws))
		for k := range node.Draws[0] {
			for i, draw := range node.Draws {
				values[i] = draw[k]
			}
			slices.Sort(values)
			mean, sd := stat.MeanStdDev(values, nil)
			d := k % dimensions
			row := []string{strconv.Itoa(node.Node), node.Name, strconv.Itoa(k/dimensions + 1), axes[d : d+1], number(mean), number(sd),
				number(quantile(values, 0.025)), number(quantile(values, 0.5)), number(quantile(values, 0.975))}
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// checkDraws finds draws of a length other than the given one, and coordinates that
// are not finite.
func checkDraws(draws [][]float64, length, dimensions int) error {
	for i, draw := range draws {
		if len(draw) != length || length == 0 || length%dimensions != 0 {
			return fmt.Errorf("draw %d has %d coordinates; every draw needs as many as the first, %d of each landmark", i, len(draw), dimensions)
		}
		for k, x := range draw {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("landmark %d of draw %d has a coordinate %v", k/dimensions+1, i, x)
			}
		}
	}
	return nil
}

// quantile interpolates linearly between order statistics (type 7 of Hyndman & Fan
// 1996).
func quantile(sorted []float64, probability float64) float64 {
	at := probability * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
