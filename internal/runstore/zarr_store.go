package runstore

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"
)

// zarrStore writes a Zarr store, version 2 of the format: folders that are groups
// and arrays, described by JSON, an array cut into chunks that are a file each. No
// compression, so that any reader has it; all metadata once more in one file.
type zarrStore struct {
	root     string
	metadata map[string]any // by path within the store
}

// zarrArray describes an array. Its first dimensions are cut into chunks.
type zarrArray struct {
	Format     int      `json:"zarr_format"`
	Shape      []int    `json:"shape"`
	Chunks     []int    `json:"chunks"`
	Type       string   `json:"dtype"`
	Compressor *int     `json:"compressor"`
	Fill       any      `json:"fill_value"`
	Order      string   `json:"order"`
	Filters    *int     `json:"filters"`
	dimensions []string // their names
}

func newZarrStore(root string) (*zarrStore, error) {
	s := &zarrStore{root, map[string]any{}}
	return s, s.group("", map[string]any{})
}

// put writes a file.
func (s *zarrStore) put(path string, text []byte) error {
	file := filepath.Join(s.root, filepath.FromSlash(path))
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return &WriteError{file, cause(err)}
	}
	return nil
}

// describe writes a piece of metadata.
func (s *zarrStore) describe(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "    ")
	if err != nil {
		return err
	}
	s.metadata[path] = value
	return s.put(path, text)
}

func (s *zarrStore) folder(path string) error {
	file := filepath.Join(s.root, filepath.FromSlash(path))
	if err := os.MkdirAll(file, 0o777); err != nil {
		return &WriteError{file, cause(err)}
	}
	return nil
}

// group makes a group of the store; "" is its root.
func (s *zarrStore) group(path string, attributes map[string]any) error {
	if path != "" {
		if err := s.folder(path); err != nil {
			return err
		}
		path += "/"
	}
	if err := s.describe(path+".zgroup", map[string]int{"zarr_format": 2}); err != nil {
		return err
	}
	return s.describe(path+".zattrs", attributes)
}

// array makes an array without its chunks.
func (s *zarrStore) array(path string, a zarrArray) error {
	if err := s.folder(path); err != nil {
		return err
	}
	a.Format, a.Order = 2, "C"
	if err := s.describe(path+"/.zarray", a); err != nil {
		return err
	}
	return s.describe(path+"/.zattrs", map[string]any{"_ARRAY_DIMENSIONS": a.dimensions})
}

// chunk writes a chunk by its place in each dimension.
func (s *zarrStore) chunk(path string, place []int, text []byte) error {
	names := make([]string, len(place))
	for i, k := range place {
		names[i] = strconv.Itoa(k)
	}
	return s.put(path+"/"+strings.Join(names, "."), text)
}

// consolidate writes all metadata into one file, the last.
func (s *zarrStore) consolidate() error {
	text, err := json.MarshalIndent(map[string]any{"zarr_consolidated_format": 1, "metadata": s.metadata}, "", "    ")
	if err != nil {
		return err
	}
	return s.put(".zmetadata", text)
}

// count writes the array 0, 1, ... n-1 that numbers a dimension.
func (s *zarrStore) count(group, name string, n int) error {
	path := group + "/" + name
	if err := s.array(path, zarrArray{Shape: []int{n}, Chunks: []int{max(n, 1)}, Type: "<i8", dimensions: []string{name}}); err != nil || n == 0 {
		return err
	}
	text := make([]byte, 0, 8*n)
	for i := range n {
		text = binary.LittleEndian.AppendUint64(text, uint64(i))
	}
	return s.chunk(path, []int{0}, text)
}

// labels writes the array of texts that names the elements of a dimension.
func (s *zarrStore) labels(group, name string, labels []string) error {
	path, width := group+"/"+name, 1
	for _, label := range labels {
		width = max(width, utf8.RuneCountInString(label))
	}
	a := zarrArray{Shape: []int{len(labels)}, Chunks: []int{max(len(labels), 1)}, Type: fmt.Sprintf("<U%d", width), dimensions: []string{name}}
	if err := s.array(path, a); err != nil || len(labels) == 0 {
		return err
	}
	text := make([]byte, 0, 4*width*len(labels))
	for _, label := range labels {
		end := len(text) + 4*width
		for _, r := range label {
			text = binary.LittleEndian.AppendUint32(text, uint32(r))
		}
		text = append(text, make([]byte, end-len(text))...)
	}
	return s.chunk(path, []int{0}, text)
}

// numbers writes a whole array of numbers as one chunk.
func (s *zarrStore) numbers(path string, shape []int, dimensions []string, values []float64) error {
	a := zarrArray{Shape: shape, Chunks: shape, Type: "<f8", Fill: "NaN", dimensions: dimensions}
	if err := s.array(path, a); err != nil {
		return err
	}
	text := make([]byte, 0, 8*len(values))
	for _, x := range values {
		text = binary.LittleEndian.AppendUint64(text, math.Float64bits(x))
	}
	return s.chunk(path, make([]int, len(shape)), text)
}
