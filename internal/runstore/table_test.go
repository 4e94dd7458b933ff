package runstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// smallTable has blocks of 4 rows, so that files of a few rows have several.
var smallTable = TableMeta{Chains: 3, Stride: 1, Block: 4, Sampler: []string{"lp__"}, Parameters: []Column{{Name: "s[a]", Of: "s", Labels: []string{"a"}}}, Coordinates: 1}

// value is what the tests write at a place.
func value(chain, row, column int) float64 {
	return float64(chain) + float64(row)/1000 + float64(column)*100
}

func rowOf(m TableMeta, chain, row int) []float64 {
	values := make([]float64, m.Columns())
	for k := range values {
		values[k] = value(chain, row, k)
	}
	return values
}

// writeTable writes all rows in an order of chains that random chooses.
func writeTable(t testing.TB, path string, m TableMeta, rows int, random *rand.Rand) {
	w, err := CreateTable(path, m)
	require.NoError(t, err)
	continueTable(t, w, make([]int, m.Chains), rows, random)
}

func continueTable(t testing.TB, w *TableWriter, next []int, rows int, random *rand.Rand) {
	for left := len(next) * rows; left > 0; {
		chain := random.IntN(len(next))
		if next[chain] == rows {
			left = 0
			for _, n := range next {
				left += rows - n
			}
			continue
		}
		require.NoError(t, w.Put(chain, next[chain], rowOf(w.TableMeta, chain, next[chain])))
		next[chain]++
		if random.IntN(5) == 0 {
			require.NoError(t, w.Flush())
		}
	}
	require.NoError(t, w.Trim(rows))
	require.NoError(t, w.Sync())
	require.NoError(t, w.Close())
}

// rowsOf counts the rows of a table's text, and checks them.
func rowsOf(t testing.TB, text []byte) ([]int, error) {
	table, err := newTable("draws.bin", nopCloser{bytes.NewReader(text)}, int64(len(text)))
	if err != nil {
		return nil, err
	}
	rows, err := table.Rows()
	require.NoError(t, err)
	for chain, n := range rows {
		require.NoError(t, table.EachRow(chain, 0, n, func(row int, values []float64) error {
			for k, x := range values {
				require.Equal(t, value(chain, row, k), x)
			}
			return nil
		}))
	}
	return rows, nil
}

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// TestTableOrder: the file is the same in whatever order the chains ran, and when
// it was written in several goes, some rows twice.
func TestTableOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "draws.bin")
	var first []byte
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		writeTable(t, path, smallTable, 10, random)
		if seed%2 == 1 { // written to row 10, then from any earlier row to 19, with something behind
			if seed%4 == 1 {
				text, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, append(text, bytes.Repeat([]byte{7}, 3000)...), 0o644))
			}
			w, err := ContinueTable(path, smallTable)
			require.NoError(t, err)
			continueTable(t, w, []int{random.IntN(11), random.IntN(11), random.IntN(11)}, 19, random)
		} else {
			writeTable(t, path, smallTable, 19, random)
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if first == nil {
			first = text
		}
		require.Equal(t, first, text)
	}
	rows, err := rowsOf(t, first)
	require.NoError(t, err)
	require.Equal(t, []int{19, 19, 19}, rows)

	table, err := OpenTable(path)
	require.NoError(t, err)
	defer table.Close()
	require.Equal(t, smallTable, table.TableMeta)
	columns, err := table.Read([]int{2, 0}, 3, 11)
	require.NoError(t, err)
	for k, column := range []int{2, 0} {
		for chain := range 3 {
			for row := 3; row < 11; row++ {
				require.Equal(t, value(chain, row, column), columns[k][chain][row-3])
			}
		}
	}
	_, err = table.Read([]int{0}, 0, 20)
	require.ErrorContains(t, err, "row 20 of chain 1 is not there")
}

