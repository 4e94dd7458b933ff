//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package runstore

import (
	"errors"
	"os"
	"syscall"
)

// lockFile opens a file and locks it, against all others or against those that
// would be alone.
func lockFile(path string, alone bool) (*os.File, error) {
	flags, how := os.O_RDWR|os.O_CREATE, syscall.LOCK_EX
	if !alone {
		flags, how = os.O_RDONLY, syscall.LOCK_SH
	}
	file, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			file.Close()
			return nil, errHeld
		}
		// Any other error is that of a file system without locks.
		return file, nil
	}
}
