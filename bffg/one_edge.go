package bffg

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/tree"
)

// onOneEdge runs statements on a root and one child, at an arbitrary position of the
// parameters and arbitrary states, and the edge being the data's last but for its length,
// which is 1. The child is node 1.
func (m *Model) onOneEdge(data Data, add func(p *tree.Program)) (map[string][]float64, error) {
	schema, err := m.schema(m.positionField())
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	m.addParameters(p)
	add(p)
	edge, _, err := tree.FromParents([]int{0, 0})
	if err != nil {
		return nil, err
	}
	inputs := map[string][]float64{FieldLength: {1, 1}, FieldPosition: make([]float64, max(m.coordinates(), 1)), FieldState: make([]float64, 2*m.Dim())}
	for i := range inputs[FieldPosition] {
		inputs[FieldPosition][i] = 0.3 + 0.1*float64(i%7)
	}
	for i := range inputs[FieldState] {
		inputs[FieldState][i] = 0.2 + 0.1*float64(i%5)
	}
	fields := map[string][]float64{}
	if err := addEdgeFields(fields, m.Discrete.EdgeFields, data); err != nil {
		return nil, err
	}
	n := data.Topology.Size()
	for name, x := range fields { // of the last edge
		for k := range len(x) / n {
			inputs[name] = append(inputs[name], x[(k+1)*n-1], x[(k+1)*n-1])
		}
	}
	return tree.Evaluate(p, edge, inputs)
}

// checkSymmetric evaluates the covariance on one edge: the sweeps rely on its symmetry.
func (m *Model) checkSymmetric(data Data) error {
	if m.Continuous != nil { // its covariances are products of a factor with itself
		return nil
	}
	result, err := m.onOneEdge(data, func(p *tree.Program) {
		p.Map("symmetry", func(v *tree.MapView) {
			q := m.Discrete.covariance(v.Field(FieldState), edgeOf(v))
			v.Write(FieldPrecision, q.Sub(q.Transpose()))
			v.Write(FieldLogNorm, q.Abs().Sum())
		})
	})
	if err != nil {
		return err
	}
	d := m.Discrete.Dim
	for k := range d * d {
		if difference := math.Abs(result[FieldPrecision][2*k+1]); difference > 1e-9*result[FieldLogNorm][1] {
			return fmt.Errorf("the covariance of model %q is not symmetric: elements (%d,%d) and (%d,%d) differ by %g at some state", m.Name, k/d+1, k%d+1, k%d+1, k/d+1, difference)
		}
	}
	return nil
}

// exactAuxiliary reports whether the auxiliary transition is the model's own: the model
// is linear and Gaussian. It compares the two on one edge, at a state that is not the
// anchor.
func (m *Model) exactAuxiliary(data Data) (bool, error) {
	result, err := m.onOneEdge(data, func(p *tree.Program) {
		p.Map("auxiliary", func(v *tree.MapView) {
			e, x := edgeOf(v), v.Field(FieldState)
			t := m.Discrete.auxiliary(v.Field(FieldStartAnchor), e) // an input, 0
			mean, q := m.Discrete.mean(x, e), m.Discrete.covariance(x, e)
			v.Write(FieldLogNorm, mean.Sub(t.Phi.MatMul(x).Add(t.Beta)).Abs().Sum().Add(q.Sub(t.Q).Abs().Sum()))
			v.Write(FieldLogWeight, mean.Abs().Sum().Add(q.Abs().Sum()))
		})
	})
	if err != nil {
		return false, err
	}
	return result[FieldLogNorm][1] <= 1e-9*result[FieldLogWeight][1], nil
}
