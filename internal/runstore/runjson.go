package runstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
	UnitNoise    bool    `json:"unit_noise"`
	Start        string  `json:"start"`
	Superchains  int     `json:"superchains"`
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
	// Files are the copies of all files that were read.
	Files []InputFile `json:"files,omitempty"`
}

// Device describes where a run was made.
type Device struct {
	Name      string `json:"name"`
	Detail    string `json:"detail"`
	Precision string `json:"precision"`
	Workers   int    `json:"workers"`
}

// Phase is how far a run is.
type Phase string

// The phases of a run. One that is "running" although no process has its folder
// locked was killed.
const (
	Running     Phase = "running"
	Interrupted Phase = "interrupted" // by Ctrl-C or an error, its files being in order
	Finished    Phase = "finished"
	Merged      Phase = "merged" // put together of other runs
)

// Origin says which chain of which seed a chain is; equal origins are equal chains.
type Origin struct {
	Seed   uint64 `json:"seed"`
	Number int    `json:"number"` // from 1
}

// Session is one process's work on a run.
type Session struct {
	Started  string   `json:"started"` // RFC 3339
	Versions Versions `json:"versions"`
	Device   Device   `json:"device"`
	Timings  *Timings `json:"timings,omitempty"` // unless it was killed
}

// Run is what run.json holds. Sessions and timings apart, it is a function of the
// settings and the data, like all other files of a run.
type Run struct {
	Phase Phase `json:"state"`
	// Versions, Started and Device are those of the first session.
	Versions Versions `json:"versions"`
	Started  string   `json:"started"`
	// Flags are the values of all flags that the draws depend on.
	Flags      map[string][]string `json:"flags"`
	Settings   Settings            `json:"settings"`
	Parameters []ModelParameter    `json:"parameters"`
	Derived    []ModelParameter    `json:"derived,omitempty"` // quantities that follow from the parameters
	Data       DataFiles           `json:"data"`
	Device     Device              `json:"device"`
	Draws      int                 `json:"draws"` // of each chain, that were made when this was written
	StateDraws int                 `json:"state_draws"`
	// PositionStride is the number of draws between two whose whole positions are
	// kept, where the noise is sampled.
	PositionStride int       `json:"position_stride,omitempty"`
	Interrupted    bool      `json:"interrupted"`
	Origins        []Origin  `json:"origins,omitempty"` // of the chains of a merged run
	Sources        []string  `json:"sources,omitempty"` // the folders that it was put together of
	Sessions       []Session `json:"sessions"`
	Timings        Timings   `json:"timings"` // of all sessions that were not killed
}

// ChainOrigins are the origins of all chains.
func (r Run) ChainOrigins() []Origin {
	if len(r.Origins) > 0 {
		return r.Origins
	}
	origins := make([]Origin, r.Settings.Chains)
	for c := range origins {
		origins[c] = Origin{r.Settings.Seed, c + 1}
	}
	return origins
}

// Add adds the times of another session.
func (t *Timings) Add(other Timings) {
	t.Compile += other.Compile
	t.Warmup += other.Warmup
	t.Draws += other.Draws
	t.Total += other.Total
}

// WriteRun writes run.json.
func (f *Folder) WriteRun(r Run) error {
	return f.WriteDurably(RunFile, func(w io.Writer) error { return EncodeJSON(w, r) })
}

// ReadRun reads run.json. The error is [ErrNoRun] where there is none, or a
// *[DamagedError].
func (f *Folder) ReadRun() (Run, error) {
	path := f.Path(RunFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if set, err := f.ReadTreeSet(); err == nil {
			return Run{}, fmt.Errorf("%s %w of its own, but those of a set of %d trees: name the folder of one, such as %s", f.path, ErrNoRun, len(set.Trees), f.Path(set.Trees[0].Folder))
		}
		return Run{}, fmt.Errorf("%s %w: it has no %s", f.path, ErrNoRun, RunFile)
	}
	if err != nil {
		return Run{}, fmt.Errorf("%s: cannot be read: %w", path, cause(err))
	}
	r, err := decodeRun(text)
	if err != nil {
		return Run{}, &DamagedError{path, err.Error()}
	}
	return r, nil
}

// ErrNoRun says that a folder holds no run.
var ErrNoRun = errors.New("holds no run")

func decodeRun(text []byte) (Run, error) {
	var r Run
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("it cannot be read: %w", err)
	}
	switch r.Phase {
	case Running, Interrupted, Finished, Merged:
	case "":
		return r, fmt.Errorf("it was written by an hxgpu that kept no table of draws: sample again")
	default:
		return r, fmt.Errorf("the state of the run is %q, which this hxgpu does not know", r.Phase)
	}
	if r.Settings.Chains < 1 || r.Settings.Chains > mostChains {
		return r, fmt.Errorf("it says that the run has %d chains", r.Settings.Chains)
	}
	if len(r.Origins) > 0 && len(r.Origins) != r.Settings.Chains {
		return r, fmt.Errorf("it has %d chains and the origins of %d", r.Settings.Chains, len(r.Origins))
	}
	return r, nil
}
