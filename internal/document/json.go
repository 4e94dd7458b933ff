package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// field is a field of a JSON object, in its place.
type field struct {
	name  string
	value any // string, or object, or []any
}

type object []field

// mostTableRows is how many rows of a JSON list are shown.
const mostTableRows = 2000

// FromJSON makes a section of a JSON object that another program has written: scalars
// become facts, lists of objects and objects of objects tables, and other objects parts
// of their own. It asks nothing of the names.
func FromJSON(id, title string, text []byte) (Section, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := decode(decoder, 0)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			err = nil
		} else if err == nil {
			err = fmt.Errorf("there is more after its end")
		}
	}
	if err != nil {
		return Section{}, err
	}
	o, ok := value.(object)
	if !ok {
		return Section{}, fmt.Errorf("it holds no object")
	}
	s := o.section(title)
	s.ID = id
	return s, nil
}

// mostDepth is how deep objects may stand in each other.
const mostDepth = 32

// decode reads a value with the fields of objects in their order.
func decode(d *json.Decoder, depth int) (any, error) {
	if depth > mostDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", mostDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			o := object{}
			for d.More() {
				name, err := d.Token()
				if err != nil {
					return nil, err
				}
				value, err := decode(d, depth+1)
				if err != nil {
					return nil, err
				}
				o = append(o, field{name.(string), value})
			}
			_, err := d.Token()
			return o, err
		}
		list := []any{}
		for d.More() {
			value, err := decode(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, err
	case json.Number:
		return number(t.String()), nil
	case bool:
		return map[bool]string{true: "yes", false: "no"}[t], nil
	case string:
		return t, nil
	}
	return "-", nil // null
}

// number writes a JSON number with four digits, whole ones in full.
func number(text string) string {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !strings.ContainsAny(text, ".eE") {
		return text
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// words makes a name of a field readable.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// heading is a field's name as a heading.
func heading(name string) string {
	s := words(name)
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

func (o object) section(title string) Section {
	s := Section{Title: title}
	for _, f := range o {
		switch v := f.value.(type) {
		case string:
			s.Facts = append(s.Facts, Fact{words(f.name), v})
		case []any:
			if t, ok := tableOf(v); ok {
				t.Caption = heading(f.name)
				s.Tables = append(s.Tables, t)
			} else if texts := scalars(v); len(texts) > 0 {
				s.Facts = append(s.Facts, Fact{words(f.name), joined(texts)})
			}
		case object:
			if t, ok := v.table(); ok {
				t.Caption = heading(f.name)
				s.Tables = append(s.Tables, t)
			} else if len(v) > 0 {
				s.Parts = append(s.Parts, v.section(heading(f.name)))
			}
		}
	}
	return s
}

// scalars are the scalars of a list.
func scalars(list []any) (texts []string) {
	for _, v := range list {
		if text, ok := v.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

func joined(texts []string) string {
	const most = 20
	if len(texts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
	}
	return strings.Join(texts, ", ")
}

// tableOf makes a table of a list of objects: a column for each field that is a scalar,
// or a list of them.
func tableOf(list []any) (Table, bool) {
	var rows []object
	for _, v := range list {
		o, ok := v.(object)
		if !ok {
			return Table{}, false
		}
		rows = append(rows, o)
	}
	return tableOfObjects(nil, rows)
}

// table makes a table of an object of objects, such as {"sigma_sq": {"mean": 1}}.
func (o object) table() (Table, bool) {
	var names []string
	var rows []object
	for _, f := range o {
		row, ok := f.value.(object)
		if !ok || slices.ContainsFunc(row, func(f field) bool { _, nested := f.value.(object); return nested }) {
			return Table{}, false
		}
		names, rows = append(names, f.name), append(rows, row)
	}
	return tableOfObjects(names, rows)
}

func tableOfObjects(names []string, rows []object) (Table, bool) {
	if len(rows) == 0 {
		return Table{}, false
	}
	t := Table{Shown: 30}
	var columns []string
	for _, row := range rows {
		for _, f := range row {
			if _, ok := f.cell(); ok && !slices.Contains(columns, f.name) {
				columns = append(columns, f.name)
			}
		}
	}
	if len(columns) == 0 {
		return Table{}, false
	}
	if names != nil {
		t.Head = []string{""}
	}
	for _, c := range columns {
		t.Head = append(t.Head, words(c))
	}
	for i, row := range rows[:min(len(rows), mostTableRows)] {
		cells := make([]string, len(columns))
		for _, f := range row {
			if text, ok := f.cell(); ok {
				cells[slices.Index(columns, f.name)] = text
			}
		}
		if names != nil {
			cells = append([]string{names[i]}, cells...)
		}
		t.Rows = append(t.Rows, cells)
	}
	if n := len(rows); n > mostTableRows {
		t.Note = fmt.Sprintf("The first %d of %d rows.", mostTableRows, n)
	}
	return t, true
}

// cell is a field as a table shows it.
func (f field) cell() (string, bool) {
	switch v := f.value.(type) {
	case string:
		return v, true
	case []any:
		if texts := scalars(v); len(texts) == len(v) {
			return joined(texts), true
		}
	}
	return "", false
}
