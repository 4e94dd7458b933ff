package bffg_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

type kunitaPoint struct {
	LogTheta      []float64   `json:"log_theta"`
	LogLikelihood float64     `json:"log_likelihood"`
	SumLogCorr    float64     `json:"sum_log_corr"`
	LogHRoot      float64     `json:"log_h_root"`
	LogCorr       []float64   `json:"log_corr"`
	GradLogTheta  []float64   `json:"grad_log_theta"`
	GradZNorm     float64     `json:"grad_z_norm"`
	GradZHead     []float64   `json:"grad_z_head"`
	GradZ         []float64   `json:"grad_z"`
	ValsEnd       [][]float64 `json:"vals_end"`
}

type kunitaCase struct {
	Landmarks int            `json:"n_landmarks"`
	Steps     int            `json:"n_steps"`
	ObsVar    float64        `json:"obs_var"`
	Rounds    int            `json:"linearisation_iterations"`
	Topology  goldenTopology `json:"topology"`
	EdgeLen   float64        `json:"edge_len"`
	RootShape []float64      `json:"root_shape"`
	LeafObs   [][]float64    `json:"leaf_obs"`
	Points    []kunitaPoint
	Z         any         `json:"z"`
	Bridge    bffg.Bridge `json:"-"`
}

// model is notebook 07's, whose forward sweep uses the messages of the filter
// before the last refinement.
func (c kunitaCase) model(dense bool) bffg.Continuous {
	kernel := bffg.LaplaceKernel4
	m := bffg.Continuous{Points: c.Landmarks, Dimensions: 2, Steps: c.Steps, Rounds: c.Rounds, Bridge: c.Bridge, StaleMessages: true, Diffusion: kernel.Flow}
	if dense {
		m.Points, m.Dimensions = 2*c.Landmarks, 0
		m.Diffusion = func(t, x tensor.Value, e bffg.Edge) tensor.Value {
			return kernel.Flow(t, x.Reshape(c.Landmarks, 2), e).KroneckerIdentity(2)
		}
	}
	return m
}

func (c kunitaCase) program(t testing.TB, dense bool) *tree.Program {
	m := c.model(dense)
	root := tensor.Shape{2 * c.Landmarks}
	if !dense {
		root = tensor.Shape{c.Landmarks, 2}
	}
	schema, err := tree.NewSchema(append(m.Fields(), tree.Field{Name: "log theta", Kind: tree.Chain, Shape: tensor.Shape{2}},
		tree.Field{Name: bffg.RootValue, Kind: tree.Chain, Shape: root})...)
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Scalars("parameters", func(v *tree.ScalarView) {
		v.Write(bffg.TipNoise, tensor.Fill(c.ObsVar, m.Points))
		v.Write(bffg.KernelAmplitude, v.Parameter("log theta").At(0).Exp())
		v.Write(bffg.KernelWidth, v.Parameter("log theta").At(1).Exp())
	})
	m.AddLikelihood(p, bffg.RootPinned, bffg.Tips{Noise: true}, true)
	require.NoError(t, p.Err())
	return p
}

// noise is z in the order [step][component][node], from [node][step][component].
func (c kunitaCase) noise(t testing.TB) []float64 {
	nodes, width := len(c.Topology.Parents), c.Steps*2*c.Landmarks
	flat := make([]float64, nodes*width)
	if list, ok := c.Z.([]any); ok {
		for i, x := range list {
			flat[i] = x.(float64)
		}
	} else {
		text, err := os.ReadFile(filepath.Join("testdata", "kunita_z.f32"))
		require.NoError(t, err)
		require.Len(t, text, 4*len(flat))
		for i := range flat {
			flat[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(text[4*i:])))
		}
	}
	return byNode(flat, nodes)
}

// byNode turns [node][component] into [component][node].
func byNode(flat []float64, nodes int) []float64 {
	width := len(flat) / nodes
	out := make([]float64, len(flat))
	for v := range nodes {
		for k := range width {
			out[k*nodes+v] = flat[v*width+k]
		}
	}
	return out
}

// open compiles a program of the case and sets its data.
func (c kunitaCase) open(t testing.TB, dev device.Device, p *tree.Program, points, chains int, outputs ...string) *plan.Executable {
	topology, _, err := tree.FromParents(c.Topology.Parents)
	require.NoError(t, err)
	run, err := plan.Compile(dev, p, topology, plan.Options{Chains: chains, Outputs: outputs})
	require.NoError(t, err)
	nodes, d := topology.Size(), 2*c.Landmarks
	y, anchor, parentAnchor, observed := make([][]float64, nodes), make([][]float64, nodes), make([][]float64, nodes), make([]float64, points*nodes)
	lengths, steps := make([]float64, nodes), make([]float64, nodes)
	for v := range nodes {
		y[v], anchor[v], parentAnchor[v] = make([]float64, d), c.RootShape, c.RootShape
		lengths[v], steps[v] = c.EdgeLen, float64(c.Steps)
	}
	for i, v := range topology.Leaves() {
		y[v], anchor[v] = c.LeafObs[i], c.LeafObs[i]
		for k := range points {
			observed[k*nodes+v] = 1
		}
	}
	for field, values := range map[string][]float64{bffg.FieldLength: lengths, bffg.FieldSteps: steps, bffg.FieldObservation: byComponent(y), bffg.FieldObserved: observed,
		bffg.FieldStartAnchor: byComponent(anchor), bffg.FieldStartParent: byComponent(parentAnchor)} {
		require.NoError(t, run.Set(field, values), field)
	}
	return run
}

