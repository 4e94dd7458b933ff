package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
)

// assignments reads flags of the form name=value and refuses a name twice.
func assignments(flag, example string, texts []string) ([][2]string, error) {
	var pairs [][2]string
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || value == "" {
			return nil, usagef("--%s %q: write name=value, as in --%s %s", flag, text, flag, example)
		}
		for _, before := range pairs {
			if before[0] == name {
				return nil, usagef("--%s gives %s twice, as %q and %q: keep one", flag, name, before[1], value)
			}
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs, nil
}

// parseNumbers reads finite numbers separated by commas.
func parseNumbers(text string) ([]float64, error) {
	var numbers []float64
	for field := range strings.SplitSeq(text, ",") {
		field = strings.TrimSpace(field)
		x, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", field)
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%q is not a finite number", field)
		}
		numbers = append(numbers, x)
	}
	return numbers, nil
}

// perTrait reads one number for each trait; one number alone stands for all.
func perTrait(text string, traits []string) ([]float64, error) {
	numbers, err := parseNumbers(text)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 1 {
		for len(numbers) < len(traits) {
			numbers = append(numbers, numbers[0])
		}
	}
	if len(numbers) != len(traits) {
		return nil, fmt.Errorf("%d numbers for %s: give one per trait, or one for all", len(numbers), countTraits(traits))
	}
	return numbers, nil
}

// perElement reads one number for each element of a parameter; one number alone stands
// for all. Numbers are separated by commas, or by semicolons between regimes.
func perElement(text string, p *bffg.Parameter, traits []string) ([]float64, error) {
	if slices.Equal(p.Labels, traits) || len(traits) == 1 && len(p.Labels) == 1 {
		return perTrait(text, traits)
	}
	numbers, err := parseNumbers(strings.ReplaceAll(text, ";", ","))
	if err != nil {
		return nil, err
	}
	if len(numbers) == 1 {
		for len(numbers) < len(p.Labels) {
			numbers = append(numbers, numbers[0])
		}
	}
	if len(numbers) != len(p.Labels) {
		if len(p.Labels) == 1 {
			return nil, fmt.Errorf("%d numbers: %s is one", len(numbers), p.Name)
		}
		return nil, fmt.Errorf("%d numbers for the %d elements of %s: give one for each, in the order %s, or one for all", len(numbers), len(p.Labels), p.Name, strings.Join(p.Labels, "; "))
	}
	return numbers, nil
}

// inSupport refuses numbers that a parameter cannot have, whose default prior is given.
// The ends of an interval are fine.
func inSupport(numbers []float64, d prior.Distribution) error {
	switch d.Support() {
	case prior.Positive:
		return allPositive(numbers)
	case prior.Interval:
		for _, x := range numbers {
			if x < d.Parameters[0] || x > d.Parameters[1] {
				return fmt.Errorf("%v does not lie between %v and %v", x, d.Parameters[0], d.Parameters[1])
			}
		}
	}
	return nil
}

// allPositive refuses numbers that are not positive.
func allPositive(numbers []float64) error {
	for _, x := range numbers {
		if x <= 0 {
			return fmt.Errorf("%v is not positive", x)
		}
	}
	return nil
}

