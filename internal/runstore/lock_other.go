//go:build !darwin && !dragonfly && !freebsd && !linux && !netbsd && !openbsd && !windows

package runstore

import "os"

// lockFile opens a file; this operating system has no locks that end with their
// process.
func lockFile(path string, alone bool) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
}
