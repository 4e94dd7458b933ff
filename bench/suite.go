package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/choice"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/device/vulkan"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// Suite is a set of measurements with a name.
type Suite struct {
	Name  string
	About string // what it measures, in a few words
	run   func(*session, context.Context) error
}

// Suites are all that there are, in the order in which they run.
func Suites() []Suite {
	return []Suite{
		{"seed", "sampling the built-in example, end to end: effective draws per second", (*session).seedSuite},
		{"scaling", "a gradient on 2^4 to 2^20 leaves (caterpillars: 2^18), 1 to 8 traits", (*session).scalingSuite},
		{"chains", "a gradient for 1 to 4,096 chains", (*session).chainsSuite},
		{"shapes", "a gradient of landmark models, 4 to 64 landmarks, 25 to 400 steps an edge", (*session).shapesSuite},
		{"devices", "every engine and Vulkan device by each schedule, and estimates for other GPUs", (*session).devicesSuite},
		{"startup", "from the start of the process to the first draws", (*session).startupSuite},
	}
}

// SuiteOptions say how to run suites.
type SuiteOptions struct {
	Quick     bool          // less of everything: a minute or two in all
	Devices   []string      // as [choice.Options] names them; none means all
	Precision string        // "f64", "f32" or "" for a device's own
	AtLeast   time.Duration // of each measurement; 0 is 300 ms, 60 ms if quick
	Version   string        // of hxgpu, for the report
	// Program is the command hxgpu as a file, which the suite startup runs; "" means
	// the running program.
	Program string
	// Log, if set, is told what is being measured.
	Log func(string)
}

// session is a run of suites.
type session struct {
	SuiteOptions
	suite   string // that runs
	report  *Report
	devices []device.Device
}

// RunSuites runs suites by their names, "all" being all of them. A measurement that
// fails is named in the report and left out. If the context ends, the report holds what
// there was by then.
func RunSuites(ctx context.Context, names []string, o SuiteOptions) (_ *Report, err error) {
	chosen, err := chooseSuites(names)
	if err != nil {
		return nil, err
	}
	if o.AtLeast == 0 {
		o.AtLeast = 300 * time.Millisecond
		if o.Quick {
			o.AtLeast = 60 * time.Millisecond
		}
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Program == "" {
		if o.Program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("bench: the suite startup runs hxgpu itself: %w", err)
		}
	}
	began := time.Now()
	s := &session{SuiteOptions: o, report: &Report{Versions: runstore.ReadVersions(o.Version), Machine: ReadMachine(), Quick: o.Quick}}
	defer func() {
		for _, dev := range s.devices {
			err = errors.Join(err, dev.Close())
		}
	}()
	if err := s.openDevices(); err != nil {
		return nil, err
	}
	for _, suite := range chosen {
		if ctx.Err() != nil {
			break
		}
		s.suite = suite.Name
		s.report.Suites = append(s.report.Suites, suite.Name)
		if err := suite.run(s, ctx); err != nil && ctx.Err() == nil {
			return nil, fmt.Errorf("suite %s: %w", suite.Name, err)
		}
	}
	s.report.setLimits()
	s.report.Growth = growth(s.report)
	if slices.Contains(s.report.Suites, "devices") && ctx.Err() == nil {
		if s.report.Estimates, err = estimates(o.Quick); err != nil {
			return nil, err
		}
	}
	s.report.Seconds = time.Since(began).Seconds()
	return s.report, nil
}

// chooseSuites finds suites by name, each once, in their own order.
func chooseSuites(names []string) ([]Suite, error) {
	var known, chosen []string
	for _, suite := range Suites() {
		known = append(known, suite.Name)
	}
	for _, name := range names {
		switch {
		case name == "all":
			chosen = known
		case slices.Contains(known, name):
			chosen = append(chosen, name)
		default:
			return nil, fmt.Errorf("bench: there is no suite %q; the suites are %v, and all", name, known)
		}
	}
	return slices.DeleteFunc(Suites(), func(s Suite) bool { return !slices.Contains(chosen, s.Name) }), nil
}

