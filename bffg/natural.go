package bffg

import (
	"context"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Naturals maps unconstrained parameters to their natural scale, some draws at a
// time.
type Naturals struct {
	run         *plan.Executable // nil where nothing is to be mapped
	batch       int
	coordinates int
	rows        int
	in, out     []float64
}

// OpenNaturals compiles the map for a device, for at most batch draws at a time.
func (t *Target) OpenNaturals(dev device.Device, batch int) (*Naturals, error) {
	return t.openNaturals(dev, batch, nil)
}

// OpenReported is like [Target.OpenNaturals], with the derived quantities after the
// parameters: one number for each of [Target.Reported].
func (t *Target) OpenReported(dev device.Device, batch int) (*Naturals, error) {
	return t.openNaturals(dev, batch, t.model.DerivedQuantities())
}

func (t *Target) openNaturals(dev device.Device, batch int, derived []Derived) (*Naturals, error) {
	n := &Naturals{batch: batch, coordinates: t.model.coordinates(), rows: len(t.Names())}
	if n.coordinates == 0 {
		return n, nil
	}
	schema, err := t.model.schema(t.model.positionField())
	if err != nil {
		return nil, err
	}
	p := tree.NewProgram(schema)
	t.model.addParameters(p)
	var fields []string
	for _, parameter := range t.model.Parameters {
		switch {
		case parameter.free() == 0:
		case parameter.isCorrelation():
			fields = append(fields, parameter.Name+" elements")
		default:
			fields = append(fields, parameter.Name)
		}
	}
	for _, d := range derived {
		name := "derived " + d.Name
		p.Scalars(name, func(v *tree.ScalarView) {
			x := d.Value(v.Parameter)
			if want := (tensor.Shape{len(d.Labels)}); x.Node() == nil || !x.Shape().Equal(want) {
				tensor.Fail("Derived", "the value of %q has shape %v; it has %d labels and needs %v", d.Name, shapeOf(x), len(d.Labels), want)
			}
			v.Write(name, x)
		})
		fields, n.rows = append(fields, name), n.rows+len(d.Labels)
	}
	n.run, err = plan.Compile(dev, p, t.data.Topology, plan.Options{Chains: batch, PackInputs: []string{FieldPosition}, PackOutputs: fields})
	if err != nil {
		return nil, err
	}
	n.in, n.out = make([]float64, n.coordinates*batch), make([]float64, n.rows*batch)
	return n, nil
}

// Map maps positions, each of which holds at least the parameters' coordinates; the
// result has one number for each of [Target.Names], or of [Target.Reported]. What a position becomes does not
// depend on the others.
func (n *Naturals) Map(ctx context.Context, positions [][]float64) ([][]float64, error) {
	result := make([][]float64, len(positions))
	if n.run == nil {
		return result, nil
	}
	for start := 0; start < len(positions); start += n.batch {
		end := min(start+n.batch, len(positions))
		for c := range n.batch {
			for i := range n.coordinates {
				n.in[i*n.batch+c] = positions[min(start+c, end-1)][i]
			}
		}
		if err := n.run.SetPacked(n.in); err != nil {
			return nil, err
		}
		if err := n.run.Run(ctx); err != nil {
			return nil, err
		}
		if err := n.run.GetPacked(n.out); err != nil {
			return nil, err
		}
		for c := range end - start {
			values := make([]float64, n.rows)
			for i := range values {
				values[i] = n.out[i*n.batch+c]
			}
			result[start+c] = values
		}
	}
	return result, nil
}

// Close frees what is held on the device.
func (n *Naturals) Close() error {
	if n.run == nil {
		return nil
	}
	return n.run.Close()
}

// batch is how many positions Natural maps at a time.
const batch = 512

// Natural maps unconstrained parameters to their natural scale: positions[draw]
// holds at least ParameterDim coordinates, the result one number per name.
func (t *Target) Natural(ctx context.Context, dev device.Device, positions [][]float64) ([][]float64, error) {
	if len(positions) == 0 {
		return make([][]float64, 0), nil
	}
	n, err := t.OpenNaturals(dev, min(batch, len(positions)))
	if err != nil {
		return nil, err
	}
	defer n.Close()
	return n.Map(ctx, positions)
}
