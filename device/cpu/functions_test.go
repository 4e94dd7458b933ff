package cpu_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

// referenceBits is the precision of the references, far beyond that of a float64.
const referenceBits = 320

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(referenceBits).SetFloat64(x) }

func fresh() *big.Float { return new(big.Float).SetPrec(referenceBits) }

// bigSeries sums x^k / k! over every step-th k from first on, with alternating signs or
// not.
func bigSeries(x *big.Float, first, step int, alternates bool) *big.Float {
	term := bigFloat(1)
	sum := fresh()
	for k := 0; k < 200; k++ {
		if k > 0 {
			term.Mul(term, x).Quo(term, bigFloat(float64(k)))
		}
		if k >= first && (k-first)%step == 0 {
			if alternates && (k-first)/step%2 == 1 {
				sum.Sub(sum, term)
			} else {
				sum.Add(sum, term)
			}
		}
		if k > 10 && (term.Sign() == 0 || term.MantExp(nil) < -referenceBits) {
			break
		}
	}
	return sum
}

// bigExp is exp(x), from the series at x/1024 squared ten times.
func bigExp(x *big.Float) *big.Float {
	y := bigSeries(fresh().Quo(x, bigFloat(1024)), 0, 1, false)
	for range 10 {
		y.Mul(y, y)
	}
	return y
}

// bigLog is log(x): steps y + 2 (x - exp y) / (x + exp y), each of which triples the
// digits.
func bigLog(x *big.Float) *big.Float {
	mantissa := fresh()
	exponent := x.MantExp(mantissa)
	m, _ := mantissa.Float64()
	y := bigFloat(math.Log(m))
	for range 3 {
		e := bigExp(y)
		step := fresh().Quo(fresh().Sub(mantissa, e), fresh().Add(mantissa, e))
		y.Add(y, step.Mul(step, bigFloat(2)))
	}
	return y.Add(y, fresh().Mul(bigLog2, bigFloat(float64(exponent))))
}

// bigLog2 is log 2 = 2 artanh(1/3), bigPi is pi by Machin's formula.
var (
	bigLog2 = fresh().Mul(bigFloat(2), bigArc(3, false))
	bigPi   = fresh().Mul(bigFloat(4), fresh().Sub(fresh().Mul(bigFloat(4), bigArc(5, true)), bigArc(239, true)))
)

// bigArc is arctan(1/n), or artanh(1/n).
func bigArc(n float64, alternates bool) *big.Float {
	power, sum := fresh().Quo(bigFloat(1), bigFloat(n)), fresh()
	square := fresh().Mul(power, power)
	for k := 0; k < 300; k++ {
		term := fresh().Quo(power, bigFloat(float64(2*k+1)))
		if alternates && k%2 == 1 {
			sum.Sub(sum, term)
		} else {
			sum.Add(sum, term)
		}
		power.Mul(power, square)
	}
	return sum
}

// bigSine is sin(x + quarters pi/2).
func bigSine(x *big.Float, quarters int) *big.Float {
	turns := fresh().Quo(x, bigPi)
	turns.Add(turns, bigFloat(0.5))
	whole, _ := turns.Int(nil)
	if turns.Sign() < 0 {
		whole.Sub(whole, big.NewInt(1))
	}
	rest := fresh().Sub(x, fresh().Mul(bigPi, fresh().SetInt(whole)))
	sum := bigSeries(rest, 1-quarters, 2, true)
	if whole.Bit(0) == 1 {
		sum.Neg(sum)
	}
	return sum
}

// function is one whose errors are measured: where its arguments are drawn from, and
// what it should give.
type function struct {
	op   shaders.Op
	name string
	draw func(r *rand.Rand) float64
	want func(x *big.Float) *big.Float
	wide float64 // how much larger arguments may be in float64
	unit float64 // errors count in units of numbers of at least this size
}

