package runstore

import (
	"errors"
	"os"
	"syscall"
)

// sharingViolation is what Windows says of a file that another process has open.
const sharingViolation = syscall.Errno(32)

// lockFile opens a file so that others may read it and only one may write it; who
// only looks opens it for writing too, for a moment.
func lockFile(path string, alone bool) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, syscall.FILE_SHARE_READ, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, errHeld
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}
