package tree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

func TestSchemaErrors(t *testing.T) {
	for want, fields := range map[string][]tree.Field{
		"a field has no name; fields so far: a":                      {{Name: "a"}, {}},
		`field "a" is declared twice`:                                {{Name: "a"}, {Name: "a", Kind: tree.Data}},
		`field "a" has shape (2,0); every extent must be at least 1`: {{Name: "a", Shape: tensor.Shape{2, 0}}},
	} {
		_, err := tree.NewSchema(fields...)
		require.ErrorContains(t, err, want)
	}
}

// TestProgramErrors: every mistake in a statement names the field and what there
// is, keeps later statements out, and is not lost.
func TestProgramErrors(t *testing.T) {
	schema := mustSchema(tree.Field{Name: "x"}, tree.Field{Name: "v", Shape: tensor.Shape{2}}, tree.Field{Name: "d", Kind: tree.Data},
		tree.Field{Name: "theta", Kind: tree.Chain})
	x := func(v interface{ Field(string) tensor.Value }) tensor.Value { return v.Field("x") }
	cases := map[string]func(p *tree.Program){
		`Field: there is no field "y"; fields: d, v, x`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("x", v.Field("y")) })
		},
		`Field: "theta" is a chain variable and cannot be read here`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("x", v.Field("theta")) })
		},
		`Parameter: "x" is a state variable and cannot be read here; fields: theta`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("x", v.Parameter("x")) })
		},
		`Parent: there is no field "p"`: func(p *tree.Program) {
			p.Down("m", func(v *tree.DownView) { v.Write("x", v.Parent("p")) })
		},
		`Write: "d" is a data variable`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("d", x(v)) })
		},
		`Write: field "v" has shape (2), the value has shape ()`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("v", x(v)) })
		},
		`Write: field "x" is written twice in one statement`: func(p *tree.Program) {
			p.Down("m", func(v *tree.DownView) { v.Write("x", x(v)); v.Write("x", x(v)) })
		},
		`Write: the value for "x" is the zero Value`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("x", tensor.Value{}) })
		},
		`Up: field "x" is written both at the node and at its children`: func(p *tree.Program) {
			p.Up("m", func(v *tree.UpView) {
				v.Write("x", v.Children(func(c *tree.ChildView) tensor.Value { c.Write("x", x(c)); return x(c) }).Sum())
			})
		},
		`Total: there is a field "x" already`: func(p *tree.Program) {
			p.Total("x", func(v *tree.MapView) tensor.Value { return x(v) })
		},
		`Total: the function of "s" returned the zero Value`: func(p *tree.Program) {
			p.Total("s", func(v *tree.MapView) tensor.Value { return tensor.Value{} })
		},
		`Write: there is a field "theta" already; chain variables are written once`: func(p *tree.Program) {
			p.Scalars("m", func(v *tree.ScalarView) { v.Write("theta", v.Parameter("theta")) })
		},
		`Write: "t" is written twice`: func(p *tree.Program) {
			p.Scalars("m", func(v *tree.ScalarView) {
				v.Write("t", v.Parameter("theta"))
				v.Write("t", v.Parameter("theta"))
			})
		},
		`AtRoot: there is no field "r"`: func(p *tree.Program) {
			p.Scalars("m", func(v *tree.ScalarView) { v.Write("t", v.AtRoot("r")) })
		},
		`Add: shapes (2) and (3) do not fit`: func(p *tree.Program) {
			p.Map("m", func(v *tree.MapView) { v.Write("v", v.Field("v").Add(tensor.Zeros(3))) })
		},
	}
	for want, mistake := range cases {
		p := tree.NewProgram(schema)
		mistake(p)
		require.ErrorContains(t, p.Err(), want)
		require.Regexp(t, `^program_test\.go:\d+: `, p.Err().Error())
		p.Map("later", func(v *tree.MapView) { t.Error("a statement after a mistake must not run") })
		_, err := tree.Evaluate(p, mustTree(0, 0), nil)
		require.ErrorContains(t, err, want)
	}
	p := tree.NewProgram(schema)
	_, err := tree.Evaluate(p, mustTree(0, 0), map[string][]float64{"x": {1}})
	require.ErrorContains(t, err, `field "x" needs 2 numbers, has 1`)
	_, err = p.Current("nothing")
	require.ErrorContains(t, err, `there is no field "nothing"; fields: x, v, d, theta`)
}