func TestGoldenKunita(t *testing.T) {
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		dev, err := cpu.Open(cpu.Options{Precision: precision})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, dev.Close()) })
		checkGoldenKunita(t, dev, "kunita_small.json", false)
		checkGoldenKunita(t, dev, "kunita.json", false)
		if precision == device.Float64 {
			checkGoldenKunita(t, dev, "kunita_small.json", true)
		}
	}
}

func checkGoldenKunita(t *testing.T, dev device.Device, file string, dense bool) {
	var c kunitaCase
	readGolden(t, file, &c)
	c.Bridge = bffg.EulerBridge
	gradient, err := autodiff.Gradient(c.program(t, dense), bffg.LogLikelihood, "log theta", bffg.FieldNoise)
	require.NoError(t, err)
	points := c.Landmarks
	if dense {
		points *= 2
	}
	run := c.open(t, dev, gradient, points, 1, bffg.LogLikelihood, "log h(root)", bffg.FieldLogWeight, bffg.FieldState, autodiff.GradientName("log theta"), autodiff.GradientName(bffg.FieldNoise))
	defer run.Close()
	nodes := len(c.Topology.Parents)
	require.NoError(t, run.Set(bffg.FieldNoise, c.noise(t)))
	require.NoError(t, run.Set(bffg.RootValue, c.RootShape))
	tolerance := 1e-8
	if dev.Info().Precision == device.Float32 {
		tolerance = 5e-3
	}
	for n, p := range c.Points {
		t.Run(fmt.Sprintf("%s %d %d dense %v", file, n, dev.Info().Precision, dense), func(t *testing.T) {
			require.NoError(t, run.Set("log theta", p.LogTheta))
			require.NoError(t, run.Run(context.Background()))
			get := func(field string) []float64 {
				x := make([]float64, run.Size(field))
				require.NoError(t, run.Get(field, x))
				return x
			}
			near := func(name string, want, got, scale float64) {
				t.Helper()
				require.InDelta(t, want, got, tolerance*max(1, scale), name)
			}
			size := math.Abs(p.LogLikelihood)
			near("log h(root)", p.LogHRoot, get("log h(root)")[0], math.Abs(p.LogHRoot))
			for v, want := range p.LogCorr {
				if v > 0 {
					near("log weight", want, get(bffg.FieldLogWeight)[v], size)
				}
			}
			near("log likelihood", p.LogLikelihood, get(bffg.LogLikelihood)[0], size)
			for i, x := range byComponent(p.ValsEnd) {
				near("state", x, get(bffg.FieldState)[i], 1)
			}
			gradTheta := get(autodiff.GradientName("log theta"))
			for i, g := range p.GradLogTheta {
				near("gradient of theta", g, gradTheta[i], math.Hypot(p.GradLogTheta[0], p.GradLogTheta[1]))
			}
			gradZ := get(autodiff.GradientName(bffg.FieldNoise))
			norm := 0.0
			for _, g := range gradZ {
				norm = math.Hypot(norm, g)
			}
			near("norm of the gradient of z", p.GradZNorm, norm, p.GradZNorm)
			if p.GradZ != nil {
				for i, g := range byNode(p.GradZ, nodes) {
					near("gradient of z", g, gradZ[i], p.GradZNorm)
				}
			}
			for k, g := range p.GradZHead { // of the first step of the last node
				near("head of the gradient of z", g, gradZ[k*nodes+nodes-1], p.GradZNorm)
			}
		})
	}
}

// BenchmarkKunita measures notebook 07's model: 13 nodes, 16 landmarks in the
// plane, 100 steps, float64, one chain on one core.
func BenchmarkKunita(b *testing.B) {
	var c kunitaCase
	readGolden(b, "kunita.json", &c)
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(b, err)
	defer dev.Close()
	for _, bridge := range []bffg.Bridge{bffg.EulerBridge, bffg.StepwiseBridge} {
		for _, gradient := range []bool{false, true} {
			name := fmt.Sprintf("%v forward", bridge)
			if gradient {
				name = fmt.Sprintf("%v gradient", bridge)
			}
			b.Run(name, func(b *testing.B) {
				c := c
				c.Bridge = bridge
				p := c.program(b, false)
				outputs := []string{bffg.LogLikelihood}
				if gradient {
					p, err = autodiff.Gradient(p, bffg.LogLikelihood, "log theta", bffg.FieldNoise)
					require.NoError(b, err)
					outputs = append(outputs, autodiff.GradientName("log theta"), autodiff.GradientName(bffg.FieldNoise))
				}
				run := c.open(b, dev, p, c.Landmarks, 1, outputs...)
				defer run.Close()
				require.NoError(b, run.Set(bffg.FieldNoise, c.noise(b)))
				require.NoError(b, run.Set(bffg.RootValue, c.RootShape))
				require.NoError(b, run.Set("log theta", c.Points[0].LogTheta))
				for b.Loop() {
					require.NoError(b, run.Run(context.Background()))
				}
			})
		}
	}
}