// openDevices opens the devices that were asked for, or all.
func (s *session) openDevices() error {
	names := s.Devices
	if len(names) == 0 {
		names = []string{"cpu"}
		adapters, err := vulkan.List()
		if err != nil {
			s.Log(fmt.Sprintf("no Vulkan: %v", err))
		}
		for _, a := range adapters {
			names = append(names, fmt.Sprintf("vulkan:%d", a.Index))
		}
	}
	for _, name := range names {
		dev, err := choice.Open(choice.Options{Name: name, Precision: s.Precision})
		if err != nil {
			return fmt.Errorf("device %s: %w", name, err)
		}
		s.devices = append(s.devices, dev)
	}
	return nil
}

// software says whether a device is the processor behind a graphics interface, which
// is slower than the CPU device and is measured only where devices are compared, or
// alone asked for.
func (s *session) software(dev device.Device) bool {
	return dev.Info().Software && dev.Info().Name != "cpu" && len(s.Devices) == 0
}

// fast are the devices that large problems are given to.
func (s *session) fast() []device.Device {
	return slices.DeleteFunc(slices.Clone(s.devices), s.software)
}

// result adds a measurement to the report.
func (s *session) result(ctx context.Context, dev device.Device, what string, measure func() (Result, error)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, err := s.limits(ctx, dev); err != nil {
		return err
	}
	what = fmt.Sprintf("%s: %s, %s", s.suite, deviceName(dev.Info().Name, dev.Info().Detail, precisionName(dev.Info().Precision)), what)
	s.Log(what)
	r, err := measure()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		s.fail(what, err)
		return nil
	}
	r.Suite = s.suite
	s.report.Results = append(s.report.Results, r)
	// What one case took must not be collected while the next one is timed.
	runtime.GC()
	return nil
}

// fail names a measurement that failed.
func (s *session) fail(what string, err error) {
	s.Log(fmt.Sprintf("  failed: %v", err))
	s.report.Failed = append(s.report.Failed, fmt.Sprintf("%s: %v", what, err))
}

// gradient measures a case.
func (s *session) gradient(ctx context.Context, dev device.Device, c Case, o Options) error {
	o.AtLeast = s.AtLeast
	what := fmt.Sprintf("%s tree of %d leaves, %d traits, %d chains, schedule %v", c.Tree, c.Leaves, c.Traits, c.Chains, o.Schedule)
	return s.result(ctx, dev, what, func() (Result, error) { return Measure(ctx, dev, c, o) })
}

// limits measures those of a device once.
func (s *session) limits(ctx context.Context, dev device.Device) (*Limits, error) {
	info := dev.Info()
	if l := s.report.limits(info.Detail); l != nil {
		return l, nil
	}
	s.Log(fmt.Sprintf("limits of %s: %s", info.Name, info.Detail))
	l, err := MeasureLimits(ctx, dev, s.AtLeast)
	if err != nil {
		return nil, fmt.Errorf("the limits of %s: %w", info.Detail, err)
	}
	s.report.Limits = append(s.report.Limits, l)
	return &s.report.Limits[len(s.report.Limits)-1], nil
}

// Engine is a way to run kernels on the processor.
type Engine struct {
	Name    string
	Options cpu.Options
}

// Engines are those that this processor has, the slowest first; only one where
// HXGPU_CPU chooses it.
func Engines() []Engine {
	if chosen := os.Getenv("HXGPU_CPU"); chosen != "" {
		return []Engine{{chosen, cpu.Options{}}}
	}
	all := []Engine{{"portable", cpu.Options{Portable: true}}}
	if native.Supported() == "" {
		all = append(all, Engine{"AVX2", cpu.Options{AVX2: true}})
		if native.Wide() {
			all = append(all, Engine{"AVX-512", cpu.Options{}})
		}
	}
	return all
}

// powers are 2^from, 2^(from+step), ... up to 2^to.
func powers(from, to, step int) []int {
	var all []int
	for k := from; k <= to; k += step {
		all = append(all, 1<<k)
	}
	return all
}
