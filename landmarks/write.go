package landmarks

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
)

// number writes a float so that it is read back the same; NA where missing.
func number(x float64) string {
	if math.IsNaN(x) {
		return "NA"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// WriteCSV writes shapes as a table headed taxon,x1,y1,x2,y2,...
func WriteCSV(w io.Writer, s *Set) error {
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"taxon"}, s.Coordinates()...)); err != nil {
		return err
	}
	for i, shape := range s.Shapes {
		row := []string{s.Taxa[i]}
		for _, x := range shape {
			row = append(row, number(x))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteTPS writes shapes in the TPS format. It has no way to say that a coordinate
// is missing: that is an error.
func WriteTPS(w io.Writer, s *Set) error {
	out := bufio.NewWriter(w)
	for i, shape := range s.Shapes {
		fmt.Fprintf(out, "%s=%d\n", map[int]string{2: "LM", 3: "LM3"}[s.Dimensions], s.Points)
		for p := range s.Points {
			for d := range s.Dimensions {
				x := shape[p*s.Dimensions+d]
				if math.IsNaN(x) {
					return fmt.Errorf("landmark %d of taxon %q is missing: the TPS format cannot say so; write a table", p+1, s.Taxa[i])
				}
				if d > 0 {
					out.WriteByte(' ')
				}
				out.WriteString(number(x))
			}
			out.WriteByte('\n')
		}
		fmt.Fprintf(out, "ID=%s\n", s.Taxa[i])
	}
	return out.Flush()
}
