//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreFileLimit makes a file that grows beyond a limit (ulimit -f) an error of the
// write, which says so, and not the end of the process.
func ignoreFileLimit() { signal.Ignore(syscall.SIGXFSZ) }
