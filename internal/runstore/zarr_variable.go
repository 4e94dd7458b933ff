package runstore

import (
	"encoding/binary"
	"math"
	"slices"
)

// zarrVariable is an array [chain][draw][element ...] made of columns of a table.
type zarrVariable struct {
	name       string
	dimensions []string // of its elements
	labels     [][]string
	// columns of the elements in row-major order; one is the diagonal of a
	// correlation matrix, which is no column.
	columns []int
	kind    string // <f8, <i8 or |b1
}

const one = -1

// samplerVariables are the columns about the sampler under ArviZ's names.
var samplerVariables = []struct{ column, name, kind string }{
	{LogDensityColumn, "lp", "<f8"}, {AcceptColumn, "acceptance_rate", "<f8"}, {StepSizeColumn, "step_size", "<f8"}, {TreeDepthColumn, "tree_depth", "<i8"},
	{LeapfrogsColumn, "n_steps", "<i8"}, {DivergentColumn, "diverging", "|b1"}, {EnergyColumn, "energy", "<f8"},
}

func statVariables(m TableMeta) []zarrVariable {
	var variables []zarrVariable
	for _, v := range samplerVariables {
		if column := m.SamplerColumn(v.column); column >= 0 {
			variables = append(variables, zarrVariable{name: v.name, kind: v.kind, columns: []int{column}})
		}
	}
	return variables
}

// parameterVariables gathers the elements of each parameter: with one label each
// into a vector, all pairs of labels into the symmetric matrix of correlations. The
// dimension of a vector whose labels are the traits is called trait; others take
// their parameter's name. Anything else is a variable per element.
func parameterVariables(m TableMeta, traits []string) []zarrVariable {
	plain := ColumnNames(m.ParameterNames())
	var order []string
	elements := map[string][]int{}
	for i, c := range m.Parameters {
		if elements[c.Of] == nil {
			order = append(order, c.Of)
		}
		elements[c.Of] = append(elements[c.Of], i)
	}
	var variables []zarrVariable
	for _, of := range order {
		v, ok := gatherElements(m, of, elements[of], traits)
		if ok && !slices.ContainsFunc(variables, func(other zarrVariable) bool { return other.name == v.name }) {
			variables = append(variables, v)
			continue
		}
		for _, i := range elements[of] {
			variables = append(variables, zarrVariable{name: plain[i], kind: "<f8", columns: []int{m.FirstParameter() + i}})
		}
	}
	return variables
}

func gatherElements(m TableMeta, of string, elements []int, traits []string) (zarrVariable, bool) {
	v := zarrVariable{name: plainName(of), kind: "<f8"}
	var labels []string
	for _, i := range elements {
		if len(m.Parameters[i].Labels) != len(m.Parameters[elements[0]].Labels) {
			return v, false
		}
		for _, label := range m.Parameters[i].Labels {
			if !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
	}
	dimension := v.name + "_dim"
	if slices.Equal(labels, traits) {
		dimension = "trait"
	}
	n := len(labels)
	switch depth := len(m.Parameters[elements[0]].Labels); {
	case depth == 0 && len(elements) == 1:
		v.columns = []int{m.FirstParameter() + elements[0]}
		return v, true
	case depth == 1 && len(elements) == n:
		for _, i := range elements {
			v.columns = append(v.columns, m.FirstParameter()+i)
		}
		v.dimensions, v.labels = []string{dimension}, [][]string{labels}
		return v, true
	case depth == 2 && 2*len(elements) == n*(n-1):
		v.columns = make([]int, n*n)
		for k := range v.columns {
			v.columns[k] = one
		}
		for _, i := range elements {
			a, b := slices.Index(labels, m.Parameters[i].Labels[0]), slices.Index(labels, m.Parameters[i].Labels[1])
			if a == b || v.columns[a*n+b] != one {
				return v, false
			}
			v.columns[a*n+b], v.columns[b*n+a] = m.FirstParameter()+i, m.FirstParameter()+i
		}
		v.dimensions, v.labels = []string{dimension, dimension + "_bis"}, [][]string{labels, labels}
		return v, true
	}
	return v, false
}

// chunkNumbers is about how many numbers are put into a chunk.
const chunkNumbers = 1 << 17

// variable writes an array of the rows first to end of all chains.
func (s *zarrStore) variable(group string, t *Table, v zarrVariable, first, end int) error {
	size := len(v.columns)
	draws := min(max(end-first, 1), max(1, chunkNumbers/size))
	chains := min(t.Chains, max(1, chunkNumbers/size/draws))
	a := zarrArray{Shape: []int{t.Chains, end - first}, Chunks: []int{chains, draws}, Type: v.kind, dimensions: append([]string{"chain", "draw"}, v.dimensions...)}
	if v.kind == "<f8" {
		a.Fill = "NaN"
	}
	for _, labels := range v.labels {
		a.Shape, a.Chunks = append(a.Shape, len(labels)), append(a.Chunks, len(labels))
	}
	path := group + "/" + v.name
	if err := s.array(path, a); err != nil {
		return err
	}
	place := make([]int, len(a.Shape))
	for c := 0; c < t.Chains; c += chains {
		for row := first; row < end; row += draws {
			place[0], place[1] = c/chains, (row-first)/draws
			text, err := v.encode(t, c, min(c+chains, t.Chains), chains, row, min(row+draws, end), draws)
			if err != nil {
				return err
			}
			if err := s.chunk(path, place, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// encode makes a chunk of some chains and rows, filled up to its full size.
func (v zarrVariable) encode(t *Table, chain, endChain, chains, row, endRow, rows int) ([]byte, error) {
	var columns []int // each once
	at := make([]int, len(v.columns))
	for k, column := range v.columns {
		at[k] = slices.Index(columns, column)
		if at[k] < 0 && column != one {
			at[k] = len(columns)
			columns = append(columns, column)
		}
	}
	values, err := t.ReadChains(columns, chain, endChain, row, endRow)
	if err != nil {
		return nil, err
	}
	width := 8
	if v.kind == "|b1" {
		width = 1
	}
	text := make([]byte, 0, chains*rows*len(at)*width)
	for c := range chains {
		for r := range rows {
			for _, k := range at {
				x := 1.0
				switch {
				case c >= endChain-chain || r >= endRow-row:
					x = math.NaN()
				case k >= 0:
					x = values[k][c][r]
				}
				text = v.appendNumber(text, x)
			}
		}
	}
	return text, nil
}

func (v zarrVariable) appendNumber(text []byte, x float64) []byte {
	switch v.kind {
	case "|b1":
		if x == 1 {
			return append(text, 1)
		}
		return append(text, 0)
	case "<i8":
		if x != x {
			x = 0
		}
		return binary.LittleEndian.AppendUint64(text, uint64(int64(x)))
	}
	return binary.LittleEndian.AppendUint64(text, math.Float64bits(x))
}
