package bffg

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// Data is a tree with what was observed at its tips.
type Data struct {
	Topology *tree.Topology
	Lengths  []float64 // the edge above each node; the root's is ignored
	Names    []string  // of all nodes, for messages; may be nil
	// Values holds the observations, [trait][tip], tips in the order of
	// Topology.Leaves; NaN where missing.
	Values [][]float64
	// Variances, if set, are known variances of the observations around the tips'
	// states, [trait][tip], for example squared standard errors of species means.
	// They add to the tip noise of the model.
	Variances [][]float64
	// Regimes, for models that have them, is the regime of the edge above each node, an
	// index into RegimeNames; the root's is that of the tree's beginning.
	Regimes     []int
	RegimeNames []string
}

// Depths are the distances of the nodes from the root.
func (d Data) Depths() []float64 {
	depth := make([]float64, d.Topology.Size())
	for v := 1; v < len(depth); v++ {
		depth[v] = depth[d.Topology.Parent(v)] + d.Lengths[v]
	}
	return depth
}

// describe names a node for a message.
func (d Data) describe(node int) string {
	if node < len(d.Names) && d.Names[node] != "" {
		return fmt.Sprintf("%q", d.Names[node])
	}
	return fmt.Sprintf("node %d", node)
}

// Height is the largest distance from the root to a tip.
func (d Data) Height() float64 {
	return slices.Max(d.Depths())
}

// Moments are the mean and the variance of a trait over the tips that have it;
// the variance is 0 with fewer than two.
func (d Data) Moments(trait int) (mean, variance float64, n int) {
	for _, y := range d.Values[trait] {
		if !math.IsNaN(y) {
			mean += y
			n++
		}
	}
	mean /= float64(max(n, 1))
	for _, y := range d.Values[trait] {
		if !math.IsNaN(y) {
			variance += (y - mean) * (y - mean)
		}
	}
	return mean, variance / float64(max(n-1, 1)), n
}

// check finds data that the model cannot be fitted to.
func (d Data) check(m *Model) error {
	n, leaves := d.Topology.Size(), d.Topology.Leaves()
	if len(d.Lengths) != n {
		return fmt.Errorf("the tree has %d nodes, there are %d edge lengths", n, len(d.Lengths))
	}
	for v := 1; v < n; v++ {
		if l := d.Lengths[v]; math.IsNaN(l) || math.IsInf(l, 0) || l < 0 {
			return fmt.Errorf("the edge above %s has length %v; lengths must be finite and not negative", d.describe(v), l)
		}
	}
	if err := d.checkRegimes(m); err != nil {
		return err
	}
	if len(d.Values) != m.Dim() {
		return fmt.Errorf("model %q has %d traits, the data have %d", m.Name, m.Dim(), len(d.Values))
	}
	if err := d.checkPoints(m); err != nil {
		return err
	}
	for k, values := range d.Values {
		if len(values) != len(leaves) {
			return fmt.Errorf("trait %q has %d values for %d tips", m.Traits[k], len(values), len(leaves))
		}
		for i, y := range values {
			if math.IsInf(y, 0) {
				return fmt.Errorf("trait %q of %s is %v; it must be a finite number or missing", m.Traits[k], d.describe(leaves[i]), y)
			}
		}
		if _, _, observed := d.Moments(k); observed == 0 {
			return fmt.Errorf("trait %q has no value at any tip of the tree; leave it out", m.Traits[k])
		}
	}
	switch {
	case d.Variances != nil:
		return d.checkVariances(m)
	case !m.TipNoise && !m.TipsVary:
		return d.checkExact(m)
	}
	return nil
}

// checkRegimes finds regimes that are missing or do not exist.
func (d Data) checkRegimes(m *Model) error {
	reads := slices.ContainsFunc(m.Discrete.EdgeFields, func(f EdgeField) bool { return f.Name == regimeField })
	if d.Regimes == nil && !reads {
		return nil
	}
	if len(d.Regimes) != d.Topology.Size() {
		return fmt.Errorf("the tree has %d nodes, there are regimes for %d", d.Topology.Size(), len(d.Regimes))
	}
	for v, r := range d.Regimes {
		if r < 0 || r >= len(d.RegimeNames) {
			return fmt.Errorf("the edge above %s has regime %d; there are %d", d.describe(v), r, len(d.RegimeNames))
		}
	}
	return nil
}

// checkPoints finds what continuous edges cannot take: points with some of their
// coordinates, and tips without noise.
func (d Data) checkPoints(m *Model) error {
	if m.Continuous == nil {
		return nil
	}
	if !m.TipNoise && d.Variances == nil {
		return fmt.Errorf("model %q has continuous edges, whose tips need noise or known variances", m.Name)
	}
	columns, leaves := m.Continuous.columns(), d.Topology.Leaves()
	for k := range d.Values {
		first := k / columns * columns
		for i, y := range d.Values[k] {
			if i < len(leaves) && math.IsNaN(y) != math.IsNaN(d.Values[first][i]) {
				return fmt.Errorf("point %d of %s has some of its coordinates and lacks others; give all or none", k/columns+1, d.describe(leaves[i]))
			}
			if d.Variances != nil && d.Variances[k][i] != d.Variances[first][i] && !math.IsNaN(y) {
				return fmt.Errorf("the known variances of point %d of %s differ between its coordinates; they must be equal", k/columns+1, d.describe(leaves[i]))
			}
		}
	}
	return nil
}

