package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRuns runs the example for a moment.
func TestRuns(t *testing.T) { require.NoError(t, run(context.Background(), 10, 4, t.TempDir())) }
