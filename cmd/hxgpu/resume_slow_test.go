//go:build slow

package main

import (
	"fmt"
	"testing"
	"time"
)

// TestKilledOften: runs of every algorithm are killed at a hundred moments in all
// parts of a run, the first one alone at a hundred.
func TestKilledOften(t *testing.T) {
	t.Chdir(t.TempDir())
	for i, args := range killedRuns {
		kills := 15
		if i == 0 {
			kills = 100
		}
		checkKilled(t, fmt.Sprint(i), args, kills, 700*time.Millisecond)
	}
}
