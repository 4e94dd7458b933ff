// Package choice opens devices by the names that a user gives them, and chooses
// between the CPU and a GPU by a measurement.
package choice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/vulkan"
)

// Options say which device to open.
type Options struct {
	// Name is "cpu", "vulkan" (the best GPU), "vulkan:1" (by number) or
	// "vulkan:NAME" (by part of the adapter's name).
	Name string
	// Precision is "f64", "f32", or "" for the device's own: f64 on the CPU, f32 on
	// GPUs.
	Precision string
	// Workers are those of the CPU; 0 means as many as there are processors.
	Workers int
}

// Check finds mistakes in names before anything is opened.
func (o Options) Check() error {
	kind, which, named := strings.Cut(o.Name, ":")
	switch {
	case kind != "cpu" && kind != "vulkan":
		return fmt.Errorf("there is no device %q; use cpu, vulkan, vulkan:1 or vulkan:NAME", o.Name)
	case kind == "cpu" && named:
		return fmt.Errorf("device %q: the CPU is one device; use cpu", o.Name)
	case named && which == "":
		return fmt.Errorf("device %q: a number or a part of the adapter's name is missing after the colon", o.Name)
	case o.Precision != "" && o.Precision != "f64" && o.Precision != "f32":
		return fmt.Errorf("there is no precision %q; use f64 or f32", o.Precision)
	}
	return nil
}

// Open opens a device. It never takes another one than was asked for; the error
// says what is missing.
func Open(o Options) (device.Device, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	precision := device.Float64
	kind, which, _ := strings.Cut(o.Name, ":")
	if o.Precision == "f32" || o.Precision == "" && kind == "vulkan" {
		precision = device.Float32
	}
	if kind == "cpu" {
		return cpu.Open(cpu.Options{Precision: precision, Workers: o.Workers})
	}
	return vulkan.Open(vulkan.Options{Device: which, Precision: precision})
}

// Trial is what was found out about a device that Auto considered.
type Trial struct {
	Device string        // its name and detail
	Time   time.Duration // as measured; 0 without a measurement
	Err    error         // why there is none
	Chosen bool
}

// errSoftware is why a software rasteriser is not considered.
var errSoftware = errors.New("runs on the processor, as the CPU device does, only slower")

// Adapters waits until the GPUs have been found.
type Adapters func() ([]vulkan.Adapter, error)

// Look begins to look for GPUs, which takes some 10 ms, in the background.
func Look() Adapters {
	list := sync.OnceValues(vulkan.List)
	go list() //nolint:errcheck // whoever waits is told
	return list
}

// Auto opens the CPU, or one of the GPUs that were looked for where measure takes less
// time there. Without a GPU nothing is measured.
func Auto(ctx context.Context, precision string, look Adapters, measure func(context.Context, device.Device) (time.Duration, error)) (device.Device, []Trial, error) {
	best, err := Open(Options{Name: "cpu", Precision: precision})
	if err != nil {
		return nil, nil, err
	}
	trials := []Trial{{Device: describe(best.Info()), Chosen: true}}
	adapters, err := look()
	if err != nil {
		return best, append(trials, Trial{Device: "vulkan", Err: err}), nil
	}
	chosen := 0
	for _, a := range adapters {
		name := fmt.Sprintf("vulkan:%d", a.Index)
		if a.Software {
			trials = append(trials, Trial{Device: name + ": " + a.Name, Err: errSoftware})
			continue
		}
		if trials[0].Time == 0 && trials[0].Err == nil {
			if trials[0].Time, err = measure(ctx, best); err != nil {
				return nil, nil, errors.Join(err, best.Close())
			}
		}
		trial, candidate := try(ctx, Options{Name: name, Precision: precision}, a.Name, measure)
		if candidate == nil {
			trials = append(trials, trial)
			continue
		}
		trials = append(trials, trial)
		if trial.Time >= trials[chosen].Time {
			candidate.Close()
			continue
		}
		best.Close()
		trials[chosen].Chosen = false
		chosen = len(trials) - 1
		trials[chosen].Chosen = true
		best = candidate
	}
	return best, trials, nil
}

// try opens a device and measures it; the device is nil if that fails.
func try(ctx context.Context, o Options, adapter string, measure func(context.Context, device.Device) (time.Duration, error)) (Trial, device.Device) {
	trial := Trial{Device: o.Name + ": " + adapter}
	dev, err := Open(o)
	if err != nil {
		trial.Err = err
		return trial, nil
	}
	trial.Device = o.Name + ": " + dev.Info().Detail
	if trial.Time, trial.Err = measure(ctx, dev); trial.Err != nil {
		dev.Close()
		return trial, nil
	}
	return trial, dev
}

func describe(info device.Info) string { return info.Name + ": " + info.Detail }
