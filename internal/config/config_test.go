package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/config"
)

// values are the flags of the tests.
type values struct {
	tree, trait, start, model string
	chains                    int
	seed                      uint64
	accept                    float64
	pooled                    bool
	every                     time.Duration
	prior, fix                []string
}

func newFlags() (*pflag.FlagSet, *values) {
	v := &values{}
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f.StringVar(&v.tree, "tree", "", "the tree, a `file`")
	f.StringVar(&v.trait, "trait", "", "`column`, several with commas between")
	f.StringVar(&v.start, "start", "uniform", "uniform or file=F")
	f.StringVar(&v.model, "model", "bm", "the model")
	f.IntVar(&v.chains, "chains", 4, "number of chains")
	f.Uint64Var(&v.seed, "seed", 1, "the seed")
	f.Float64Var(&v.accept, "target-accept", 0.8, "acceptance")
	f.BoolVar(&v.pooled, "pooled", false, "together")
	f.DurationVar(&v.every, "checkpoint-every", 5*time.Second, "how often")
	f.StringArrayVar(&v.prior, "prior", nil, "`name=distribution`")
	f.StringArrayVar(&v.fix, "fix", nil, "`name=value`")
	f.Bool("help", false, "help")
	return f, v
}

var options = config.Options{
	Elsewhere: func(key string) bool { return key == "gradient" },
	Refused:   map[string]string{"help": "it asks for a text"},
	Lists:     []string{"trait"},
	Instead:   map[string]string{"prior": "fix", "fix": "prior"},
	Suggest: func(key string, known []string) string {
		for _, name := range known {
			if strings.HasPrefix(name, key) {
				return " (did you mean " + name + "?)"
			}
		}
		return ""
	},
}

// apply reads a text over a command line.
func apply(t *testing.T, path, text string, line ...string) (*values, *config.Applied, error) {
	t.Helper()
	flags, v := newFlags()
	require.NoError(t, flags.Parse(line))
	file, err := config.Parse(path, []byte(text))
	if err != nil {
		return v, nil, err
	}
	applied, err := file.Apply(flags, options)
	return v, applied, err
}

const everything = `# a comment
tree: data/T.nwk
trait: [mass, "body length"]
start: file=starts.csv
model: ou
chains: 8
seed: 18446744073709551615
target-accept: 9e-1
pooled: true
checkpoint-every: 1m30s
prior:
  sigma_sq: lognormal(0,2)
  alpha: "gamma(2,1)"
fix:
  tau_sq: [0.01, 2e-2]
  R: [[.2, .12], [.12, .1]]
gradient: true
`

func TestApply(t *testing.T) {
	v, applied, err := apply(t, "folder/run.yaml", everything)
	require.NoError(t, err)
	require.Equal(t, &values{tree: filepath.Join("folder", "data", "T.nwk"), trait: "mass,body length", start: "file=" + filepath.Join("folder", "starts.csv"),
		model: "ou", chains: 8, seed: 1<<64 - 1, accept: 0.9, pooled: true, every: 90 * time.Second,
		prior: []string{"sigma_sq=lognormal(0,2)", "alpha=gamma(2,1)"}, fix: []string{"tau_sq=0.01,2e-2", "R=[[.2,.12],[.12,.1]]"}}, v)
	require.Equal(t, []string{"gradient"}, applied.Unused)
	require.Equal(t, "folder/run.yaml:6:9", applied.Places["chains"])

	// Beside the current folder paths stay as they are, and absolute ones anywhere.
	v, _, err = apply(t, "run.yaml", "tree: data/T.nwk")
	require.NoError(t, err)
	require.Equal(t, "data/T.nwk", v.tree)
	absolute := filepath.Join(t.TempDir(), "T.nwk")
	v, _, err = apply(t, "folder/run.yaml", "tree: "+absolute)
	require.NoError(t, err)
	require.Equal(t, absolute, v.tree)

	// Keys without a value are left as they are, as are files without a key.
	for _, text := range []string{"", "# nothing\n", "---\n", "chains:\nprior: ~\n"} {
		v, applied, err = apply(t, "run.yaml", text)
		require.NoError(t, err, text)
		require.Equal(t, 4, v.chains)
		require.Empty(t, applied.Places)
	}
	v, _, err = apply(t, "run.yaml", "prior:\n- a=normal(0,1)\n- 'b=gamma(1,1)'\nfix: c=1\nmodel: &m x\ntrait: *m\n")
	require.NoError(t, err)
	require.Equal(t, []string{"a=normal(0,1)", "b=gamma(1,1)"}, v.prior)
	require.Equal(t, []string{"c=1"}, v.fix)
	require.Equal(t, "x", v.trait)
}

