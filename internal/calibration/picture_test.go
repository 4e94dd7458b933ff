package calibration

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPicture: the file is well-formed and names every quantity.
func TestPicture(t *testing.T) {
	r, err := conjugate(1, false).Run(context.Background(), 100, 2)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "ranks.svg")
	require.NoError(t, r.Picture(file, 0.01))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, name := range r.Quantities {
		require.Contains(t, string(text), name)
	}
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	for err == nil {
		_, err = decoder.Token()
	}
	require.True(t, errors.Is(err, io.EOF), "%v", err)
	require.Error(t, r.Picture(filepath.Join(file, "inside a file"), 0.01))
}
