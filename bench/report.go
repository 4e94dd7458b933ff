package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// Report is what suites measured, on what.
type Report struct {
	runstore.Versions
	Machine   Machine    `json:"machine"`
	Suites    []string   `json:"suites"`
	Quick     bool       `json:"quick"`
	Seconds   float64    `json:"seconds"` // that the suites took
	Limits    []Limits   `json:"limits"`
	Results   []Result   `json:"results,omitempty"`
	Sampling  []Sampling `json:"sampling,omitempty"`
	Startups  []Startup  `json:"startups,omitempty"`
	Growth    []Growth   `json:"growth,omitempty"`
	Estimates []Estimate `json:"estimates,omitempty"`
	Failed    []string   `json:"failed,omitempty"`
}

// Machine is the computer that was measured.
type Machine struct {
	Processor  string `json:"processor"` // its model, "" where the system does not say
	Processors int    `json:"processors"`
	Memory     int64  `json:"memory_bytes,omitempty"`
}

func (m Machine) String() string {
	text := fmt.Sprintf("%d processors", m.Processors)
	if m.Processor != "" {
		text = fmt.Sprintf("%d x %s", m.Processors, m.Processor)
	}
	if m.Memory > 0 {
		text += fmt.Sprintf(", %.0f GB", float64(m.Memory)/1e9)
	}
	return text
}

// ReadMachine describes this computer, in more words on Linux than elsewhere.
func ReadMachine() Machine {
	m := Machine{Processors: runtime.NumCPU()}
	m.Processor = procField("/proc/cpuinfo", "model name")
	if kilobytes, ok := strings.CutSuffix(procField("/proc/meminfo", "MemTotal"), " kB"); ok {
		if n, err := strconv.ParseInt(kilobytes, 10, 64); err == nil {
			m.Memory = n << 10
		}
	}
	return m
}

// procField is the first value of a field in one of Linux' files of fields, or "".
func procField(file, field string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == field {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}

// ReadReport reads a report that `hxgpu bench SUITE --out DIR` wrote.
func ReadReport(file string) (*Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: it is not a report of hxgpu bench: %w", file, err)
	}
	if len(r.Suites) == 0 {
		return nil, fmt.Errorf("%s: it names no suites; make it by hxgpu bench all --out DIR", file)
	}
	return r, nil
}

// JSON is the report as a file.
func (r *Report) JSON() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	return append(text, '\n'), err
}

// limits are those of a device, nil if they were not measured.
func (r *Report) limits(detail string) *Limits {
	for i := range r.Limits {
		if r.Limits[i].Detail == detail {
			return &r.Limits[i]
		}
	}
	return nil
}

// setLimits gives each result its device's limit. Engines of one processor share its
// memory and caches, so that the best that was measured by any of them counts for all: a
// busy machine can only have lowered the others.
func (r *Report) setLimits() {
	memory, cache := 0.0, 0.0
	for _, l := range r.Limits {
		if l.Cache > 0 {
			memory, cache = max(memory, l.Memory), max(cache, l.Cache)
		}
	}
	for i := range r.Limits {
		if l := &r.Limits[i]; l.Cache > 0 {
			l.Memory, l.Cache = memory, cache
		}
	}
	for i := range r.Results {
		x := &r.Results[i]
		if l := r.limits(x.Detail); l != nil {
			x.Limit = float64(x.Chains) / l.Time(x.Bytes, x.Flops)
		}
	}
	for i := range r.Sampling {
		x := &r.Sampling[i]
		if l := r.limits(x.Detail); l != nil {
			x.Limit = x.PerGradient * float64(x.Chains) / l.Time(x.Bytes, x.Flops)
		}
	}
}

// of are the results of a suite.
func (r *Report) of(suite string) []Result {
	var found []Result
	for _, x := range r.Results {
		if x.Suite == suite {
			found = append(found, x)
		}
	}
	return found
}

// deviceName names a device and its engine in a few words.
func deviceName(name, detail, precision string) string {
	detail, _, _ = strings.Cut(detail, ",")
	detail = strings.TrimSuffix(detail, " engine")
	if open := strings.Index(detail, " ("); open > 0 {
		detail = detail[:open]
	}
	if detail == "" {
		return name + " " + precision
	}
	return name + " " + detail + " " + precision
}
