package runstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// A table of draws is a file that holds a row of numbers for each draw of each
// chain:
//
//	magic "hxgpuDRW", version (uint32), length of the JSON text (uint32),
//	the JSON text of TableMeta, its checksum (uint32), zeros up to a multiple of 8,
//	then records: columns (float64), checksum (uint32), mark (uint32).
//
// All numbers are little-endian, checksums CRC-32C. Records are laid out
// [block][chain][row in block], so that the place of a record follows from its
// chain and row alone: the file does not depend on the order in which chains ran,
// and more draws make it longer. A record's checksum covers its chain and row too.
// A record that was never written (zeros) or half written does not have it.
const (
	tableMagic   = "hxgpuDRW"
	tableVersion = 1
	recordMark   = 0x57415244 // "DRAW"
	prefixBytes  = len(tableMagic) + 8
	mostMeta     = 1 << 28
	mostChains   = 1 << 20
	mostColumns  = 1 << 28
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Column is a parameter's element: correlation[a,b] is of correlation and has the
// labels a and b.
type Column struct {
	Name   string   `json:"name"`
	Of     string   `json:"of"`
	Labels []string `json:"labels,omitempty"`
}

// TableMeta says what a table holds, but for the number of rows. Its columns are
// those about the sampler, the parameters on their natural scale, and the
// unconstrained coordinates.
type TableMeta struct {
	Chains int `json:"chains"`
	// Warmup is how many rows of each chain, from the first, are transitions of the
	// warm-up.
	Warmup int `json:"warmup_rows"`
	// Stride is the number of draws between two rows.
	Stride      int      `json:"stride"`
	Block       int      `json:"rows_per_block"`
	Sampler     []string `json:"sampler,omitempty"`
	Parameters  []Column `json:"parameters,omitempty"`
	Coordinates int      `json:"coordinates,omitempty"`
}

// Columns is the number of columns.
func (m TableMeta) Columns() int { return len(m.Sampler) + len(m.Parameters) + m.Coordinates }

// FirstParameter is the first column of the parameters.
func (m TableMeta) FirstParameter() int { return len(m.Sampler) }

// FirstCoordinate is the first column of the unconstrained coordinates.
func (m TableMeta) FirstCoordinate() int { return len(m.Sampler) + len(m.Parameters) }

// SamplerColumn finds a column about the sampler; -1 if there is none.
func (m TableMeta) SamplerColumn(name string) int {
	for i, known := range m.Sampler {
		if known == name {
			return i
		}
	}
	return -1
}

// ParameterNames lists the parameters' names.
func (m TableMeta) ParameterNames() []string {
	names := make([]string, len(m.Parameters))
	for i, c := range m.Parameters {
		names[i] = c.Name
	}
	return names
}

// The memory that a writer may hold for its chains, and the most that it writes at
// a time.
const (
	bufferBytes = 16 << 20
	runBytes    = 64 << 10
)

// WithBlock chooses the rows of a block: as many as make a chain's part of it worth
// a write, as long as the parts of all chains fit in memory.
func (m TableMeta) WithBlock() TableMeta {
	record := 8 * (m.Columns() + 1)
	m.Block = max(1, min(runBytes/record, bufferBytes/record/max(m.Chains, 1)))
	return m
}

// check finds what no table can have.
func (m TableMeta) check() error {
	switch {
	case m.Chains < 1 || m.Chains > mostChains:
		return fmt.Errorf("%d chains", m.Chains)
	case m.Warmup < 0 || m.Warmup > math.MaxInt32:
		return fmt.Errorf("%d rows of warm-up", m.Warmup)
	case m.Stride < 1 || m.Stride > math.MaxInt32:
		return fmt.Errorf("a stride of %d draws", m.Stride)
	case m.Coordinates < 0 || m.Coordinates > mostColumns || m.Columns() < 1 || m.Columns() > mostColumns:
		return fmt.Errorf("%d columns", m.Columns())
	case m.Block < 1 || m.Block > math.MaxInt32 || float64(m.Block)*float64(m.Chains)*float64(m.Columns()+1) > 1<<50:
		return fmt.Errorf("blocks of %d rows", m.Block)
	}
	return nil
}

// layout is where the records of a table stand.
type layout struct {
	TableMeta
	start  int64 // of the first record
	record int64 // bytes
}

func newLayout(m TableMeta, header int) layout {
	return layout{m, int64(header+7) / 8 * 8, 8 * int64(m.Columns()+1)}
}

// offset is where a record stands. It overflows for rows beyond 2^62 bytes only.
func (l *layout) offset(chain, row int) int64 {
	block, in := int64(row/l.Block), int64(row%l.Block)
	return l.start + ((block*int64(l.Chains)+int64(chain))*int64(l.Block)+in)*l.record
}

// encodeHeader writes the head of a table, padded.
func encodeHeader(m TableMeta) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("a table cannot have %w", err)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(text) > mostMeta {
		return nil, fmt.Errorf("the names of a table's columns take %d bytes; at most %d fit", len(text), mostMeta)
	}
	head := append([]byte(tableMagic), make([]byte, 8)...)
	binary.LittleEndian.PutUint32(head[8:], tableVersion)
	binary.LittleEndian.PutUint32(head[12:], uint32(len(text)))
	head = append(head, text...)
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, castagnoli))
	for len(head)%8 != 0 {
		head = append(head, 0)
	}
	return head, nil
}

