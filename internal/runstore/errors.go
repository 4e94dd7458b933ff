package runstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// WriteError says that a file could not be written. What it held before is as it
// was.
type WriteError struct {
	Path string
	Err  error
}

func (e *WriteError) Error() string { return fmt.Sprintf("%s: cannot be written: %v", e.Path, e.Err) }

// Unwrap is the cause.
func (e *WriteError) Unwrap() error { return e.Err }

// DamagedError says that a file does not hold what was written to it.
type DamagedError struct{ Path, Reason string }

func (e *DamagedError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Reason) }

// cause is an error without the path of a temporary file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
