package runstore

import (
	"runtime"
	"runtime/debug"
)

// Versions says what made a run.
type Versions struct {
	Hxgpu    string `json:"hxgpu"`
	Commit   string `json:"commit,omitempty"` // with "+changes" where the tree had some
	Go       string `json:"go"`
	Platform string `json:"platform"` // operating system and architecture
}

// ReadVersions fills in what the running program knows of itself.
func ReadVersions(version string) Versions {
	v := Versions{Hxgpu: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	changes := ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			v.Commit = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			changes = "+changes"
		}
	}
	if v.Commit != "" {
		v.Commit += changes
	}
	return v
}

// Settings are a run's settings with their defaults filled in.
type Settings struct {
	Model        string  `json:"model"`
	Chains       int     `json:"chains"`
	Warmup       int     `json:"warmup"`
	Draws        int     `json:"draws"`
	Seed         uint64  `json:"seed"`
	TargetAccept float64 `json:"target_accept"`
	MaxTreeDepth int     `json:"max_treedepth"`
	Algorithm    string  `json:"algorithm"`
	Integrator   string  `json:"integrator"`
	Metric       string  `json:"metric"`
	Pooled       bool    `json:"pooled"`
	PathLength   float64 `json:"path_length"`
	MaxSteps     int     `json:"max_steps"`
	StepJitter   float64 `json:"step_jitter"`
	StateDraws   int     `json:"state_draws"`
	Device       string  `json:"device"`
	Precision    string  `json:"precision"`
	TipNoise     bool    `json:"tip_noise"`
	Root         string  `json:"root"`
}

// ModelParameter is a parameter as the model has it.
type ModelParameter struct {
	Name   string   `json:"name"`
	Labels []string `json:"labels,omitempty"`
	Prior  string   `json:"prior,omitempty"`
	Fixed  []Number `json:"fixed,omitempty"`
	About  string   `json:"about,omitempty"`
}

// DataFiles says what was read and what was done with it.
type DataFiles struct {
	Tree      string   `json:"tree,omitempty"`
	Traits    string   `json:"traits,omitempty"`
	BuiltIn   string   `json:"built_in,omitempty"`
	Columns   []string `json:"columns"`
	Tips      int      `json:"tips"`
	Nodes     int      `json:"nodes"`
	Height    Number   `json:"height"`   // the largest distance between the root and a tip
	Observed  []int    `json:"observed"` // the tips with a value, per column
	TreeOnly  []string `json:"tips_without_row,omitempty"`
	TableOnly []string `json:"rows_without_tip,omitempty"`
}

// Device describes where a run was made.
type Device struct {
	Name      string `json:"name"`
	Detail    string `json:"detail"`
	Precision string `json:"precision"`
	Workers   int    `json:"workers"`
}

// Run is what run.json holds.
type Run struct {
	Versions    Versions         `json:"versions"`
	Started     string           `json:"started"` // RFC 3339
	Settings    Settings         `json:"settings"`
	Parameters  []ModelParameter `json:"parameters"`
	Data        DataFiles        `json:"data"`
	Device      Device           `json:"device"`
	Draws       int              `json:"draws"` // of each chain, that were made
	StateDraws  int              `json:"state_draws"`
	Interrupted bool             `json:"interrupted"`
	Timings     Timings          `json:"timings"`
}