// headerLength reads the first bytes of a table and says how long its head is,
// without padding.
func headerLength(prefix []byte) (int, error) {
	switch {
	case len(prefix) < prefixBytes && bytes.HasPrefix([]byte(tableMagic), prefix[:min(len(prefix), 8)]):
		return 0, fmt.Errorf("its head is cut short")
	case len(prefix) < prefixBytes || string(prefix[:8]) != tableMagic:
		return 0, fmt.Errorf("it is no table of draws")
	}
	if v := binary.LittleEndian.Uint32(prefix[8:]); v != tableVersion {
		return 0, fmt.Errorf("it has version %d of the format; this hxgpu reads version %d", v, tableVersion)
	}
	n := binary.LittleEndian.Uint32(prefix[12:])
	if n > mostMeta {
		return 0, fmt.Errorf("its head is damaged")
	}
	return prefixBytes + int(n) + 4, nil
}

// decodeHeader reads the head of a table.
func decodeHeader(head []byte) (TableMeta, error) {
	var m TableMeta
	n, err := headerLength(head)
	if err != nil {
		return m, err
	}
	if len(head) < n {
		return m, fmt.Errorf("its head is cut short")
	}
	if crc32.Checksum(head[:n-4], castagnoli) != binary.LittleEndian.Uint32(head[n-4:]) {
		return m, fmt.Errorf("its head is damaged")
	}
	if err := json.Unmarshal(head[prefixBytes:n-4], &m); err != nil {
		return m, fmt.Errorf("its head cannot be read: %w", err)
	}
	if err := m.check(); err != nil {
		return m, fmt.Errorf("its head says that it has %w, which cannot be", err)
	}
	return m, nil
}

// appendRecord writes a record.
func appendRecord(out []byte, chain, row int, values []float64) []byte {
	start, n := len(out), 8*len(values)
	out = slices.Grow(out, n+8)[:start+n+8]
	record := out[start:]
	for i, x := range values {
		binary.LittleEndian.PutUint64(record[8*i:], math.Float64bits(x))
	}
	binary.LittleEndian.PutUint32(record[n:], recordSum(chain, row, record[:n]))
	binary.LittleEndian.PutUint32(record[n+4:], recordMark)
	return out
}

// recordSum is the checksum of a record's numbers with its place.
func recordSum(chain, row int, numbers []byte) uint32 {
	var place [16]byte
	binary.LittleEndian.PutUint64(place[:], uint64(chain))
	binary.LittleEndian.PutUint64(place[8:], uint64(row))
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, numbers)
}

// whole reports whether a record is what was written for its place.
func whole(record []byte, chain, row int) bool {
	n := len(record) - 8
	return binary.LittleEndian.Uint32(record[n+4:]) == recordMark && binary.LittleEndian.Uint32(record[n:]) == recordSum(chain, row, record[:n])
}