// TestCommandLineWins: over values, and over the pairs of repeated flags by name.
func TestCommandLineWins(t *testing.T) {
	v, applied, err := apply(t, "run.yaml", everything, "--chains", "2", "--trait", "size", "--prior", "alpha=exponential(1)", "--fix", "sigma_sq=3")
	require.NoError(t, err)
	require.Equal(t, 2, v.chains)
	require.Equal(t, "size", v.trait)
	require.Equal(t, []string{"alpha=exponential(1)"}, v.prior, "sigma_sq is fixed, and has no prior")
	require.Equal(t, []string{"sigma_sq=3", "tau_sq=0.01,2e-2", "R=[[.2,.12],[.12,.1]]"}, v.fix)
	require.NotContains(t, applied.Places, "chains")
	_, _, err = apply(t, "run.yaml", "chains: many\n", "--chains", "2")
	require.Error(t, err, "what the file says is checked all the same")
}

// TestErrors: each names the file, the line and the column.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"tree: T.nwk\nchain: 3\n", `run.yaml:2:1: there is no setting "chain" (did you mean chains?)`},
		{"  tree: T\n  zzz: 1\n", `run.yaml:2:3: there is no setting "zzz": the keys are`},
		{"chains: 4.5\n", `run.yaml:1:9: chains: it must be a whole number, and not "4.5"`},
		{"chains: many\n", `run.yaml:1:9: chains: it must be a whole number, and not "many"`},
		{"chains: '4'\n", "run.yaml:1:9: chains: it must be a whole number"},
		{"chains: [4]\n", "run.yaml:1:9: chains: it must be a whole number, and not a list"},
		{"chains: 99999999999999999999\n", "run.yaml:1:9: chains: it must be a whole number"},
		{"seed: -1\n", "run.yaml:1:7: seed: it must be a whole number of 0 or more"},
		{"target-accept: high\n", "run.yaml:1:16: target-accept: it must be a number"},
		{"target-accept: .nan\n", "run.yaml:1:16: target-accept: it must be a number"},
		{"target-accept: -.inf\n", "run.yaml:1:16: target-accept: it must be a number"},
		{"pooled: 1\n", "run.yaml:1:9: pooled: it must be true or false"},
		{"pooled: yes\n", "run.yaml:1:9: pooled: it must be true or false"},
		{"checkpoint-every: 5\n", `run.yaml:1:19: checkpoint-every: "5" is not a time such as 5s`},
		{"checkpoint-every: [5s]\n", "run.yaml:1:19: checkpoint-every: it must be a time such as 5s, and not a list"},
		{"tree: [a, b]\n", "run.yaml:1:7: tree: a text or a number is needed, and not a list"},
		{"tree: {a: b}\n", "run.yaml:1:7: tree: a text or a number is needed, and not a mapping"},
		{"trait: [a, [b]]\n", "run.yaml:1:12: trait: a text or a number is needed"},
		{"trait: [a, 'b,c']\n", `run.yaml:1:12: trait: "b,c" has a comma in it`},
		{"chains: 1\nchains: 2\n", "run.yaml:2:1: chains stands twice, first on line 1"},
		{"prior:\n  a: normal(0,1)\n  a: normal(0,2)\n", "run.yaml:3:3: a stands twice"},
		{"prior: {a: normal(0,1)}\n", "run.yaml:1:"},
		{"prior:\n  a:\n", "run.yaml:2:3: prior: a has no value"},
		{"prior:\n  a: {b: c}\n", "run.yaml:2:6: prior: a: a text or a number is needed, and not a mapping"},
		{"prior: [[a]]\n", "run.yaml:1:9: prior: a text or a number is needed, and not a list"},
		{"fix:\n  R: [[1], 2]\n", "run.yaml:2:12: fix: R: row 2 of the matrix is \"2\""},
		{"fix:\n  R: [2, [1]]\n", "run.yaml:2:"},
		{"fix:\n  R: [[1, [2]]]\n", "run.yaml:2:11: fix: R: a text or a number is needed"},
		{"help: true\n", "run.yaml:1:1: help is for the command line alone: it asks for a text"},
		{"- a\n- b\n", "run.yaml:1:1: a file holds lines of the form key: value, as in tree: T.nwk, and not a list"},
		{"just words\n", "run.yaml:1:1: a file holds lines of the form"},
		{"tree: a\n---\ntree: b\n", "run.yaml:2:1: a second document begins here"},
		{"[a]: b\n", "run.yaml:1:1: a key is a name"},
		{"tree: \"a\nchains: 3\n", "run.yaml:"},
		{"tree: a\n\tchains: 3\n", "run.yaml:2: not YAML: "},
		{"tree: a\ntrait: *nowhere\n", "run.yaml:2: there is no anchor &nowhere"},
		{"`\n", "run.yaml:1: not YAML: "},
		{"chains: 1\ntree: [a\nseed: 1\n", "run.yaml:2: not YAML: did not find expected ',' or ']'"},
		{"x: 1\n- a\n", "run.yaml:2: not YAML: did not find expected key"},
		{"x: 1\na: b: c\n", "run.yaml:2: not YAML: "},
		{"<<: {chains: 3}\n", `run.yaml:1:1: there is no setting "<<"`},
	} {
		_, _, err := apply(t, "run.yaml", c.text)
		require.ErrorContains(t, err, c.want, c.text)
		var wrong *config.Error
		require.ErrorAs(t, err, &wrong, c.text)
	}
}

