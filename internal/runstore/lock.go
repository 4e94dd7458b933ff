package runstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// LockFile is held locked by the process that writes to a folder. The lock goes
// with the process, however that ends; the file stays.
const LockFile = "lock"

// ErrInUse says that another process writes to a folder.
var ErrInUse = errors.New("another process is writing to the folder")

// Lock keeps other processes from writing to a folder.
type Lock struct{ file *os.File }

// errHeld is what lockFile returns for a lock that another process holds.
var errHeld = errors.New("held")

// lockPatience is how long Lock waits for one that only looks whether the folder is
// in use.
const lockPatience = 500 * time.Millisecond

// Lock locks the folder for this process, or fails with [ErrInUse]. Where the
// operating system or the file system has no locks, it succeeds without one.
func (f *Folder) Lock() (*Lock, error) {
	path := f.Path(LockFile)
	for began := time.Now(); ; time.Sleep(lockPatience / 20) {
		file, err := lockFile(path, true)
		switch {
		case err == nil:
			l := &Lock{file}
			l.sign()
			return l, nil
		case !errors.Is(err, errHeld):
			return nil, &WriteError{path, cause(err)}
		case time.Since(began) > lockPatience:
			return nil, fmt.Errorf("%s: %w%s", f.path, ErrInUse, holder(path))
		}
	}
}

// sign writes who holds the lock, for messages alone.
func (l *Lock) sign() {
	if l.file.Truncate(0) == nil {
		host, _ := os.Hostname()
		fmt.Fprintf(l.file, "process %d on %s\n", os.Getpid(), host)
	}
}

// holder says who holds a lock, as far as the file tells.
func holder(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 200))
	if line, _, _ := strings.Cut(string(text), "\n"); err == nil && line != "" {
		return fmt.Sprintf(" (%q)", line)
	}
	return ""
}

// Unlock gives the folder free.
func (l *Lock) Unlock() error { return l.file.Close() }

// InUse reports whether a process has the folder locked.
func (f *Folder) InUse() bool {
	if _, err := os.Stat(f.Path(LockFile)); err != nil {
		return false
	}
	file, err := lockFile(f.Path(LockFile), false)
	if err != nil {
		return errors.Is(err, errHeld)
	}
	file.Close()
	return false
}
