package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Startup is the time of a whole process.
type Startup struct {
	What    string  `json:"what"`
	Command string  `json:"command"`
	Runs    int     `json:"runs"`
	Seconds float64 `json:"seconds"` // the median, from the start of the process to its end
	Fastest float64 `json:"fastest_seconds"`
}

// floor is the startup that does nothing, which no other can be faster than.
const floor = "nothing but start"

// startupSuite runs the program itself: to print its version, and to sample the fewest
// draws that it takes.
func (s *session) startupSuite(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "hxgpu-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	const draw = " --chains 1 --warmup 0 --draws 4 --progress none --quiet"
	const large = " --tree large/tree.nwk --traits large/traits.csv --trait x"
	if _, err := s.process(ctx, folder, "simulate --tips 10000 --random-tree --trait x --set sigma_sq=1 --set tau_sq=0.1 --quiet --out large"); err != nil {
		return err
	}
	for _, x := range []Startup{
		{What: floor, Command: "version"},
		{What: "first draws of the built-in example", Command: "sample --device cpu" + draw},
		{What: "the same by the default device, GPUs looked for", Command: "sample" + draw},
		{What: "first draws of shapes, 100 steps an edge", Command: "sample --model kunita --bridge discrete --algorithm rw --device cpu --state-draws 0" + draw},
		{What: "a likelihood on a tree of 10,000 tips, read from files", Command: "loglik --device cpu --set sigma_sq=1 --set tau_sq=0.1" + large},
		{What: "first draws on that tree", Command: "sample --device cpu --algorithm nuts --max-treedepth 1 --state-draws 0" + draw + large},
		{What: "first draws of the built-in example by Vulkan", Command: "sample --device vulkan" + draw},
	} {
		if strings.Contains(x.Command, "vulkan") && !s.hasVulkan() {
			continue
		}
		s.Log(fmt.Sprintf("%s: hxgpu %s", s.suite, x.Command))
		runs := 11
		if s.Quick {
			runs = 3
		}
		var samples []float64
		for range runs {
			took, err := s.process(ctx, folder, x.Command)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				s.fail("startup: "+x.What, err)
				break
			}
			samples = append(samples, took.Seconds())
		}
		if len(samples) == runs {
			x.Runs, x.Seconds = runs, median(samples)
			x.Fastest, x.Command = samples[0], "hxgpu "+x.Command
			s.report.Startups = append(s.report.Startups, x)
		}
	}
	return nil
}

func (s *session) hasVulkan() bool {
	for _, dev := range s.devices {
		if dev.Info().Name == "vulkan" {
			return true
		}
	}
	return false
}

// process runs a command of hxgpu in a folder and measures how long it takes.
func (s *session) process(ctx context.Context, folder, command string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, s.Program, strings.Fields(command)...)
	cmd.Dir = folder
	began := time.Now()
	output, err := cmd.CombinedOutput()
	took := time.Since(began)
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(output)), "\n")
		return 0, fmt.Errorf("hxgpu %s: %w: %s", command, err, lines[len(lines)-1])
	}
	return took, nil
}
