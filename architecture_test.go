package hxgpu_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/hxgpu/hxgpu"

// allowed lists, for every package, the packages of this module that it may
// import. ARCHITECTURE.md draws the same picture.
var allowed = map[string][]string{
	"tensor":                   {},
	"tree":                     {"tensor"},
	"autodiff":                 {"tensor", "tree"},
	"sde":                      {"autodiff", "tensor"},
	"shaders":                  {"tensor"},
	"shaders/spirv":            {"shaders"},
	"device":                   {"shaders"},
	"device/devicetest":        {"device", "shaders", "tensor"},
	"device/cpu":               {"device", "device/cpu/native", "shaders"},
	"device/cpu/amd64":         {},
	"device/cpu/native":        {"device/cpu/amd64", "shaders"},
	"device/vulkan":            {"device", "shaders", "shaders/spirv"},
	"device/vulkan/vulkantest": {"device", "device/vulkan"},
	"device/trace":             {"device", "shaders"},
	"device/choice":            {"device", "device/cpu", "device/vulkan"},
	"device/plan":              {"device", "shaders", "tensor", "tree"},
	"nuts":                     {"device", "shaders", "tensor"},
	"nuts/nutstest":            {"device", "nuts"},
	"bffg/prior":               {"tensor"},
	"bffg/mle":                 {"bffg", "bffg/prior", "device", "nuts"},
	"bffg":                     {"autodiff", "bffg/prior", "device", "device/plan", "nuts", "tensor", "tree"},
	"landmarks":                {"tree"},
	"internal/diagnosis":       {"nuts"},
	"internal/loo":             {},
	"internal/contrasts":       {"tree"},
	"internal/pictures":        {"tree"},
	"internal/document":        {"internal/pictures"},
	"internal/calibration":     {"device", "device/cpu", "nuts"},
	"internal/config":          {},
	"internal/progress":        {"nuts"},
	"internal/runstore":        {"nuts", "tree"},
	"bench":                    nil, // anything
	"bench/compare":            {},
	"cmd/hxgpu":                nil, // anything
	"examples/doublewell":      nil,
	"examples/shapes":          nil,
	"examples/statevariance":   nil,
}

// TestImportsPointOneWay holds the direction of imports: nothing points back up.
func TestImportsPointOneWay(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command on the path")
	}
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	require.NoError(t, err)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(strings.TrimPrefix(fields[0], module), "/")
		if name == "" {
			continue
		}
		may, known := allowed[name]
		require.True(t, known, "package %s is not in the list of packages: add it with what it may import", name)
		if may == nil {
			continue
		}
		for _, imported := range fields[1:] {
			if own, ok := strings.CutPrefix(imported, module+"/"); ok {
				require.True(t, slices.Contains(may, own), "%s imports %s, which is not below it", name, own)
			}
		}
	}
}
