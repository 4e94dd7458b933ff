package main

import (
	"math"
	"testing"
)

// FuzzSettings feeds the parsers of command-line values: what they take is
// finite, and a root reads back as it is written.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{"1", "1,2", "[[1,.2],[.2,1]]", "[[1,2],[3]]", "[[0,00],[0,0]]", "[[1e200,0],[0,1e-200]]", "[[1e-200,0],[0,1e-200]]", "flat", "pinned=1,2", "normal=0,1;2,3", "normal=1", "[[", "1e999,0x1p-2", "-0"} {
		f.Add(text)
	}
	traits := []string{"a", "b"}
	f.Fuzz(func(t *testing.T, text string) {
		finite := func(numbers []float64) {
			for _, x := range numbers {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Fatalf("%q gives %v", text, x)
				}
			}
		}
		if numbers, err := parseNumbers(text); err == nil {
			finite(numbers)
		}
		if numbers, err := perTrait(text, traits); err == nil && len(numbers) != 2 {
			t.Fatalf("%q gives %d numbers for 2 traits", text, len(numbers))
		}
		if matrix, err := parseMatrix(text, 2); err == nil {
			finite(matrix)
			if len(matrix) != 4 {
				t.Fatalf("%q gives the matrix %v", text, matrix)
			}
		}
		if c, err := parseCovariance(text, 2); err == nil {
			finite(c)
			asymmetry := math.Abs(c[1]-c[2]) - 1e-12*max(math.Abs(c[1]), math.Abs(c[2]))
			if len(c) != 4 || asymmetry > 0 || c[0] <= 0 || c[3] <= 0 || math.Abs(c[1]) >= math.Sqrt(c[0])*math.Sqrt(c[3]) {
				t.Fatalf("%q gives the covariance %v", text, c)
			}
		}
		if root, err := parseRoot(text, traits); err == nil {
			if again, err := parseRoot(root.String(), traits); err != nil || again.String() != root.String() {
				t.Fatalf("%q becomes %q, which reads as %q: %v", text, root, again, err)
			}
		}
	})
}
