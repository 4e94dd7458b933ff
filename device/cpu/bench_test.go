package cpu_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/shaders"
)

func benchmarkLong(b *testing.B, precision device.Precision, operations, stages, items, chains int) {
	d, err := cpu.Open(cpu.Options{Precision: precision, Workers: 1})
	require.NoError(b, err)
	defer d.Close()
	p, _ := recordLong(b, d, operations, stages, items, chains)
	ops := 0
	for _, i := range longKernel(chains, operations).Instructions {
		if i.Op >= shaders.OpAdd && i.Op <= shaders.OpCos {
			ops++
		}
	}
	ctx := context.Background()
	for b.Loop() {
		if err := p.Run(ctx); err != nil {
			b.Fatal(err)
		}
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / float64(ops*stages)
	b.ReportMetric(ns, "ns/instruction")
	b.ReportMetric(ns/float64(items*chains), "ns/op-lane")
}

// BenchmarkLarge is about a hundred operations on many lanes: the cost of an
// operation in one lane.
func BenchmarkLarge(b *testing.B) {
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		for _, chains := range []int{1, 4, 1024} {
			b.Run(fmt.Sprintf("float%d/chains=%d", 64>>precision, chains), func(b *testing.B) {
				benchmarkLong(b, precision, 100, 1, 1<<18/chains, chains)
			})
		}
	}
}

// BenchmarkTiny is a recording of 16 stages of about 50 operations on few lanes:
// the fixed cost of an instruction.
func BenchmarkTiny(b *testing.B) {
	for _, grid := range [][2]int{{1, 1}, {1, 4}, {4, 1}, {4, 4}, {16, 4}} {
		b.Run(fmt.Sprintf("%dx%d", grid[0], grid[1]), func(b *testing.B) {
			benchmarkLong(b, device.Float64, 50, 16, grid[0], grid[1])
		})
	}
}
