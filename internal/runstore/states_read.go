package runstore

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
)

// ReadStates reads the states of all nodes, [trait][node], from ancestral.csv, for a
// tree of so many nodes. The error is fs.ErrNotExist where there is no such file, or a
// *[DamagedError].
func (f *Folder) ReadStates(traits []string, nodes int) ([][]State, error) {
	path := f.Path(StatesFile)
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	damaged := func(format string, values ...any) error { return &DamagedError{path, fmt.Sprintf(format, values...)} }
	in := csv.NewReader(file)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil || !slices.Equal(head, statesHeader) {
		return nil, damaged("it is no table of states as hxgpu writes them")
	}
	column := map[string]int{}
	states := make([][]State, len(traits))
	for k, trait := range traits {
		column[trait] = k
		states[k] = make([]State, nodes)
	}
	rows, seen := 0, make([]bool, nodes*len(traits))
	for ; ; rows++ {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, damaged("it cannot be read: %v", err)
		}
		line, _ := in.FieldPos(0)
		v, err := strconv.Atoi(record[0])
		k, known := column[record[4]]
		if err != nil || v < 0 || v >= nodes || !known {
			return nil, damaged("line %d is of node %q and trait %q, which the run does not have", line, record[0], record[4])
		}
		var numbers [5]float64
		for i := range numbers {
			if numbers[i], err = strconv.ParseFloat(record[5+i], 64); err != nil || math.IsInf(numbers[i], 0) {
				return nil, damaged("line %d: %q is not a number", line, record[5+i])
			}
		}
		if seen[k*nodes+v] {
			return nil, damaged("line %d is of node %d and trait %s, as another one is", line, v, record[4])
		}
		seen[k*nodes+v] = true
		states[k][v] = State{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]}
	}
	if want := nodes * len(traits); rows != want {
		return nil, damaged("it has %d rows; %d nodes and %d traits need %d", rows, nodes, len(traits), want)
	}
	return states, nil
}