// TestTableInMemory: it holds what a file would.
func TestTableInMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "draws.bin")
	m := TableMeta{Chains: 3, Stride: 1, Coordinates: 1000}.WithBlock() // several pages
	writeTable(t, path, m, 300, rand.New(rand.NewPCG(3, 1)))
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	w, err := CreateTableInMemory(m)
	require.NoError(t, err)
	continueTable(t, w, make([]int, 3), 300, rand.New(rand.NewPCG(4, 1)))
	table, err := w.Table()
	require.NoError(t, err)
	require.EqualValues(t, len(want), table.size)
	got := make([]byte, table.size)
	_, err = table.from.ReadAt(got, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, got))
	n, err := table.from.ReadAt(make([]byte, 10), table.size-4)
	require.Equal(t, 4, n)
	require.ErrorIs(t, err, io.EOF)
	rows, err := table.Rows()
	require.NoError(t, err)
	require.Equal(t, []int{300, 300, 300}, rows)
}

// TestTableCut: a table that ends anywhere, with anything behind the end, gives the
// rows that are whole and no others.
func TestTableCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "draws.bin")
	random := rand.New(rand.NewPCG(3, 1))
	writeTable(t, path, smallTable, 7, random)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	head, err := encodeHeader(smallTable)
	require.NoError(t, err)
	l := newLayout(smallTable, len(head))
	for cut := range len(text) + 1 {
		garbage := make([]byte, random.IntN(200))
		for i := range garbage {
			garbage[i] = byte(random.Uint32())
		}
		for _, tail := range [][]byte{nil, garbage, make([]byte, 300)} {
			rows, err := rowsOf(t, append(bytes.Clone(text[:cut]), tail...))
			if cut < len(head)-8 {
				if err == nil {
					require.True(t, bytes.HasPrefix(tail, text[cut:len(head)-8]))
				} else {
					var damaged *DamagedError
					require.True(t, errors.As(err, &damaged), err)
				}
				continue
			}
			if err != nil { // within the padding or the checksum of the head
				require.Less(t, cut, len(head))
				continue
			}
			for chain, n := range rows {
				want := 0
				for want < 7 && l.offset(chain, want)+l.record <= int64(cut) {
					want++
				}
				require.GreaterOrEqual(t, n, want)
				require.LessOrEqual(t, n, want+1, "a record whose last bytes are zeros or lucky")
			}
		}
	}
}

// TestTableDamage: one wrong bit anywhere takes away the rows from there on in its
// chain, and none of another.
func TestTableDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "draws.bin")
	writeTable(t, path, smallTable, 7, rand.New(rand.NewPCG(3, 1)))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	head, err := encodeHeader(smallTable)
	require.NoError(t, err)
	l := newLayout(smallTable, len(head))
	for chain := range 3 {
		for row := range 7 {
			for byteOf := range l.record {
				broken := bytes.Clone(text)
				broken[l.offset(chain, row)+byteOf] ^= 1 << (byteOf % 8)
				rows, err := rowsOf(t, broken)
				require.NoError(t, err)
				want := []int{7, 7, 7}
				want[chain] = row
				require.Equal(t, want, rows)
			}
		}
	}
	// A record that stands in another's place is no record.
	swapped := bytes.Clone(text)
	copy(swapped[l.offset(0, 2):][:l.record], text[l.offset(1, 2):][:l.record])
	rows, err := rowsOf(t, swapped)
	require.NoError(t, err)
	require.Equal(t, []int{2, 7, 7}, rows)
}

// TestContinueDamaged: a table of another run, or without its head, is not gone on
// with.
func TestContinueDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "draws.bin")
	writeTable(t, path, smallTable, 7, rand.New(rand.NewPCG(3, 1)))
	other := smallTable
	other.Chains = 4
	_, err := ContinueTable(path, other)
	require.EqualError(t, err, path+": it has other columns or chains than the run")
	require.NoError(t, os.Truncate(path, 20))
	_, err = ContinueTable(path, smallTable)
	require.EqualError(t, err, path+": its head is cut short")
	require.NoError(t, os.WriteFile(path, []byte("taxon,x\na,1\n and so on, a table of another kind"), 0o644))
	_, err = ContinueTable(path, smallTable)
	require.EqualError(t, err, path+": it is no table of draws")
	_, err = CreateTable(path, TableMeta{Chains: 1, Stride: 1, Block: 1})
	require.ErrorContains(t, err, "cannot have 0 columns")
}