// TestWriteAndRead: what is written reads as the flags that it was written from.
func TestWriteAndRead(t *testing.T) {
	flags, _ := newFlags()
	var w config.Writer
	w.Comment("A file.\n\nWith a comment that is so long that it does not stand on one line and is broken, between words, into several of them.")
	w.Heading("Data")
	awkward := "a: b #c, 'd' \"e\" [f]\ng"
	w.Set(flags.Lookup("tree"), []string{awkward}, "")
	w.Set(flags.Lookup("trait"), []string{"1"}, "a number as a name")
	w.Set(flags.Lookup("model"), []string{"null"}, "")
	w.Set(flags.Lookup("chains"), []string{"7"}, "")
	w.Set(flags.Lookup("target-accept"), []string{"1e-05"}, "")
	w.Set(flags.Lookup("pooled"), []string{"true"}, "")
	w.Set(flags.Lookup("checkpoint-every"), []string{"1m0s"}, "")
	w.Set(flags.Lookup("prior"), []string{"a=normal(0,1)", "b=lkj(1)"}, "two")
	w.Set(flags.Lookup("fix"), []string{"odd", "c=1,2"}, "")
	w.Suggest(flags.Lookup("seed"), []string{"99"}, "")
	require.Contains(t, w.String(), "\n#seed: 99\n")
	for line := range strings.Lines(w.String()) {
		require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 88)
	}
	v, _, err := apply(t, "run.yaml", w.String())
	require.NoError(t, err, w.String())
	require.Equal(t, &values{tree: awkward, trait: "1", start: "uniform", model: "null", chains: 7, seed: 1, accept: 1e-5, pooled: true, every: time.Minute,
		prior: []string{"a=normal(0,1)", "b=lkj(1)"}, fix: []string{"odd", "c=1,2"}}, v)
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.yaml")
	_, err := config.Read(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte("chains: 9"), 0o600))
	file, err := config.Read(path)
	require.NoError(t, err)
	flags, v := newFlags()
	_, err = file.Apply(flags, options)
	require.NoError(t, err)
	require.Equal(t, 9, v.chains)
}

// FuzzParse: whatever a file holds, it is read or refused with a place in it.
func FuzzParse(f *testing.F) {
	for _, text := range []string{everything, "a: [", "? {x: y}\n: z", "prior: &a [*a]", "prior: &a {x: *a}", "fix: {R: &r [*r]}", "tree: !!binary aGk=", "%YAML 1.1\n---\na: b", "\xff\xfe", "a: |\n  b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		flags, _ := newFlags()
		file, err := config.Parse("run.yaml", []byte(text))
		if err == nil {
			_, err = file.Apply(flags, options)
		}
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "run.yaml:"), err.Error())
		}
	})
}
