package bffg

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// LeaveOneOut computes, for every tip, the distribution of what is observed of it given
// the parameters and all other tips: an up sweep, the backward filter, and a down sweep
// give it for all n tips in O(n).
//
// The down sweep carries the distribution of every node's state given all data,
// N(m, V). Let a tip's observed coordinates be y = a + e, with a the linear image of its
// parent's state, N(Phi m + Beta, B) given all data, B = Phi V Phi', and e ~ N(0, S). With
// u = S^-1 (y - Phi m - Beta) and G = S^-1 - S^-1 B S^-1, the distribution without the
// tip is y ~ N(y - G^-1 u, G^-1). (G and u are a diagonal block of the inverse of the
// covariance of all data and what that inverse makes of their residuals: Buerkner, Gabry
// & Vehtari 2021, Computational Statistics 36.)
type LeaveOneOut struct {
	target     *Target
	device     device.Device
	program    *tree.Program
	options    plan.Options
	run        *plan.Executable
	masked     *masked // nil until it is needed
	draws      int
	parameters int
	nodes, dim int
	leaves     []int
	values     [][]float64 // [trait][tip]
	in         []float64
	out        [3][]float64 // fields of the whole tree
}

// Held is what the other tips say of what is observed of a tip.
type Held struct {
	// LogDensity is log p(y_i | y_-i, parameters) of all observed coordinates together,
	// 0 of a tip without data.
	LogDensity float64
	// Mean and Variance are those of each coordinate; where it is missing both are 0.
	Mean, Variance []float64
}

// The fields of the down sweep.
const (
	fieldMarginalMean       = "marginal mean"              // (d), given all data
	fieldMarginalCovariance = "marginal covariance"        // (d,d), given all data
	fieldHeldDensity        = "held density"               // ()
	fieldHeldResidual       = "held residual"              // (d)
	fieldHeldVariance       = "held variance"              // (d)
	rootMarginalMean        = "root mean given data"       // chain (d)
	rootMarginalCovariance  = "root covariance given data" // chain (d,d)
)

// leastLeft is the smallest share of a tip's precision S^-1 that may be left in G: in
// double precision it then has six digits.
const leastLeft = 1e-10

// CheckLeaveOneOut finds what keeps the distribution of a tip given the others from being
// known in closed form.
func (t *Target) CheckLeaveOneOut() error {
	m := t.model
	if m.Continuous != nil {
		return fmt.Errorf("model %q has edges without a closed form: the density of one tip given the others is not known", m.Name)
	}
	exact, err := m.exactAuxiliary(t.data)
	if err != nil {
		return err
	}
	if !exact {
		return fmt.Errorf("model %q is not linear and Gaussian: the density of one tip given the others is not known in closed form", m.Name)
	}
	if m.Root != RootFlat {
		return nil
	}
	for k := range t.data.Values {
		if _, _, n := t.data.Moments(k); n < 2 {
			return fmt.Errorf("trait %q has a value at one tip alone: with a flat root the other tips say nothing of it", m.Traits[k])
		}
	}
	return nil
}

// OpenLeaveOneOut compiles the sweeps for a device, for a number of draws at a time. The
// device should have double precision.
func (t *Target) OpenLeaveOneOut(dev device.Device, draws int) (*LeaveOneOut, error) {
	if err := t.CheckLeaveOneOut(); err != nil {
		return nil, err
	}
	m, d := t.model, t.model.Discrete.Dim
	vector, matrix := tensor.Shape{d}, tensor.Shape{d, d}
	schema, err := m.schema(append(predictionFields(d), m.positionField(), tree.Field{Name: fieldMarginalMean, Shape: vector}, tree.Field{Name: fieldMarginalCovariance, Shape: matrix},
		tree.Field{Name: fieldHeldDensity}, tree.Field{Name: fieldHeldResidual, Shape: vector}, tree.Field{Name: fieldHeldVariance, Shape: vector})...)
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	tips := Tips{m.TipNoise, t.data.Variances != nil}
	m.addParameters(p)
	m.addRootConstants(p)
	m.Discrete.AddFilter(p, tips)
	m.Discrete.addRootMarginal(p, m.Root)
	m.Discrete.addHeldSweep(p, tips)
	options := plan.Options{Chains: draws, Outputs: []string{fieldHeldDensity, fieldHeldResidual, fieldHeldVariance}}
	if m.coordinates() > 0 {
		options.PackInputs = []string{FieldPosition}
	}
	run, err := compile(dev, p, m, t.data, options)
	if err != nil {
		return nil, err
	}
	l := &LeaveOneOut{target: t, device: dev, program: p, options: options, run: run, draws: draws, parameters: m.coordinates(), nodes: t.data.Topology.Size(), dim: d, leaves: t.data.Topology.Leaves(), values: t.data.Values}
	l.in = make([]float64, l.parameters*draws)
	for i, size := range []int{1, d, d} {
		l.out[i] = make([]float64, size*l.nodes*draws)
	}
	return l, nil
}

