package shaders_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
)

// scaled builds out[lane] = 2 exp(parent's x) - y, a kernel with every kind of index.
func scaled() *shaders.Kernel {
	b := shaders.NewBuilder("scaled", 4)
	parents := b.Buffer("parent", shaders.Int, shaders.Read)
	x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	lane := b.AddInt(b.MulInt(b.Item(), b.ConstInt(4)), b.Chain())
	at := b.AddInt(b.MulInt(b.LoadInt(parents, b.Item()), b.ConstInt(4)), b.Chain())
	v := b.Binary(shaders.OpMul, b.Const(2), b.Unary(shaders.OpExp, b.Load(x, at)))
	v = b.Binary(shaders.OpSub, v, b.Load(x, lane))
	v = b.Binary(shaders.OpAdd, v, b.Const(0))
	b.Store(out, lane, v)
	return b.Kernel()
}

// TestListing is the golden text of a small kernel: a change of how kernels are
// built shows here.
func TestListing(t *testing.T) {
	require.Equal(t, `kernel "scaled" chains 4
buffer $0 in int "parent"
buffer $1 in float "x"
buffer $2 out float "out"
  %0 = item
  %1 = const.int 4
  %2 = mul.int %0 %1
  %3 = chain
  %4 = add.int %2 %3
  %5 = load.int $0[%0]
  %6 = mul.int %5 %1
  %7 = add.int %6 %3
  %8 = const 2
  %9 = load $1[%7]
  %10 = exp %9
  %11 = mul %8 %10
  %12 = load $1[%4]
  %13 = sub %11 %12
  %14 = const 0
  store $2[%4] %13
`, scaled().String())
}

func TestVerify(t *testing.T) {
	require.NoError(t, shaders.Verify(scaled()))
	cases := map[string]func(k *shaders.Kernel){
		`kernel "scaled" is for 0 chains`:                        func(k *shaders.Kernel) { k.Chains = 0 },
		"buffer 1 (\"x\") holds bool":                            func(k *shaders.Kernel) { k.Buffers[1].Type = shaders.Bool },
		"buffer 1 (\"x\") is neither read nor written":           func(k *shaders.Kernel) { k.Buffers[1].Access = 0 },
		"instruction 2 (mul.int): operand A is %2":               func(k *shaders.Kernel) { k.Instructions[2].A = 2 },
		"instruction 2 (mul.int): operand B is %-1":              func(k *shaders.Kernel) { k.Instructions[2].B = shaders.NoValue },
		"instruction 2 (mul.int): operand C must not be set":     func(k *shaders.Kernel) { k.Instructions[2].C = 0 },
		"instruction 10 (exp): operand A is int, must be float":  func(k *shaders.Kernel) { k.Instructions[10].A = 4 },
		"instruction 10 (exp): yields float, is declared as int": func(k *shaders.Kernel) { k.Instructions[10].Type = shaders.Int },
		"instruction 9 (load): buffer 7 of 3":                    func(k *shaders.Kernel) { k.Instructions[9].Buffer = 7 },
		"instruction 9 (load): buffer \"parent\" holds int":      func(k *shaders.Kernel) { k.Instructions[9].Buffer = 0 },
		"instruction 9 (load): buffer \"out\" is not declared":   func(k *shaders.Kernel) { k.Instructions[9].Buffer = 2 },
		"instruction 15 (store): buffer \"x\" is not declared":   func(k *shaders.Kernel) { k.Instructions[15].Buffer = 1 },
		"instruction 1 (const.int): the integer 5000000000 does": func(k *shaders.Kernel) { k.Instructions[1].Int = 5_000_000_000 },
		"instruction 3 (op200): there is no such operation":      func(k *shaders.Kernel) { k.Instructions[3].Op = 200 },
	}
	for want, spoil := range cases {
		k := scaled()
		spoil(k)
		require.ErrorContains(t, shaders.Verify(k), want)
	}
}

// TestBuilderFolds: constants and identities leave no instructions.
func TestBuilderFolds(t *testing.T) {
	b := shaders.NewBuilder("folds", 1)
	in := b.Buffer("in", shaders.Float, shaders.Read)
	x := b.Load(in, b.Item())
	zero, one := b.Const(0), b.Const(1)
	require.Equal(t, x, b.Binary(shaders.OpAdd, x, zero))
	require.Equal(t, x, b.Binary(shaders.OpMul, one, x))
	require.Equal(t, zero, b.Binary(shaders.OpMul, x, zero))
	require.Equal(t, zero, b.Binary(shaders.OpSub, x, x))
	require.Equal(t, x, b.Unary(shaders.OpNeg, b.Unary(shaders.OpNeg, x)))
	require.Equal(t, b.Const(5), b.Binary(shaders.OpAdd, b.Const(2), b.Const(3)))
	require.Equal(t, x, b.Select(b.Compare(shaders.OpLess, zero, one), x, one))
	require.Equal(t, b.Binary(shaders.OpAdd, x, one), b.Binary(shaders.OpAdd, one, x))
	require.Equal(t, b.Binary(shaders.OpMul, x, b.Const(0.25)), b.Binary(shaders.OpDiv, x, b.Const(4)))
}

// TestLowerNeedsInputs: an input that nobody supplies is an error.
func TestLowerNeedsInputs(t *testing.T) {
	x := tensor.Input("x")
	_, err := shaders.Lower(shaders.NewBuilder("lower", 1), []tensor.Value{x.Exp()}, func(n *tensor.Node) ([]shaders.Value, error) {
		return nil, nil
	})
	require.ErrorContains(t, err, `input "x" of shape () was given 0 elements`)
}
