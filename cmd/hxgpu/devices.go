package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/choice"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/vulkan"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

func newDevicesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "devices", Short: "List what can run, and why the rest cannot", Args: noArguments, Example: "  hxgpu devices",
		Long: `devices lists the devices that --device may name, and for those that cannot be
used, why. A software rasteriser (llvmpipe, SwiftShader) runs on the processor:
it can be named, but auto never takes it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dev, err := cpu.Open(cpu.Options{})
			if err != nil {
				return err
			}
			defer dev.Close()
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%-9s  %-13s  %s; --precision f64 (default) or f32\n", "cpu", "ready", dev.Info().Detail)
			adapters, err := vulkan.List()
			if err != nil {
				_, err = fmt.Fprintf(w, "%-9s  %-13s  %v\n", "vulkan", "not available", err)
				return err
			}
			for _, a := range adapters {
				if _, err := fmt.Fprintf(w, "%-9s  %-13s  %s\n", fmt.Sprintf("vulkan:%d", a.Index), "ready", adapterText(a)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// adapterText describes an adapter in one line.
func adapterText(a vulkan.Adapter) string {
	kind, precisions := a.Kind+" GPU", "f32 only"
	if a.Software {
		kind = "software, on the processor"
	}
	if a.Float64 {
		precisions = "f32 (default) or f64"
	}
	return fmt.Sprintf("%s, %s; driver %s, Vulkan %s; --precision %s; groups of %d lanes with %d KiB", a.Name, kind, a.Driver, a.API, precisions,
		a.Limits.GroupLanes, a.Limits.SharedBytes>>10)
}

// deviceFlags choose a device.
type deviceFlags struct {
	name, precision string
	chosen          string          // the name of the device that was opened
	adapters        choice.Adapters // once they are looked for
	workers         int             // of the CPU; 0: as many as there are processors
}

func (f *deviceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "device", "auto", "where to run: cpu, vulkan (the best GPU), vulkan:1 or vulkan:NAME\n(see hxgpu devices); auto takes a GPU where a trial shows that it pays")
	cmd.Flags().StringVar(&f.precision, "precision", "", "floating-point precision, f64 or f32 (default f64 on the CPU, f32 on GPUs)")
}

func (f *deviceFlags) options() choice.Options {
	o := choice.Options{Name: f.name, Precision: f.precision, Workers: f.workers}
	if o.Name == "auto" {
		o.Name = "cpu"
	}
	return o
}

// check finds mistakes before any file is read.
func (f *deviceFlags) check() error {
	if f.precision != "" && f.precision != "f64" && f.precision != "f32" {
		return usagef("--precision %s: use f64 or f32", f.precision)
	}
	if err := f.options().Check(); err != nil {
		return usagef("--device %s: %v%s; auto chooses", f.name, err, didYouMean(f.name, []string{"auto", "cpu", "vulkan"}))
	}
	return nil
}

// look begins to look for GPUs in the background, where they may be wanted.
func (f *deviceFlags) look() {
	if f.name == "auto" && f.adapters == nil {
		f.adapters = choice.Look()
	}
}

// open opens the device that was named; for auto, the one on which measure takes
// the least time. What auto found out goes to log. Without a measure auto is the
// CPU.
func (f *deviceFlags) open(ctx context.Context, log io.Writer, measure func(context.Context, device.Device) (time.Duration, error)) (device.Device, error) {
	if f.name != "auto" || measure == nil {
		dev, err := choice.Open(f.options())
		if err != nil {
			return nil, fmt.Errorf("--device %s: %w", f.name, err)
		}
		f.chosen = f.options().Name
		return dev, nil
	}
	f.look()
	dev, trials, err := choice.Auto(ctx, f.precision, f.adapters, measure)
	if err != nil {
		return nil, err
	}
	for _, t := range trials {
		if t.Chosen {
			f.chosen, _, _ = strings.Cut(t.Device, ": ")
		}
		if t.Time > 0 {
			fmt.Fprintf(log, "  trial       %s: %v per gradient%s\n", t.Device, t.Time.Round(100*time.Nanosecond), map[bool]string{true: ", chosen"}[t.Chosen])
		} else if !t.Chosen {
			fmt.Fprintf(log, "  not tried   %s: %v\n", t.Device, strings.TrimPrefix(t.Err.Error(), "vulkan: "))
		}
	}
	return dev, nil
}

// trialTime is how long a device is measured for auto.
const trialTime = 50 * time.Millisecond

// gradientTime measures a target's gradient on a device.
func gradientTime(target nuts.Target, chains int) func(context.Context, device.Device) (time.Duration, error) {
	return func(ctx context.Context, dev device.Device) (time.Duration, error) {
		return nuts.Trial(ctx, dev, target, chains, trialTime)
	}
}

// describe puts the device into words.
func (f *deviceFlags) describe(info device.Info) string {
	text := fmt.Sprintf("%s: %s", info.Name, info.Detail)
	if f.name == "auto" {
		text += " (auto)"
	}
	return text
}

func precisionName(p device.Precision) string {
	if p == device.Float32 {
		return "f32"
	}
	return "f64"
}

// record is the device as run.json has it.
func (f *deviceFlags) record(info device.Info) runstore.Device {
	return runstore.Device{Name: info.Name, Detail: info.Detail, Precision: precisionName(info.Precision), Workers: info.Workers}
}
