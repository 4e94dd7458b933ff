package runstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Table reads a table of draws, also one that is being written, was cut off, or
// has something behind its end.
type Table struct {
	layout
	path string
	from source
	size int64
}

// source is what a table is read from.
type source interface {
	io.ReaderAt
	io.Closer
}

// OpenTable opens a table. A *[DamagedError] says in words why it cannot be read.
func OpenTable(path string) (*Table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	t, err := newTable(path, file, info.Size())
	if err != nil {
		file.Close()
	}
	return t, err
}

func newTable(path string, from source, size int64) (*Table, error) {
	head := make([]byte, min(size, int64(prefixBytes)))
	if _, err := from.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	n, err := headerLength(head)
	if err != nil {
		return nil, &DamagedError{path, err.Error()}
	}
	if int64(n) > size {
		return nil, &DamagedError{path, "its head is cut short"}
	}
	head = make([]byte, n)
	if _, err := from.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	m, err := decodeHeader(head)
	if err != nil {
		return nil, &DamagedError{path, err.Error()}
	}
	return &Table{newLayout(m, n), path, from, size}, nil
}

// Close closes the file.
func (t *Table) Close() error { return t.from.Close() }

// Path is the table's file.
func (t *Table) Path() string { return t.path }

// read reads records of a chain that stand in one block, fewer where the file
// ends.
func (t *Table) read(buffer []byte, chain, row, count int) ([]byte, error) {
	at := t.offset(chain, row)
	have := min(int64(count), max(0, t.size-at)/t.record)
	if have == 0 {
		return nil, nil
	}
	n := int(have * t.record)
	if cap(buffer) < n {
		buffer = make([]byte, n)
	}
	buffer = buffer[:n]
	got, err := t.from.ReadAt(buffer, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: cannot be read: %w", t.path, cause(err))
	}
	return buffer[:int64(got)/t.record*t.record], nil
}

// step is how many records are read at a time, from a row to the end of its block
// at most.
func (t *Table) step(row, end int) int {
	return min(end-row, t.Block-row%t.Block, max(1, int(runBytes/t.record)))
}

// Rows counts for each chain the rows before the first that was never written or
// is damaged, warm-up included.
func (t *Table) Rows() ([]int, error) {
	rows := make([]int, t.Chains)
	open := make([]int, t.Chains) // chains that may have more
	for chain := range open {
		open[chain] = chain
	}
	var buffer []byte
	for block := 0; len(open) > 0; block++ {
		next := open[:0]
		for _, chain := range open {
			full, err := t.countBlock(&buffer, chain, block, &rows[chain])
			if err != nil {
				return nil, err
			}
			if full {
				next = append(next, chain)
			}
		}
		open = next
	}
	return rows, nil
}

// countBlock counts the rows of a chain in a block, and says whether it is full.
func (t *Table) countBlock(buffer *[]byte, chain, block int, rows *int) (full bool, err error) {
	end := (block + 1) * t.Block
	for *rows < end {
		count := t.step(*rows, end)
		records, err := t.read(*buffer, chain, *rows, count)
		if err != nil {
			return false, err
		}
		*buffer = records[:0]
		for range count {
			if int64(len(records)) < t.record || !whole(records[:t.record], chain, *rows) {
				return false, nil
			}
			records = records[t.record:]
			*rows++
		}
	}
	return true, nil
}

// EachRow visits the rows of a chain from first up to end; the values are good
// until visit returns. A row that is damaged or not there is a *[DamagedError].
func (t *Table) EachRow(chain, first, end int, visit func(row int, values []float64) error) error {
	values := make([]float64, t.Columns())
	return t.eachRecord(chain, first, end, func(row int, record []byte) error {
		for i := range values {
			values[i] = math.Float64frombits(binary.LittleEndian.Uint64(record[8*i:]))
		}
		return visit(row, values)
	})
}

func (t *Table) eachRecord(chain, first, end int, visit func(row int, record []byte) error) error {
	var buffer []byte
	for row := first; row < end; {
		count := t.step(row, end)
		records, err := t.read(buffer, chain, row, count)
		if err != nil {
			return err
		}
		buffer = records[:0]
		for range count {
			if int64(len(records)) < t.record || !whole(records[:t.record], chain, row) {
				return &DamagedError{t.path, fmt.Sprintf("row %d of chain %d is not there or is damaged", row+1, chain+1)}
			}
			if err := visit(row, records[:t.record]); err != nil {
				return err
			}
			records = records[t.record:]
			row++
		}
	}
	return nil
}

// Read reads some columns of all chains, rows first to end: [column][chain][row].
func (t *Table) Read(columns []int, first, end int) ([][][]float64, error) {
	return t.ReadChains(columns, 0, t.Chains, first, end)
}

// ReadChains is Read for the chains from one up to another.
func (t *Table) ReadChains(columns []int, firstChain, endChain, first, end int) ([][][]float64, error) {
	values := make([][][]float64, len(columns))
	for k := range values {
		values[k] = make([][]float64, endChain-firstChain)
		for c := range values[k] {
			values[k][c] = make([]float64, end-first)
		}
	}
	for c := range endChain - firstChain {
		err := t.eachRecord(firstChain+c, first, end, func(row int, record []byte) error {
			for k, column := range columns {
				values[k][c][row-first] = math.Float64frombits(binary.LittleEndian.Uint64(record[8*column:]))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}
