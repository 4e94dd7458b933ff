package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// noVulkan says why Vulkan is not there.
const noVulkan = "not built into this version"

func newDevicesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "devices", Short: "List what can run, and why the rest cannot", Args: noArguments, Example: "  hxgpu devices",
		Long: "devices lists the devices that --device may name, and for those that cannot be used, why.",
		RunE: func(cmd *cobra.Command, args []string) error {
			dev, err := cpu.Open(cpu.Options{})
			if err != nil {
				return err
			}
			defer dev.Close()
			info := dev.Info()
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "cpu     ready          %s; --precision f64 (default) or f32\nvulkan  not available  %s\n", info.Detail, noVulkan)
			return err
		},
	}
}

// deviceFlags choose a device.
type deviceFlags struct{ name, precision string }

func (f *deviceFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "device", "auto", "where to run: auto or cpu")
	cmd.Flags().StringVar(&f.precision, "precision", "f64", "floating-point precision: f64 or f32")
}

// check finds mistakes before any file is read.
func (f *deviceFlags) check() error {
	switch f.name {
	case "auto", "cpu":
	case "vulkan":
		return usagef("--device vulkan: %s; use --device cpu, or auto, which takes the CPU", noVulkan)
	default:
		return usagef("--device %s: there is no such device%s; use auto or cpu", f.name, didYouMean(f.name, []string{"auto", "cpu", "vulkan"}))
	}
	if f.precision != "f64" && f.precision != "f32" {
		return usagef("--precision %s: use f64 or f32", f.precision)
	}
	return nil
}

// open opens the device.
func (f *deviceFlags) open() (device.Device, error) {
	precision := device.Float64
	if f.precision == "f32" {
		precision = device.Float32
	}
	return cpu.Open(cpu.Options{Precision: precision})
}

// describe puts the device into words.
func (f *deviceFlags) describe(info device.Info) string {
	text := fmt.Sprintf("%s: %s", info.Name, info.Detail)
	if f.name == "auto" {
		text += " (auto: the CPU is the only device of this version)"
	}
	return text
}

// record is the device as run.json has it.
func (f *deviceFlags) record(info device.Info) runstore.Device {
	return runstore.Device{Name: info.Name, Detail: info.Detail, Precision: f.precision, Workers: info.Workers}
}
