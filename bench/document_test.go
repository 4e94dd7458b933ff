package bench

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the documents and pictures that are generated from "+ReportFile)

// TestDocumentsAreCurrent: what the documents hold between the lines that mark it is
// what follows from the report.
func TestDocumentsAreCurrent(t *testing.T) {
	report, err := ReadReport(filepath.Join("..", ReportFile))
	require.NoError(t, err)
	for name, text := range map[string]string{DocumentFile: report.Document(), ReadmeFile: report.Headlines()} {
		file := filepath.Join("..", name)
		old, err := os.ReadFile(file)
		require.NoError(t, err)
		current, err := Insert(string(old), text)
		require.NoError(t, err, name)
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(current), 0o644))
			continue
		}
		require.Equal(t, current, string(old), "%s is stale: go test ./bench -run Documents -update", name)
	}
	folder := filepath.Join("..", filepath.Dir(ReportFile))
	if *update {
		_, err := report.Plots(folder)
		require.NoError(t, err)
	}
	for _, suite := range append(Suites(), Suite{Name: "roofline"}) { // that the document shows
		require.FileExists(t, filepath.Join(folder, suite.Name+".svg"))
	}
}

func TestInsert(t *testing.T) {
	document := "# A\n\n" + beginsGenerated + "\nold\n" + endsGenerated + "\n\n# B\n"
	once, err := Insert(document, "new\n")
	require.NoError(t, err)
	require.Equal(t, "# A\n\n"+beginsGenerated+"\n\nnew\n\n"+endsGenerated+"\n\n# B\n", once)
	again, err := Insert(once, "new\n")
	require.NoError(t, err)
	require.Equal(t, once, again)
	for _, bad := range []string{"", beginsGenerated, endsGenerated + "\n" + beginsGenerated} {
		_, err := Insert(bad, "new")
		require.ErrorContains(t, err, "has no lines")
	}
}
