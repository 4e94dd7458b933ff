package landmarks

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// number writes a float so that it is read back the same; NA where missing.
func number(x float64) string {
	if math.IsNaN(x) {
		return "NA"
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// WriteCSV writes shapes as a table headed taxon,x1,y1,x2,y2,..., with NA where a
// coordinate is missing. [ReadFile] reads it back the same.
func WriteCSV(w io.Writer, s *Set) error {
	if err := s.check(); err != nil {
		return err
	}
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

// WriteTPS writes shapes in the TPS format, the taxa as IDs. [ParseTPS] reads it
// back the same. The format has no way to say that a landmark is missing: that is
// an error.
func WriteTPS(w io.Writer, s *Set) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := s.checkComplete("the TPS format cannot say so; write a table"); err != nil {
		return err
	}
	for i, taxon := range s.Taxa {
		if strings.ContainsAny(taxon, "\r\n") {
			return s.fail(i, "the name of taxon %q has more than one line: the TPS format cannot say so; write a table", taxon)
		}
	}
	out := bufio.NewWriter(w)
	for i, shape := range s.Shapes {
		fmt.Fprintf(out, "%s=%d\n", map[int]string{2: "LM", 3: "LM3"}[s.Dimensions], s.Points)
		for k, x := range shape {
			out.WriteString(number(x))
			if (k+1)%s.Dimensions == 0 {
				out.WriteByte('\n')
			} else {
				out.WriteByte(' ')
			}
		}
		fmt.Fprintf(out, "ID=%s\n", s.Taxa[i])
	}
	return out.Flush()
}
