package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestParseRows reads what benchstat printed for benchmarks of two packages, one of
// them without a counterpart, and of memory as well as time.
func TestParseRows(t *testing.T) {
	file, err := os.Open("testdata/benchstat.csv")
	require.NoError(t, err)
	defer file.Close()
	rows, err := parseRows(file)
	require.NoError(t, err)
	require.Equal(t, []row{
		{name: "Sum/n=10-2", both: true, delta: 49.83, wide: 2},
		{name: "Sum/n=20-2", both: true, delta: -1.25, wide: 1},
		{name: "Map-2", both: true, wide: 12},
		{name: "Old-2"},
		{name: "New-2"},
	}, rows)
}

// TestParseRowsOfNothing: broken tables are errors, not rows.
func TestParseRowsOfNothing(t *testing.T) {
	rows, err := parseRows(strings.NewReader(""))
	require.NoError(t, err)
	require.Empty(t, rows)
	_, err = parseRows(strings.NewReader(",a,,b,,,\n,sec/op,CI,sec/op,CI,vs base,P\nX-2,1,0%,2,0%,twice,p=0.000 n=10\n"))
	require.ErrorContains(t, err, `X-2 changes by "twice"`)
}

// TestVerdict: what counts is what benchstat sees and is large enough.
func TestVerdict(t *testing.T) {
	var out bytes.Buffer
	c := comparison{runs: 10, alpha: 0.05, least: 3, stdout: &out}
	rows := []row{
		{name: "A", both: true, delta: 3, wide: 1},
		{name: "B", both: true, delta: -40, wide: 1},
		{name: "C", both: true, delta: 2.9, wide: 1},
		{name: "D", both: true, wide: 7},
		{name: "E", both: true, wide: 2},
		{name: "F"},
		{name: "G", both: true, delta: 12, wide: 1},
	}
	require.True(t, c.verdict(rows, 0.05/6))
	require.Equal(t, `Verdict on 6 benchmarks, 10 runs of each commit: a difference counts from p < 0.0083 (0.05 for all together) and 3 % on.
  SLOWER    +12.0 %  G
  SLOWER     +3.0 %  A
  faster    -40.0 %  B
  alike      +2.9 %  C
  no difference found in 2; the widest interval there is ±7 % (D): less than that may have stayed hidden
  in one commit only: F
2 of 6 slower, 1 faster.
`, out.String())
	out.Reset()
	require.False(t, c.verdict(rows[1:6], 0.01))
	require.Contains(t, out.String(), "None slower, 1 of 4 faster.")
	out.Reset()
	require.False(t, c.verdict(rows[2:6], 0.02))
	require.Contains(t, out.String(), "Neither slower nor faster.")
}
