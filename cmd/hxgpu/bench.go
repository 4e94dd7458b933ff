package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bench"
	"github.com/hxgpu/hxgpu/device/choice"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/device/vulkan"
)

type benchCommand struct {
	leaves, chains, traits []int
	devices                []string
	precision, schedule    string
	seconds                float64
	json                   bool
	plot                   string
	quick                  bool
	out                    string

	stdout, stderr io.Writer
}

func newBenchCommand() *cobra.Command {
	var c benchCommand
	cmd := &cobra.Command{
		Use: "bench [SUITE...]", Short: "Measure gradients and draws per second, the CPU against each GPU", Args: suiteArguments, ValidArgs: suiteNames(),
		Long: `bench measures how fast this computer is. Suites go over what matters:

` + suitesHelp() + `
They run on the CPU and every Vulkan device, or those that --device names; a GPU that
the processor only plays is measured in chains and devices alone. Each gives a table,
beside what the device could do at best: the bandwidth of its memory and its
multiplications and additions per second, which are measured first. How the cost grows
with leaves and chains is printed as an exponent, which is 1 where it is linear.
Estimates for GPUs follow from the planned dispatches, bytes and flops; nothing of them
is measured. --quick makes all suites take less than two minutes on two cores; otherwise
it is less than thirty. --out keeps figures (bench.json, with processor, versions and
commit) and pictures. The exit status is 1 if a measurement failed.

Without a suite, bench measures gradients of the log posterior, counted per chain, and
draws, over the sizes, numbers of chains and of traits that the flags ask for. One trait
is the built-in example's model, several are Brownian motion with a full rate matrix.
Dispatches, barriers, bytes and flops are what the planner counts for one gradient of
all chains. Draws are measured on trees of at most 64 leaves.`,
		Example: `  hxgpu bench all --quick --out bench
  hxgpu bench chains seed --quick --device cpu --json > bench.json
  hxgpu bench
  hxgpu bench --leaves 16 --chains 4,64,1024 --json > bench.json
  hxgpu bench --device cpu --device vulkan --leaves 1024 --chains 4,64,1024 --plot bench.svg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout, c.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			if len(args) > 0 {
				return c.runSuites(cmd, args)
			}
			for _, name := range suiteFlags {
				if cmd.Flags().Changed(name) {
					return usagef("--%s is for suites: hxgpu bench all --%s, or one of %s", name, name, strings.Join(suiteNames(), ", "))
				}
			}
			return c.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&c.leaves, "leaves", []int{16, 1024}, "sizes of the tree, powers of two from 2 to 16777216")
	f.IntSliceVar(&c.chains, "chains", []int{4, 64, 1024}, "numbers of chains")
	f.IntSliceVar(&c.traits, "traits", []int{1}, "numbers of traits, 1 to 8")
	f.StringArrayVar(&c.devices, "device", nil, "cpu, vulkan, vulkan:1 or vulkan:NAME; may be given several times (default all)")
	f.StringVar(&c.precision, "precision", "", "floating-point precision, f64 or f32 (default f64 on the CPU, f32 on GPUs)")
	f.StringVar(&c.schedule, "schedule", "auto", "how a gradient is cut into dispatches: auto, slab or tree")
	f.Float64Var(&c.seconds, "seconds", 0.3, "least time of each measurement (with --quick: 0.06)")
	f.BoolVar(&c.json, "json", false, "print the results as JSON")
	f.StringVar(&c.plot, "plot", "", "draw chain-gradients per second into `file` (.svg, .png or .pdf)")
	f.BoolVar(&c.quick, "quick", false, "suites: fewer sizes and shorter measurements")
	f.StringVar(&c.out, "out", "", "suites: `folder` for bench.json and the pictures; those of an earlier run are replaced")
	return cmd
}

// check finds mistakes before anything is measured.
func (c *benchCommand) check() error {
	for _, n := range c.leaves {
		if n < 2 || n > 1<<24 || bits.OnesCount(uint(n)) != 1 {
			return usagef("--leaves %d: it must be a power of two from 2 to %d", n, 1<<24)
		}
	}
	for _, n := range c.chains {
		if n < 1 || n > 100_000 {
			return usagef("--chains %d: it must be 1 to 100000", n)
		}
	}
	for _, n := range c.traits {
		if n < 1 || n > 8 {
			return usagef("--traits %d: it must be 1 to 8", n)
		}
	}
	for _, name := range append([]string{"cpu"}, c.devices...) {
		if err := (choice.Options{Name: name, Precision: c.precision}).Check(); err != nil {
			return usagef("--device %s: %v", name, err)
		}
	}
	if _, err := plan.ParseSchedule(c.schedule); err != nil {
		return usagef("--schedule %s: use auto, slab or tree", c.schedule)
	}
	if !(c.seconds > 0 && c.seconds <= 3600) {
		return usagef("--seconds %v: it must be above 0, at most 3600", c.seconds)
	}
	if c.plot != "" && !slices.Contains([]string{".svg", ".png", ".pdf"}, filepath.Ext(c.plot)) {
		return usagef("--plot %s: the file must end in .svg, .png or .pdf", c.plot)
	}
	return nil
}

// benchReport is what --json prints.
type benchReport struct {
	Go         string         `json:"go"`
	Platform   string         `json:"platform"`
	Processors int            `json:"processors"`
	Results    []bench.Result `json:"results"`
	Failed     []string       `json:"failed,omitempty"`
}

func (c *benchCommand) run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	devices := c.devices
	if len(devices) == 0 {
		devices = []string{"cpu"}
		adapters, err := vulkan.List()
		if err != nil {
			fmt.Fprintf(c.stderr, "no Vulkan: %v\n", err)
		}
		for _, a := range adapters {
			devices = append(devices, fmt.Sprintf("vulkan:%d", a.Index))
		}
	}
	report := benchReport{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Processors: runtime.NumCPU()}
	for _, name := range devices {
		if err := c.measure(ctx, name, &report); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		fmt.Fprintln(c.stderr, "interrupted: these are the results so far")
	}
	if err := c.print(report); err != nil {
		return err
	}
	if c.plot != "" {
		if err := bench.Plot(report.Results, c.plot); err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
	}
	if ctx.Err() != nil {
		return errInterrupted
	}
	return nil
}

// drawsUpTo is the most leaves for which draws are measured.
const drawsUpTo = 64

// measure adds the results of one device to the report. A case that fails is
// reported and left out; a device that cannot be opened is an error.
func (c *benchCommand) measure(ctx context.Context, name string, report *benchReport) (err error) {
	dev, err := choice.Open(choice.Options{Name: name, Precision: c.precision})
	if err != nil {
		return fmt.Errorf("--device %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	schedule, err := plan.ParseSchedule(c.schedule)
	if err != nil {
		return err
	}
	o := bench.Options{AtLeast: time.Duration(c.seconds * float64(time.Second)), Schedule: schedule, DrawsUpTo: drawsUpTo}
	for _, leaves := range c.leaves {
		for _, traits := range c.traits {
			for _, chains := range c.chains {
				if ctx.Err() != nil {
					return nil
				}
				what := fmt.Sprintf("%s, %d leaves, %d traits, %d chains", name, leaves, traits, chains)
				fmt.Fprintf(c.stderr, "measuring %s\n", what)
				r, err := bench.Measure(ctx, dev, bench.Case{Leaves: leaves, Traits: traits, Chains: chains}, o)
				switch {
				case ctx.Err() != nil:
					return nil
				case err != nil:
					fmt.Fprintf(c.stderr, "  failed: %v\n", err)
					report.Failed = append(report.Failed, what+": "+err.Error())
				default:
					report.Results = append(report.Results, r)
				}
			}
		}
	}
	return nil
}

func (c *benchCommand) print(report benchReport) error {
	if c.json {
		encoder := json.NewEncoder(c.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	seen := map[string]bool{}
	for _, r := range report.Results {
		if !seen[r.Detail] {
			seen[r.Detail] = true
			fmt.Fprintf(c.stdout, "%s: %s\n", r.Device, r.Detail)
		}
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "device\tleaves\ttraits\tchains\tgradients/s\tns/node\tdraws/s\tschedule\tdispatches\tbarriers\tKB\tkflop\tGflop/s\t")
	for _, r := range report.Results {
		draws := "-"
		if r.Draws > 0 {
			draws = fmt.Sprintf("%.3g", r.Draws)
		}
		perSecond := r.Gradients / float64(r.Chains)
		fmt.Fprintf(w, "%s %s\t%d\t%d\t%d\t%.3g\t%.3g\t%s\t%s\t%d\t%d\t%.4g\t%.4g\t%.3g\t\n", r.Device, r.Precision, r.Leaves, r.Traits, r.Chains,
			r.Gradients, r.PerNode, draws, r.Schedule, r.Dispatches, r.Barriers, float64(r.Bytes)/1e3, float64(r.Flops)/1e3, perSecond*float64(r.Flops)/1e9)
	}
	return w.Flush()
}
