package runstore

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"

	"github.com/hxgpu/hxgpu/nuts"
)

// PooledParameter is what is known of one parameter over a set of trees.
type PooledParameter struct {
	Name string
	nuts.Pooled
}

// PooledParameters are written as one object, by name, in their order.
type PooledParameters []PooledParameter

// pooledColumns are the figures of a parameter by name, in order.
var pooledColumns = []struct {
	name string
	of   func(p *nuts.Pooled) float64
}{
	{"mean", func(p *nuts.Pooled) float64 { return p.Mean }},
	{"sd", func(p *nuts.Pooled) float64 { return p.SD }},
	{"mcse_mean", func(p *nuts.Pooled) float64 { return p.MCSEMean }},
	{"mcse_mean_within_trees", func(p *nuts.Pooled) float64 { return p.MCSEWithin }},
	{"q2.5", func(p *nuts.Pooled) float64 { return p.Q2_5 }},
	{"median", func(p *nuts.Pooled) float64 { return p.Median }},
	{"q97.5", func(p *nuts.Pooled) float64 { return p.Q97_5 }},
	{"share_between_trees", func(p *nuts.Pooled) float64 { return p.Between }},
	{"effective_trees", func(p *nuts.Pooled) float64 { return p.Trees }},
	{"worst_rhat", func(p *nuts.Pooled) float64 { return p.Rhat }},
	{"least_ess_bulk", func(p *nuts.Pooled) float64 { return p.ESSBulk }},
	{"least_ess_tail", func(p *nuts.Pooled) float64 { return p.ESSTail }},
}

// MarshalJSON writes the parameters as {"name": {"mean": ...}}.
func (p PooledParameters) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i := range p {
		name, err := json.Marshal(p[i].Name)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(name)
		out.WriteString(":{")
		for k, column := range pooledColumns {
			value, err := Number(column.of(&p[i].Pooled)).MarshalJSON()
			if err != nil {
				return nil, err
			}
			if k > 0 {
				out.WriteByte(',')
			}
			out.WriteString(strconv.Quote(column.name) + ":")
			out.Write(value)
		}
		out.WriteByte('}')
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// TreeSummary is what is to be said of the run on one tree.
type TreeSummary struct {
	Number      int      `json:"number"`
	Name        string   `json:"name,omitempty"`
	Seed        uint64   `json:"seed"`
	Divergences int      `json:"divergences"`
	Rhat        Number   `json:"worst_rhat"` // of the parameters
	ESSBulk     Number   `json:"least_ess_bulk"`
	ESSTail     Number   `json:"least_ess_tail"`
	Findings    []string `json:"findings"` // by their codes
}

// PooledSummary is what summary.json of a set of trees holds.
type PooledSummary struct {
	Parameters  PooledParameters `json:"parameters"`
	Divergences int              `json:"divergences"`
	Chains      int              `json:"chains"` // of each tree
	Draws       int              `json:"draws"`  // of each chain
	Device      string           `json:"device"`
	Trees       []TreeSummary    `json:"trees"`
	Total       Number           `json:"total_s,omitempty"`
	// Interrupted is set when fewer trees were finished than asked for.
	Interrupted bool `json:"interrupted,omitempty"`
}

// WritePooled writes the summary as JSON and, of the parameters, as a table.
func (f *Folder) WritePooled(s PooledSummary) error {
	s.Total = 0 // files are a function of settings and data
	if err := f.WriteJSON(SummaryFile, s); err != nil {
		return err
	}
	return f.Write(PooledTableFile, func(w io.Writer) error {
		out := csv.NewWriter(w)
		record := []string{"parameter"}
		for _, column := range pooledColumns {
			record = append(record, column.name)
		}
		if err := out.Write(record); err != nil {
			return err
		}
		for i := range s.Parameters {
			record = append(record[:0], s.Parameters[i].Name)
			for _, column := range pooledColumns {
				record = append(record, strconv.FormatFloat(column.of(&s.Parameters[i].Pooled), 'g', -1, 64))
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	})
}

// TreeDraws are the draws of the run on one tree.
type TreeDraws struct {
	Number int
	Values [][][]float64 // [parameter][chain][draw]
}

// WritePooledDraws writes the draws of all trees as one table, with columns called as
// in the files of chains.
func (f *Folder) WritePooledDraws(parameters []string, trees []TreeDraws) error {
	return f.Write(PooledDrawsFile, func(w io.Writer) error {
		header := csv.NewWriter(w)
		if err := header.Write(append([]string{"tree", "chain", "draw"}, ColumnNames(parameters)...)); err != nil {
			return err
		}
		if header.Flush(); header.Error() != nil {
			return header.Error()
		}
		var line []byte
		for _, t := range trees {
			for chain := range t.Values[0] {
				for draw := range t.Values[0][chain] {
					line = strconv.AppendInt(line[:0], int64(t.Number), 10)
					line = strconv.AppendInt(append(line, ','), int64(chain+1), 10)
					line = strconv.AppendInt(append(line, ','), int64(draw+1), 10)
					for _, values := range t.Values {
						line = appendNumber(append(line, ','), values[chain][draw])
					}
					if _, err := w.Write(append(line, '\n')); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}
