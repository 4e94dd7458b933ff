package tree

import (
	"fmt"
	"strings"

	"github.com/hxgpu/hxgpu/tensor"
)

// Kind says on which axes a variable of a program lives.
type Kind uint8

// The kinds of variables.
const (
	State Kind = iota // one value per node and chain
	Data              // one value per node, the same for all chains; programs only read it
	Chain             // one value per chain
)

// String names the kind.
func (k Kind) String() string { return [...]string{"state", "data", "chain"}[k] }

// Field declares a named variable: its kind and the shape at one node or chain.
type Field struct {
	Name  string
	Kind  Kind
	Shape tensor.Shape
}

// Schema is the list of fields that a program works on.
type Schema struct {
	fields []Field
	index  map[string]int
}

// NewSchema checks and collects fields. An empty or repeated name, or an extent
// below 1, is an error.
func NewSchema(fields ...Field) (*Schema, error) {
	s := &Schema{index: map[string]int{}}
	for _, f := range fields {
		if f.Name == "" {
			return nil, fmt.Errorf("tree: a field has no name; fields so far: %s", s.names())
		}
		if _, exists := s.index[f.Name]; exists {
			return nil, fmt.Errorf("tree: field %q is declared twice", f.Name)
		}
		for _, extent := range f.Shape {
			if extent < 1 {
				return nil, fmt.Errorf("tree: field %q has shape %v; every extent must be at least 1", f.Name, f.Shape)
			}
		}
		s.index[f.Name] = len(s.fields)
		s.fields = append(s.fields, f)
	}
	return s, nil
}

// Fields lists the fields in the order of their declaration.
func (s *Schema) Fields() []Field { return append([]Field(nil), s.fields...) }

func (s *Schema) names() string {
	if len(s.fields) == 0 {
		return "none"
	}
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}