func functions() []function {
	any := func(low, high float64) func(r *rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			if r.IntN(4) == 0 { // of all sizes
				return math.Copysign(math.Exp2(r.Float64()*60-60)*high, r.Float64()+low)
			}
			return low + (high-low)*r.Float64()
		}
	}
	positive := func(r *rand.Rand) float64 {
		if r.IntN(2) == 0 {
			return 0.5 + 1.5*r.Float64()
		}
		return math.Exp2(240*r.Float64() - 120)
	}
	one := bigFloat(1)
	return []function{
		{shaders.OpExp, "exp", any(-80, 80), bigExp, 8.8, 0},
		{shaders.OpLog, "log", positive, bigLog, 1, 0},
		{shaders.OpLog1p, "log1p", func(r *rand.Rand) float64 { return max(any(-0.999, 50)(r), -0.9999) }, func(x *big.Float) *big.Float { return bigLog(fresh().Add(x, one)) }, 1, 0},
		{shaders.OpExpm1, "expm1", any(-40, 80), func(x *big.Float) *big.Float { return fresh().Sub(bigExp(x), one) }, 8.8, 0},
		{shaders.OpTanh, "tanh", any(-20, 20), func(x *big.Float) *big.Float {
			e := bigExp(fresh().Mul(x, bigFloat(2)))
			return fresh().Quo(fresh().Sub(e, one), fresh().Add(e, one))
		}, 1, 0},
		{shaders.OpSin, "sin", any(-10_000, 10_000), func(x *big.Float) *big.Float { return bigSine(x, 0) }, 1, 1},
		{shaders.OpCos, "cos", any(-10_000, 10_000), func(x *big.Float) *big.Float { return bigSine(x, 1) }, 1, 1},
	}
}

// TestFunctions holds the functions of machine code to 2 units in the last place
// against references of 320 bits; sines and cosines, whose arguments go to 10,000, to
// 2 units of numbers below 1.
func TestFunctions(t *testing.T) {
	if reason := native.Supported(); reason != "" {
		t.Skip(reason)
	}
	points := 4000
	if testing.Short() {
		points = 400
	}
	for name, options := range engines() {
		if options.Portable {
			continue
		}
		for _, precision := range []device.Precision{device.Float64, device.Float32} {
			options.Precision = precision
			bits := map[device.Precision]int{device.Float64: 64, device.Float32: 32}[precision]
			t.Run(fmt.Sprintf("%s, %d bits", name, bits), func(t *testing.T) {
				dev, err := cpu.Open(options)
				require.NoError(t, err)
				for _, f := range functions() {
					r := rand.New(rand.NewPCG(5, uint64(f.op)))
					in := make([]float64, points)
					for i := range in {
						in[i] = f.draw(r) * f.wide
						if precision == device.Float32 {
							in[i] = float64(float32(in[i] / f.wide))
						}
					}
					worst, at := 0.0, 0.0
					for i, y := range applied(t, dev, f.op, in) {
						want := f.want(bigFloat(in[i]))
						off, _ := fresh().Sub(bigFloat(y), want).Float64()
						size, _ := want.Float64()
						digits := 52
						if precision == device.Float32 {
							digits = 23
						}
						_, exponent := math.Frexp(max(math.Abs(size), f.unit*0.75))
						if off = math.Abs(off) / math.Ldexp(1, exponent-1-digits); !(off <= worst) {
							worst, at = off, in[i]
						}
					}
					t.Logf("%s: worst %.2f units, at %v", f.name, worst, at)
					require.LessOrEqual(t, worst, 2.0, "%s at %v", f.name, at)
				}
				require.NoError(t, dev.Close())
			})
		}
	}
}

// applied is what a function gives for each argument.
func applied(t *testing.T, dev device.Device, op shaders.Op, in []float64) []float64 {
	b := shaders.NewBuilder("function", 1)
	x, y := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("y", shaders.Float, shaders.Write)
	b.Store(y, b.Item(), b.Unary(op, b.Load(x, b.Item())))
	k, err := dev.Compile(b.Kernel())
	require.NoError(t, err)
	from, to := buffer(t, dev, in), buffer(t, dev, make([]float64, len(in)))
	p, err := dev.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: k, Count: len(in), Bindings: []device.Binding{{Buffer: from}, {Buffer: to}}}}}})
	require.NoError(t, err)
	require.NoError(t, p.Run(context.Background()))
	out := make([]float64, len(in))
	require.NoError(t, to.ReadFloats(0, out))
	return out
}