// parseCovariance reads a d by d matrix that is symmetric and positive definite.
func parseCovariance(text string, d int) ([]float64, error) {
	a, err := parseMatrix(text, d)
	if err != nil {
		return nil, err
	}
	for i := range d {
		for j := range i {
			if x, y := a[i*d+j], a[j*d+i]; math.Abs(x-y) > 1e-12*max(math.Abs(x), math.Abs(y)) {
				return nil, fmt.Errorf("it is not symmetric: %v in row %d, column %d, and %v in row %d, column %d", x, i+1, j+1, y, j+1, i+1)
			}
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(mat.NewSymDense(d, a)) || factor.Cond() > 1e14 {
		return nil, fmt.Errorf("it is not positive definite: variances must be positive and correlations within -1 and 1")
	}
	return a, nil
}

// parseCorrelation reads a correlation matrix.
func parseCorrelation(text string, d int) ([]float64, error) {
	a, err := parseCovariance(text, d)
	for i := range d {
		if err == nil && math.Abs(a[i*d+i]-1) > 1e-12 {
			return nil, fmt.Errorf("%v in row and column %d: the diagonal of a correlation matrix is 1", a[i*d+i], i+1)
		}
	}
	return a, err
}

// parseMatrix reads a d by d matrix as [[a,b],[c,d]]; a number alone is a 1 by 1
// matrix.
func parseMatrix(text string, d int) ([]float64, error) {
	plain := strings.Join(strings.Fields(text), "")
	if !strings.HasPrefix(plain, "[") {
		plain = "[[" + plain + "]]"
	}
	if !strings.HasPrefix(plain, "[[") || !strings.HasSuffix(plain, "]]") {
		return nil, fmt.Errorf("write a matrix by its rows, as in [[.2,.12],[.12,.1]]")
	}
	var a []float64
	rows := strings.Split(plain[2:len(plain)-2], "],[")
	for i, text := range rows {
		row, err := parseNumbers(text)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		if len(row) != d || len(rows) != d {
			return nil, fmt.Errorf("row %d of %d has %d numbers: %d by %d are needed, one row and column per trait", i+1, len(rows), len(row), d, d)
		}
		a = append(a, row...)
	}
	return a, nil
}

// rootSpec is the value of --root.
type rootSpec struct {
	kind   bffg.Root
	values []float64 // the pinned state
	mean   []float64
	sd     []float64
}

// parseRoot reads flat, pinned=x,... or normal=m,sd;...
func parseRoot(text string, traits []string) (rootSpec, error) {
	kind, value, given := strings.Cut(text, "=")
	fail := func(err error) (rootSpec, error) { return rootSpec{}, usagef("--root %s: %v", text, err) }
	switch {
	case kind == "flat" && !given:
		return rootSpec{kind: bffg.RootFlat}, nil
	case kind == "pinned" && given:
		values, err := perTrait(value, traits)
		if err != nil {
			return fail(err)
		}
		return rootSpec{kind: bffg.RootPinned, values: values}, nil
	case kind == "normal" && given:
		pairs := strings.Split(value, ";")
		if len(pairs) != 1 && len(pairs) != len(traits) {
			return fail(fmt.Errorf("%d pairs for %s: give one mean,sd per trait with ; between, or one for all", len(pairs), countTraits(traits)))
		}
		root := rootSpec{kind: bffg.RootNormal}
		for i := range traits {
			pair := pairs[min(i, len(pairs)-1)]
			numbers, err := parseNumbers(pair)
			switch {
			case err != nil:
				return fail(err)
			case len(numbers) != 2:
				return fail(fmt.Errorf("%q has %d numbers: write mean,sd, and ; between traits", pair, len(numbers)))
			case numbers[1] <= 0:
				return fail(fmt.Errorf("the standard deviation %v is not positive", numbers[1]))
			}
			root.mean, root.sd = append(root.mean, numbers[0]), append(root.sd, numbers[1])
		}
		return root, nil
	}
	if i := slices.Index(rootWords, text); i >= 0 {
		return rootSpec{kind: bffg.RootEstimated + bffg.Root(i)}, nil
	}
	return rootSpec{}, usagef("--root %s: use flat, pinned=x, normal=mean,sd, %s", text, strings.Join(rootWords, ", "))
}

// rootWords are the roots that need no numbers, in the order of bffg's.
var rootWords = []string{"estimated", "optimum", "stationary"}

// apply sets the root of a model.
func (r rootSpec) apply(m *bffg.Model, data bffg.Data) error {
	m.Root, m.RootValue, m.RootMean, m.RootSD = r.kind, r.values, r.mean, r.sd
	switch {
	case r.kind == bffg.RootEstimated:
		m.EstimateRoot(data)
	case (r.kind == bffg.RootOptimum || r.kind == bffg.RootStationary) && m.Stationary == nil:
		return usagef("--root %v: model %s has no optimum; use flat, pinned=x, normal=mean,sd or estimated", r, m.Name)
	}
	return nil
}

// String writes the root as parseRoot reads it.
func (r rootSpec) String() string {
	switch r.kind {
	case bffg.RootPinned:
		return "pinned=" + joinNumbers(r.values)
	case bffg.RootNormal:
		var pairs []string
		for i := range r.mean {
			pairs = append(pairs, joinNumbers([]float64{r.mean[i], r.sd[i]}))
		}
		return "normal=" + strings.Join(pairs, ";")
	case bffg.RootFlat:
		return "flat"
	}
	return rootWords[r.kind-bffg.RootEstimated]
}

// joinNumbers writes numbers with commas between.
func joinNumbers(numbers []float64) string {
	texts := make([]string, len(numbers))
	for i, x := range numbers {
		texts[i] = strconv.FormatFloat(x, 'g', -1, 64)
	}
	return strings.Join(texts, ",")
}

func countTraits(traits []string) string { return plural(len(traits), "trait") }

// plural counts things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
