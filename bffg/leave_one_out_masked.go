package bffg

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// A tip whose edge is so short that taking its part out of the distribution of its parent
// leaves nothing but rounding errors is left out in earnest: the sweeps run once more
// without it, and what reaches it is the prediction.
const (
	fieldImage           = "prediction"            // state (d): mean of an observation
	fieldImageCovariance = "prediction covariance" // state (d,d)
)

// predictionFields declares what the sweep without a tip gives.
func predictionFields(d int) []tree.Field {
	return []tree.Field{{Name: fieldImage, Shape: tensor.Shape{d}}, {Name: fieldImageCovariance, Shape: tensor.Shape{d, d}}}
}

// masked are the sweeps without a tip.
type masked struct {
	run              *plan.Executable
	observed         []float64 // the data's field
	mean, covariance []float64
}

// openMasked compiles the sweeps for what is left out in earnest.
func (l *LeaveOneOut) openMasked() error {
	if l.masked != nil {
		return nil
	}
	options := l.options
	options.Outputs = []string{fieldImage, fieldImageCovariance}
	run, err := compile(l.device, l.program, l.target.model, l.target.data, options)
	if err != nil {
		return err
	}
	fields, err := l.target.data.fields(l.target.model)
	if err != nil {
		run.Close()
		return err
	}
	l.masked = &masked{run: run, observed: fields[FieldObserved], mean: make([]float64, l.dim*l.nodes*l.draws), covariance: make([]float64, l.dim*l.dim*l.nodes*l.draws)}
	return nil
}

// restore puts right what is lost of a batch of draws.
func (l *LeaveOneOut) restore(ctx context.Context, draws int) error {
	for i, v := range l.leaves {
		lost := false
		for b := range draws {
			lost = lost || math.IsNaN(l.out[0][v*l.draws+b])
		}
		if !lost {
			continue
		}
		if err := l.openMasked(); err != nil {
			return err
		}
		if err := l.masked.sweep(ctx, l, v); err != nil {
			return err
		}
		for b := range draws {
			if math.IsNaN(l.out[0][v*l.draws+b]) {
				l.predict(i, v, b)
			}
		}
	}
	return nil
}

// sweep runs the sweeps without a tip.
func (m *masked) sweep(ctx context.Context, l *LeaveOneOut, tip int) error {
	observed := append([]float64(nil), m.observed...)
	for k := range l.dim {
		observed[k*l.nodes+tip] = 0
	}
	if err := m.run.Set(FieldObserved, observed); err != nil {
		return err
	}
	if l.parameters > 0 {
		if err := m.run.SetPacked(l.in); err != nil {
			return err
		}
	}
	if err := m.run.Run(ctx); err != nil {
		return err
	}
	if err := m.run.Get(fieldImage, m.mean); err != nil {
		return err
	}
	return m.run.Get(fieldImageCovariance, m.covariance)
}

// predict compares a tip's observed coordinates with their prediction by the others. What
// is not positive definite stays NaN.
func (l *LeaveOneOut) predict(tip, v, b int) {
	var seen []int
	for k := range l.dim {
		if !math.IsNaN(l.values[k][tip]) {
			seen = append(seen, k)
		}
	}
	covariance, residual := mat.NewSymDense(len(seen), nil), mat.NewVecDense(len(seen), nil)
	for i, k := range seen {
		residual.SetVec(i, l.values[k][tip]-l.masked.mean[(k*l.nodes+v)*l.draws+b])
		for j, o := range seen[:i+1] {
			covariance.SetSym(i, j, l.masked.covariance[((k*l.dim+o)*l.nodes+v)*l.draws+b])
		}
	}
	var factor mat.Cholesky
	var solved mat.VecDense
	if !factor.Factorize(covariance) || factor.SolveVecTo(&solved, residual) != nil {
		return
	}
	l.out[0][v*l.draws+b] = -0.5 * (mat.Dot(residual, &solved) + factor.LogDet() + float64(len(seen))*math.Log(2*math.Pi))
	for i, k := range seen {
		at := (k*l.nodes+v)*l.draws + b
		l.out[1][at], l.out[2][at] = residual.AtVec(i), covariance.At(i, i)
	}
}