// addRootMarginal adds the distribution of the root's state given all data.
func (m Discrete) addRootMarginal(p *tree.Program, root Root) {
	p.Scalars("root given all data", func(v *tree.ScalarView) {
		message := Message{v.AtRoot(FieldPrecision), v.AtRoot(FieldPotential), v.AtRoot(FieldLogNorm)}
		var mean, covariance tensor.Value
		switch {
		case root.Known():
			mean, covariance = v.Parameter(RootValue), tensor.Zeros(m.Dim, m.Dim)
		case root == RootNormal || root == RootStationary:
			prior := tensor.Value{}
			if root == RootNormal {
				prior = v.Parameter(RootSD).Square().Diag()
			} else {
				prior = v.Parameter(RootCovariance)
			}
			mean, covariance = message.conditional(v.Parameter(RootMean), prior)
		default:
			covariance = message.H.SolvePositive(tensor.Identity(m.Dim))
			mean = message.H.SolvePositive(message.F)
		}
		v.Write(rootMarginalMean, mean)
		v.Write(rootMarginalCovariance, covariance)
	})
	p.Map("root given all data", func(v *tree.MapView) {
		v.Write(fieldMarginalMean, tensor.Select(v.IsRoot(), v.Parameter(rootMarginalMean), tensor.Zeros(m.Dim)))
		v.Write(fieldMarginalCovariance, tensor.Select(v.IsRoot(), v.Parameter(rootMarginalCovariance), tensor.Zeros(m.Dim, m.Dim)))
	})
}

// addHeldSweep adds the down sweep.
func (m Discrete) addHeldSweep(p *tree.Program, tips Tips) {
	p.Down("tips given the others", func(v *tree.DownView) {
		t := m.auxiliary(v.Field(FieldAnchor), edgeOf(v))
		image := t.Phi.MatMul(v.Parent(fieldMarginalMean)).Add(t.Beta)
		spread := t.Phi.MatMul(v.Parent(fieldMarginalCovariance)).MatMul(t.Phi.Transpose()).Symmetrize()

		// An inner node given its parent and all data is x = S F + A (Phi x_parent + Beta)
		// + N(0, S), with A = (I + QH)^-1 and S = AQ.
		message := Message{v.Field(FieldPrecision), v.Field(FieldPotential), v.Field(FieldLogNorm)}
		a := tensor.Identity(m.Dim).Add(t.Q.MatMul(message.H)).Inverse()
		s := a.MatMul(t.Q).Symmetrize()
		v.Write(fieldMarginalMean, s.MatMul(message.F).Add(a.MatMul(image)))
		v.Write(fieldMarginalCovariance, s.Add(a.MatMul(spread).MatMul(a.Transpose()).Symmetrize()))

		v.Write(fieldImage, image)
		v.Write(fieldImageCovariance, spread.Add(t.Q).Add(tips.variance(v, m.Dim).Diag()))
		o := tips.observe(v, t.Q)
		u := o.weight.MatMul(o.residual(image))
		free := tensor.Constant(1).Sub(o.mask)
		g := o.weight.Sub(o.weight.MatMul(spread).MatMul(o.weight)).Symmetrize().Add(free.Diag())
		l := g.Cholesky()
		covariance := l.SolveLowerTransposed(l.SolveLower(tensor.Identity(m.Dim)))
		residual := covariance.MatMul(u)
		// G is what is left of S^-1. Where that is next to nothing it is rounding errors.
		left := l.Diagonal().Square().Div(o.weight.Diagonal().Add(free))
		lost := tensor.Select(left.Less(tensor.Fill(leastLeft, m.Dim)), tensor.Fill(1, m.Dim), tensor.Zeros(m.Dim)).Sum()
		logDensity := l.Diagonal().Log().Sum().Sub(u.Dot(residual).Scale(0.5)).Sub(o.mask.Sum().Scale(0.5 * math.Log(2*math.Pi)))
		v.Write(fieldHeldDensity, tensor.Select(tensor.Constant(0.5).Less(lost), tensor.Constant(math.NaN()), logDensity))
		v.Write(fieldHeldResidual, residual)
		v.Write(fieldHeldVariance, covariance.Diagonal().Mul(o.mask))
	})
}

// Compute gives the distributions at parameters' positions, each of which has
// [Target.ParameterDim] coordinates, as many as fit at a time: visit is called for every
// draw in order, with one Held for each tip in the order of Topology.Leaves, which is
// good until visit returns.
func (l *LeaveOneOut) Compute(ctx context.Context, positions [][]float64, visit func(draw int, tips []Held) error) error {
	tips := make([]Held, len(l.leaves))
	for i := range tips {
		tips[i].Mean, tips[i].Variance = make([]float64, l.dim), make([]float64, l.dim)
	}
	for start := 0; start < len(positions); start += l.draws {
		end := min(start+l.draws, len(positions))
		for b := range l.draws {
			for i := range l.parameters {
				l.in[i*l.draws+b] = positions[min(start+b, end-1)][i]
			}
		}
		if err := l.sweep(ctx); err != nil {
			return err
		}
		if err := l.restore(ctx, end-start); err != nil {
			return err
		}
		for b := range end - start {
			for i, v := range l.leaves {
				tips[i].LogDensity = l.out[0][v*l.draws+b]
				for k := range l.dim {
					at := (k*l.nodes+v)*l.draws + b
					tips[i].Mean[k], tips[i].Variance[k] = 0, 0
					if y := l.values[k][i]; !math.IsNaN(y) {
						tips[i].Mean[k], tips[i].Variance[k] = y-l.out[1][at], l.out[2][at]
					}
				}
			}
			if err := visit(start+b, tips); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep runs the program on what stands in l.in.
func (l *LeaveOneOut) sweep(ctx context.Context) error {
	if l.parameters > 0 {
		if err := l.run.SetPacked(l.in); err != nil {
			return err
		}
	}
	if err := l.run.Run(ctx); err != nil {
		return err
	}
	for i, field := range []string{fieldHeldDensity, fieldHeldResidual, fieldHeldVariance} {
		if err := l.run.Get(field, l.out[i]); err != nil {
			return err
		}
	}
	return nil
}

// Close frees what is held on the device.
func (l *LeaveOneOut) Close() error {
	err := l.run.Close()
	if l.masked != nil {
		err = errors.Join(err, l.masked.run.Close())
	}
	return err
}
