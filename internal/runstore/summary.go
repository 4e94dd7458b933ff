package runstore

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"github.com/hxgpu/hxgpu/nuts"
)

// Number is a float64 that JSON holds as null where it is not finite.
type Number float64

// MarshalJSON writes the number with all its digits, or null.
func (x Number) MarshalJSON() ([]byte, error) {
	if v := float64(x); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

// UnmarshalJSON reads a number; null is NaN.
func (x *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*x = Number(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(text), 64)
	*x = Number(v)
	return err
}

// Numbers makes a list of numbers.
func Numbers(values []float64) []Number {
	numbers := make([]Number, len(values))
	for i, v := range values {
		numbers[i] = Number(v)
	}
	return numbers
}

// Parameter is what is known of one parameter.
type Parameter struct {
	Name       string
	Statistics nuts.Statistics
	NestedRhat float64 // of superchains; 0 where there are none
}

// Parameters are written as one object, by name, in their order.
type Parameters []Parameter

type statistics struct {
	Mean     Number `json:"mean"`
	SD       Number `json:"sd"`
	MCSEMean Number `json:"mcse_mean"`
	Q2_5     Number `json:"q2.5"`
	Median   Number `json:"median"`
	Q97_5    Number `json:"q97.5"`
	Rhat     Number `json:"rhat"`
	ESSBulk  Number `json:"ess_bulk"`
	ESSTail  Number `json:"ess_tail"`
	Nested   Number `json:"nested_rhat,omitempty"`
}

// MarshalJSON writes the parameters as {"name": {"mean": ...}}.
func (p Parameters) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, parameter := range p {
		name, err := json.Marshal(parameter.Name)
		if err != nil {
			return nil, err
		}
		s := parameter.Statistics
		values, err := json.Marshal(statistics{Number(s.Mean), Number(s.SD), Number(s.MCSEMean), Number(s.Q2_5), Number(s.Median),
			Number(s.Q97_5), Number(s.Rhat), Number(s.ESSBulk), Number(s.ESSTail), Number(parameter.NestedRhat)})
		if err != nil {
			return nil, err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(values)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// Timings says where the time went, in seconds.
type Timings struct {
	Compile Number `json:"compile_s"`
	Warmup  Number `json:"warmup_s"`
	Draws   Number `json:"draws_s"`
	Total   Number `json:"total_s"`
}

// Summary is what summary.json holds.
type Summary struct {
	Parameters  Parameters `json:"parameters"`
	Divergences int        `json:"divergences"`
	Chains      int        `json:"chains"`
	Draws       int        `json:"draws"` // of each chain
	Gradients   int64      `json:"gradients"`
	Values      int64      `json:"values,omitempty"` // evaluations without a gradient
	Device      string     `json:"device"`
	Timings     *Timings   `json:"timings,omitempty"`
	// Interrupted is set when fewer draws were made than asked for.
	Interrupted bool `json:"interrupted,omitempty"`
	// RootDraws is the number of draws, over all chains, behind the root's
	// figures, where it is not all of them.
	RootDraws int `json:"root_draws,omitempty"`
}
