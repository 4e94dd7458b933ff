package runstore

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// TableWriter writes a table of draws. It gathers the rows of each chain and
// writes them when their block is full, and at [TableWriter.Flush]. It is for one
// goroutine at a time.
type TableWriter struct {
	layout
	path string
	to   storage
	runs []run // by chain
}

// run is a run of rows of one block that have not been written.
type run struct {
	first   int
	records []byte
}

// CreateTable makes a table without rows, in the place of one that is there.
func CreateTable(path string, m TableMeta) (*TableWriter, error) {
	head, err := encodeHeader(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return nil, &WriteError{path, cause(err)}
	}
	if _, err = file.WriteAt(head, 0); err == nil {
		err = file.Sync()
	}
	if err != nil {
		file.Close()
		return nil, &WriteError{path, cause(err)}
	}
	return newTableWriter(path, fileStorage{file}, m, len(head)), nil
}

// CreateTableInMemory makes a table that goes with the process.
func CreateTableInMemory(m TableMeta) (*TableWriter, error) {
	head, err := encodeHeader(m)
	if err != nil {
		return nil, err
	}
	to := &memory{}
	if _, err := to.WriteAt(head, 0); err != nil {
		return nil, err
	}
	return newTableWriter("the draws in memory", to, m, len(head)), nil
}

// ContinueTable opens a table to write more rows, or some of its rows again. Its
// head must be what CreateTable writes for m; a *[DamagedError] says how it
// differs.
func ContinueTable(path string, m TableMeta) (*TableWriter, error) {
	head, err := encodeHeader(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t, err := OpenTable(path)
	if err != nil {
		return nil, err
	}
	there, err := encodeHeader(t.TableMeta)
	t.Close()
	if err != nil || string(there) != string(head) {
		return nil, &DamagedError{path, "it has other columns or chains than the run"}
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, &WriteError{path, cause(err)}
	}
	return newTableWriter(path, fileStorage{file}, m, len(head)), nil
}

func newTableWriter(path string, to storage, m TableMeta, head int) *TableWriter {
	return &TableWriter{layout: newLayout(m, head), path: path, to: to, runs: make([]run, m.Chains)}
}

// Table flushes the rows, and reads what has been written so far. It is closed with
// the writer.
func (w *TableWriter) Table() (*Table, error) {
	if err := w.Flush(); err != nil {
		return nil, err
	}
	size, err := w.to.size()
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read: %w", w.path, cause(err))
	}
	return newTable(w.path, w.to, size)
}

// Put adds a row of a chain. Rows that follow one another are written together.
func (w *TableWriter) Put(chain, row int, values []float64) error {
	if len(values) != w.Columns() {
		return fmt.Errorf("%s: a row of %d numbers for %d columns", w.path, len(values), w.Columns())
	}
	r := &w.runs[chain]
	if len(r.records) > 0 && row != r.first+len(r.records)/int(w.record) {
		if err := w.write(chain); err != nil {
			return err
		}
	}
	if len(r.records) == 0 {
		r.first = row
	}
	if r.records == nil {
		r.records = make([]byte, 0, int64(w.Block)*w.record)
	}
	r.records = appendRecord(r.records, chain, row, values)
	if row%w.Block == w.Block-1 {
		return w.write(chain)
	}
	return nil
}

// write writes the gathered rows of a chain; they stay gathered if that fails.
func (w *TableWriter) write(chain int) error {
	r := &w.runs[chain]
	if len(r.records) == 0 {
		return nil
	}
	if _, err := w.to.WriteAt(r.records, w.offset(chain, r.first)); err != nil {
		return &WriteError{w.path, cause(err)}
	}
	r.records = r.records[:0]
	return nil
}

// Flush writes all rows that are gathered.
func (w *TableWriter) Flush() error {
	for chain := range w.runs {
		if err := w.write(chain); err != nil {
			return err
		}
	}
	return nil
}

// Sync flushes, and waits until the disk has everything.
func (w *TableWriter) Sync() error {
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.to.Sync(); err != nil {
		return &WriteError{w.path, cause(err)}
	}
	return nil
}

// Trim flushes, and removes what does not belong into a table whose chains all have a
// number of rows: what stands behind the last record, or where rows to come would
// stand in the last block.
func (w *TableWriter) Trim(rows int) error {
	if err := w.Flush(); err != nil {
		return err
	}
	end := w.start
	if rows > 0 {
		end = w.offset(w.Chains-1, rows-1) + w.record
	}
	size, err := w.to.size()
	if err == nil && size > end {
		err = w.to.Truncate(end)
	}
	if rows%w.Block > 0 {
		for chain := 0; err == nil && chain < w.Chains-1; chain++ {
			err = w.clear(w.offset(chain, rows), int64(w.Block-rows%w.Block)*w.record)
		}
	}
	if err != nil {
		return &WriteError{w.path, cause(err)}
	}
	return nil
}

// clear makes some bytes zeros if they are not.
func (w *TableWriter) clear(at, n int64) error {
	buffer := make([]byte, min(n, runBytes))
	for ; n > 0; at, n = at+int64(len(buffer)), n-int64(len(buffer)) {
		buffer = buffer[:min(n, int64(len(buffer)))]
		if _, err := w.to.ReadAt(buffer, at); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		dirty := false
		for _, b := range buffer {
			dirty = dirty || b != 0
		}
		if !dirty {
			continue
		}
		clear(buffer)
		if _, err := w.to.WriteAt(buffer, at); err != nil {
			return err
		}
	}
	return nil
}

// Close closes the file without flushing.
func (w *TableWriter) Close() error {
	if err := w.to.Close(); err != nil {
		return &WriteError{w.path, cause(err)}
	}
	return nil
}
