package runstore

import (
	"fmt"
	"io"
	"os"
)

// storage is where a table is kept: a file, or memory.
type storage interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	size() (int64, error)
}

type fileStorage struct{ *os.File }

func (f fileStorage) size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// memory is a file that goes with the process, in pages so that it grows without
// being copied.
type memory struct {
	pages [][]byte
	end   int64
}

const pageBytes = 1 << 20

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	m.end = max(m.end, at+int64(len(p)))
	return m.each(p, at, func(page, p []byte) { copy(page, p) })
}

func (m *memory) ReadAt(p []byte, at int64) (int, error) {
	n := int64(len(p))
	if have := max(0, m.end-at); have < n {
		n = have
	}
	_, err := m.each(p[:n], at, func(page, p []byte) { copy(p, page) })
	if err == nil && n < int64(len(p)) {
		err = io.EOF
	}
	return int(n), err
}

// each goes through the pages that hold some bytes, and makes those that are
// missing.
func (m *memory) each(p []byte, at int64, visit func(page, p []byte)) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("offset %d", at)
	}
	done := 0
	for done < len(p) {
		k, in := int(at/pageBytes), int(at%pageBytes)
		for len(m.pages) <= k {
			m.pages = append(m.pages, nil)
		}
		if m.pages[k] == nil {
			m.pages[k] = make([]byte, pageBytes)
		}
		n := min(len(p)-done, pageBytes-in)
		visit(m.pages[k][in:in+n], p[done:done+n])
		done, at = done+n, at+int64(n)
	}
	return done, nil
}

func (m *memory) Truncate(size int64) error {
	m.end = min(m.end, size)
	return nil
}

func (m *memory) Sync() error          { return nil }
func (m *memory) Close() error         { return nil }
func (m *memory) size() (int64, error) { return m.end, nil }
