package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// TestSampleShapes: every algorithm and both bridges run on the built-in shapes
// from any start and say what they did.
func TestSampleShapes(t *testing.T) {
	for _, algorithm := range []string{"nuts", "hmc", "rw"} {
		for _, bridge := range []string{"discrete", "continuous"} {
			code, stdout, stderr := command(t, "sample", "--model", "kunita", "--algorithm", algorithm, "--bridge", bridge, "--steps", "4",
				"--chains", "2", "--warmup", "10", "--draws", "10", "--max-treedepth", "3", "--max-steps", "7", "--device", "cpu")
			require.Zero(t, code, stderr)
			for _, want := range []string{"16 landmarks", "built-in example: shapes", "at most 4 even Euler steps each, " + bridge + " bridge", "algorithm " + algorithm, "k_alpha", "k_sigma"} {
				require.Contains(t, stdout, want)
			}
			require.Contains(t, stderr, "few independent draws")
			if algorithm == "rw" {
				require.Contains(t, stdout, "evaluations of the density\n")
				require.Contains(t, stdout, "accepted: ")
			}
		}
	}
}

// TestSampleShapeFiles: shapes from files, with the root's shape inferred, and what
// the folder of a run holds.
func TestSampleShapeFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range badFiles {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	tps := "LM=3\n0 0\n1 0\n0 1\nID=a\nLM=3\n0 0\n1.1 0\n0 1\nID=b\nLM=3\n0 0\n1 0.1\n0 1.2\nID=c\n"
	require.NoError(t, os.WriteFile("shapes.tps", []byte(tps), 0o600))
	args := []string{"sample", "--model", "kunita", "--tree", "t.nwk", "--edge-lengths", "unit", "--steps", "5", "--chains", "2", "--warmup", "20", "--draws", "50", "--json", "--device", "cpu", "--algorithm", "rw"}
	code, fromTPS, stderr := command(t, append(args, "--traits", "shapes.tps", "--root", "normal=0.2", "--out", "run", "--align")...)
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "edge lengths were divided by its height, 2")
	require.Contains(t, stderr, "generalised Procrustes")
	summary := parseSummary(t, fromTPS)
	require.Contains(t, summary.Parameters, "root[y3]")
	for _, name := range []string{"chain_1.csv", "ancestral.csv", "ancestral.nex", "summary.json", "run.json", "shapes.svg", "root.svg"} {
		require.FileExists(t, filepath.Join("run", name))
	}
	table, err := os.Open("run/ancestral.csv")
	require.NoError(t, err)
	defer table.Close()
	rows, err := csv.NewReader(table).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+5*6) // nodes by coordinates
	text, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	var record runstore.Run
	require.NoError(t, json.Unmarshal(text, &record))
	require.Equal(t, "rw", record.Settings.Algorithm)
	require.Equal(t, 100, record.StateDraws)

	// The same shapes from a table, not aligned and then pinned at one of them.
	_, fromCSV, _ := command(t, append(args, "--traits", "shapes.csv", "--root", "normal=0.2")...)
	_, plainTPS, _ := command(t, append(args, "--traits", "shapes.tps", "--root", "normal=0.2")...)
	require.Equal(t, parseSummary(t, fromCSV).Parameters, parseSummary(t, plainTPS).Parameters)
	require.NoError(t, os.WriteFile("root.csv", []byte("taxon,x1,y1,x2,y2,x3,y3\nroot,0,0,1,0,0,1\n"), 0o600))
	code, stdout, stderr := command(t, append(args, "--traits", "shapes.csv", "--root", "file=root.csv", "--quiet")...)
	require.Zero(t, code, stderr)
	require.False(t, math.IsNaN(parseSummary(t, stdout).Parameters["k_alpha"].Mean))
	require.NotContains(t, parseSummary(t, stdout).Parameters, "root[y3]")
}
