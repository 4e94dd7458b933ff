package main

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
)

// settings are values of a model's natural fields.
type settings struct {
	fields map[string][]float64
	// diagonal names the parameter by which a matrix was set that has nothing off its
	// diagonal.
	diagonal map[string]string
	texts    [][2]string
}

// matrices say how the matrices among natural fields are read, and by which parameter
// their diagonal alone can be set.
var matrices = map[string]struct {
	parse    func(text string, d int) ([]float64, error)
	diagonal string
}{
	bffg.RateMatrix:        {parseCovariance, "sigma_sq"},
	bffg.AttractionMatrix:  {parseMatrix, "alpha"},
	bffg.CorrelationMatrix: {parseCorrelation, ""},
}

// parseSettings reads the values of --set.
func parseSettings(m *bffg.Model, texts []string) (*settings, error) {
	pairs, err := assignments("set", "sigma_sq=0.1", texts)
	if err != nil {
		return nil, err
	}
	s := &settings{fields: map[string][]float64{}, diagonal: map[string]string{}, texts: pairs}
	var needed, known []string
	for _, f := range m.NaturalFields() {
		switch {
		case f.Name == bffg.RootValue && m.Root == bffg.RootPinned:
			s.fields[f.Name] = m.RootValue
			continue
		case f.Name == bffg.RootMean:
			s.fields[f.Name] = m.RootMean
			continue
		case f.Name == bffg.RootSD:
			s.fields[f.Name] = m.RootSD
			continue
		}
		known = append(known, f.Name)
		if by := matrices[f.Name].diagonal; by != "" {
			known = append(known, by)
		}
		needed = append(needed, f.Name)
	}
	for _, pair := range pairs {
		if err := s.set(m, pair[0], pair[1], known); err != nil {
			return nil, err
		}
	}
	d := len(m.Traits)
	var missing []string
	for _, name := range needed {
		if _, ok := s.fields[name]; ok {
			continue
		}
		if name == bffg.CorrelationMatrix {
			s.fields[name] = diagonalMatrix(slices.Repeat([]float64{1}, d))
			continue
		}
		if by := matrices[name].diagonal; by != "" {
			name = fmt.Sprintf("%s (or %s)", by, name)
		}
		missing = append(missing, name)
	}
	if len(missing) > 0 {
		return nil, usagef("model %s also needs %s: add --set %s=...", m.Name, strings.Join(missing, ", "), strings.Fields(missing[0])[0])
	}
	return s, s.checkStationary(m)
}

// set reads one value.
func (s *settings) set(m *bffg.Model, name, text string, known []string) error {
	if !slices.Contains(known, name) {
		switch name {
		case bffg.RootValue:
			return usagef("--set root: the root is set by --root, as in --root pinned=%s", text)
		case bffg.TipNoise:
			return usagef("--set tau_sq: %s", noTipNoise(m))
		}
		return usagef("--set %s: model %s has no such parameter%s; it has %s", name, m.Name, didYouMean(name, known), strings.Join(known, ", "))
	}
	var values []float64
	var err error
	if matrix, ok := matrices[name]; ok {
		values, err = matrix.parse(text, len(m.Traits))
	} else {
		values, err = parseElements(m, name, text)
	}
	if err != nil {
		return usagef("--set %s=%s: %v", name, text, err)
	}
	field := name
	for matrix, by := range matrices {
		if by.diagonal == name && slices.Contains(known, matrix) {
			field, values, s.diagonal[matrix] = matrix, diagonalMatrix(values), name
		}
	}
	if _, ok := s.fields[field]; ok {
		return usagef("--set gives both %s and %s, which is the diagonal of %s: keep one", field, s.diagonal[field], field)
	}
	s.fields[field] = values
	return nil
}

// parseElements reads the elements of a parameter, all within its range.
func parseElements(m *bffg.Model, name, text string) ([]float64, error) {
	p, err := m.Parameter(name)
	if err != nil {
		return nil, err
	}
	values, err := perElement(text, p, m.Traits)
	if err != nil {
		return nil, err
	}
	err = inSupport(values, p.Prior)
	if name == bffg.TipNoise && err != nil {
		err = fmt.Errorf("%w (for exact tips use --no-tip-noise)", err)
	}
	return values, err
}

// checkStationary refuses an attraction matrix that attracts to nothing where the root
// is to be drawn from what it settles to.
func (s *settings) checkStationary(m *bffg.Model) error {
	a, ok := s.fields[bffg.AttractionMatrix]
	if !ok || m.Root != bffg.RootStationary {
		return nil
	}
	var eigen mat.Eigen
	if !eigen.Factorize(mat.NewDense(len(m.Traits), len(m.Traits), a), mat.EigenNone) {
		return usagef("--set A: its eigenvalues cannot be found")
	}
	for _, value := range eigen.Values(nil) {
		if real(value) <= 0 {
			return usagef("--root stationary: the process settles nowhere, since an eigenvalue of A has the real part %.4g: all must be positive; use another --root", real(value))
		}
	}
	return nil
}

// diagonalMatrix is row by row the matrix with a diagonal and nothing else.
func diagonalMatrix(diagonal []float64) []float64 {
	d := len(diagonal)
	a := make([]float64, d*d)
	for i, x := range diagonal {
		a[i*d+i] = x
	}
	return a
}

// gradient names derivatives as the values were set.
func (s *settings) gradient(g map[string][]float64) map[string][]float64 {
	named := map[string][]float64{}
	for name, x := range g {
		if by, ok := s.diagonal[name]; ok {
			var diagonal []float64
			for d, i := sideOf(x), 0; i < d; i++ {
				diagonal = append(diagonal, x[i*d+i])
			}
			name, x = by, diagonal
		}
		named[name] = x
	}
	return named
}

// sideOf is the number of rows of a square matrix.
func sideOf(a []float64) (d int) {
	for d*d < len(a) {
		d++
	}
	return d
}
