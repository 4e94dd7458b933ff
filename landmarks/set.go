package landmarks

import "fmt"

// Set is the shapes of several taxa.
type Set struct {
	File       string // for messages
	Taxa       []string
	Points     int         // n
	Dimensions int         // m, 2 or 3
	Shapes     [][]float64 // of each taxon: x1, y1, [z1,] x2, ...; NaN where missing
}

// Coordinates are the names of a shape's components: x1, y1, x2, ...
func (s *Set) Coordinates() []string { return coordinates(s.Points, s.Dimensions) }

func coordinates(points, dimensions int) []string {
	var names []string
	for p := range points {
		for d := range dimensions {
			names = append(names, fmt.Sprintf("%c%d", "xyz"[d], p+1))
		}
	}
	return names
}

// Mean is the mean of every coordinate over the taxa that have it; NaN where none
// does.
func (s *Set) Mean() []float64 {
	mean := make([]float64, s.Points*s.Dimensions)
	for k := range mean {
		sum, n := 0.0, 0
		for _, shape := range s.Shapes {
			if x := shape[k]; x == x {
				sum += x
				n++
			}
		}
		mean[k] = sum / float64(n)
	}
	return mean
}