// TestBlocks: the rows of all chains that wait to be written fit in memory.
func TestBlocks(t *testing.T) {
	for _, c := range []struct{ chains, columns int }{{1, 1}, {4, 10}, {4096, 10}, {4096, 60_000}, {100_000, 12}} {
		m := TableMeta{Chains: c.chains, Stride: 1, Coordinates: c.columns}.WithBlock()
		record := 8 * (c.columns + 1)
		require.NoError(t, m.check())
		require.True(t, m.Block == 1 || m.Block*record*c.chains <= bufferBytes && m.Block*record <= runBytes)
		require.True(t, (m.Block+1)*record > runBytes || (m.Block+1)*record*c.chains > bufferBytes)
	}
}

// FuzzTable: no bytes make reading a table panic, take memory beyond the file's
// size, or give rows that are not in it.
func FuzzTable(f *testing.F) {
	path := filepath.Join(f.TempDir(), "draws.bin")
	writeTable(f, path, smallTable, 7, rand.New(rand.NewPCG(3, 1)))
	text, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(text)
	f.Add(text[:100])
	wide, err := encodeHeader(TableMeta{Chains: mostChains, Stride: 1, Block: 1 << 20, Coordinates: 100})
	require.NoError(f, err)
	f.Add(wide)
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := newTable("x", nopCloser{bytes.NewReader(text)}, int64(len(text)))
		if err != nil {
			return
		}
		rows, err := table.Rows()
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for chain, n := range rows {
			total += n
			err := table.EachRow(chain, 0, n, func(row int, values []float64) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			if err := table.EachRow(chain, n, n+1, func(int, []float64) error { return nil }); err == nil {
				t.Fatal("a row more than was counted")
			}
		}
		if total*(table.Columns()+1)*8 > len(text) {
			t.Fatalf("%d rows in %d bytes", total, len(text))
		}
	})
}

// FuzzTableMeta: nor does any description of a table, with its checksum.
func FuzzTableMeta(f *testing.F) {
	f.Add([]byte(`{"chains":3,"warmup_rows":0,"stride":1,"rows_per_block":4,"coordinates":2}`), make([]byte, 100))
	f.Add([]byte(`{"chains":1048576,"stride":1,"rows_per_block":2147483647,"sampler":["a"]}`), []byte("x"))
	f.Add([]byte(`{"chains":-1,"stride":1,"rows_per_block":1,"coordinates":268435456}`), []byte("x"))
	f.Fuzz(func(t *testing.T, meta, body []byte) {
		text := append([]byte(tableMagic), tableVersion, 0, 0, 0)
		text = binary.LittleEndian.AppendUint32(text, uint32(len(meta)))
		text = append(text, meta...)
		text = binary.LittleEndian.AppendUint32(text, crc32.Checksum(text, castagnoli))
		for len(text)%8 != 0 {
			text = append(text, 0)
		}
		text = append(text, body...)
		table, err := newTable("x", nopCloser{bytes.NewReader(text)}, int64(len(text)))
		if err != nil {
			return
		}
		if _, err := table.Rows(); err != nil {
			t.Fatal(err)
		}
		if err := table.EachRow(0, 1000, 1002, func(int, []float64) error { return nil }); err == nil {
			t.Fatal("a row that nobody wrote")
		}
	})
}

func BenchmarkTable(b *testing.B) {
	path := filepath.Join(b.TempDir(), "draws.bin")
	m := TableMeta{Chains: 4, Stride: 1, Coordinates: 10}.WithBlock()
	w, err := CreateTable(path, m)
	require.NoError(b, err)
	defer w.Close()
	values := make([]float64, m.Columns())
	for i := range values {
		values[i] = math.Sqrt(float64(i))
	}
	b.SetBytes(int64(8 * (m.Columns() + 1)))
	for i := 0; b.Loop(); i++ {
		if err := w.Put(i%4, i/4, values); err != nil {
			b.Fatal(err)
		}
	}
}