// checkVariances finds known variances that are missing or impossible.
func (d Data) checkVariances(m *Model) error {
	if len(d.Variances) != len(d.Values) {
		return fmt.Errorf("there are known variances for %d traits, values for %d", len(d.Variances), len(d.Values))
	}
	leaves := d.Topology.Leaves()
	for k, variances := range d.Variances {
		if len(variances) != len(leaves) {
			return fmt.Errorf("trait %q has %d known variances for %d tips", m.Traits[k], len(variances), len(leaves))
		}
		for i, v := range variances {
			if math.IsNaN(d.Values[k][i]) {
				continue
			}
			if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || (v == 0 && !m.TipNoise) {
				need := "not negative"
				if !m.TipNoise {
					need = "positive, since there is no tip noise"
				}
				return fmt.Errorf("the known variance of trait %q at %s is %v; it must be finite and %s", m.Traits[k], d.describe(leaves[i]), v, need)
			}
		}
	}
	return nil
}

// checkExact finds tips that cannot be observed without noise: a zero-length
// edge leaves no variance between the tip and its parent.
func (d Data) checkExact(m *Model) error {
	var tips []string
	for i, v := range d.Topology.Leaves() {
		observed := false
		for k := range d.Values {
			observed = observed || !math.IsNaN(d.Values[k][i])
		}
		if v > 0 && observed && d.Lengths[v] == 0 {
			tips = append(tips, d.describe(v))
		}
	}
	if len(tips) == 0 {
		return nil
	}
	shown := tips
	if len(shown) > 5 {
		shown = append(append([]string(nil), tips[:5]...), "...")
	}
	return fmt.Errorf("%d tips with data have an edge of length 0 (%s); without tip noise their likelihood is not defined: allow tip noise or lengthen these edges", len(tips), strings.Join(shown, ", "))
}

// fields lays the data out for a program: [component][node].
func (d Data) fields(m *Model) (map[string][]float64, error) {
	n, dim := d.Topology.Size(), m.Dim()
	y, observed, anchor := make([]float64, dim*n), make([]float64, dim*n), make([]float64, dim*n)
	for k, values := range d.Values {
		start, _, _ := d.Moments(k)
		switch m.Root {
		case RootPinned:
			start = m.RootValue[k]
		case RootNormal:
			start = m.RootMean[k]
		}
		for v := range n {
			anchor[k*n+v] = start
		}
		for i, v := range d.Topology.Leaves() {
			if x := values[i]; !math.IsNaN(x) {
				y[k*n+v], observed[k*n+v], anchor[k*n+v] = x, 1, x
			}
		}
	}
	known := make([]float64, dim*n)
	for i := range known {
		known[i] = 1 // where nothing is observed the variance divides a zero
	}
	for k, variances := range d.Variances {
		for i, v := range d.Topology.Leaves() {
			if observed[k*n+v] == 1 {
				known[k*n+v] = variances[i]
			}
		}
	}
	lengths := append([]float64(nil), d.Lengths...)
	lengths[0] = 0
	fields := map[string][]float64{FieldKnownVariance: known, FieldLength: lengths, FieldObservation: y, FieldObserved: observed, FieldStartAnchor: anchor}
	if c := m.Continuous; c != nil {
		c.addFields(fields, lengths)
		if c.controls != nil {
			c.controls.addTo(fields)
		}
	}
	return fields, addEdgeFields(fields, m.Discrete.EdgeFields, d)
}

// addFields completes the data of a discrete model to those of a continuous one.
func (m Continuous) addFields(fields map[string][]float64, lengths []float64) {
	n, columns := len(lengths), m.columns()
	row := func(field string) []float64 { // what the components of a point have in common
		all, rows := fields[field], make([]float64, m.Points*n)
		for p := range m.Points {
			copy(rows[p*n:(p+1)*n], all[p*columns*n:])
		}
		return rows
	}
	fields[FieldObserved], fields[FieldKnownVariance] = row(FieldObserved), row(FieldKnownVariance)
	root := make([]float64, m.Dim()*n) // the start of the root's anchor
	for k := range m.Dim() {
		for v := range n {
			root[k*n+v] = fields[FieldStartAnchor][k*n]
		}
	}
	fields[FieldStartParent] = root
	fields[FieldSteps] = m.edgeSteps(lengths)
}

// edgeSteps is the number of Euler steps of every edge.
func (m Continuous) edgeSteps(lengths []float64) []float64 {
	steps := make([]float64, len(lengths))
	for v, length := range lengths {
		steps[v] = float64(m.Steps)
		if m.StepLength > 0 {
			steps[v] = min(max(math.Ceil(length/m.StepLength), 1), steps[v])
		}
	}
	return steps
}
