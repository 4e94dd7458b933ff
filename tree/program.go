package tree

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
)

// VariableID names a variable of a program. Every write to a field makes a new
// variable, so that the values a reversal needs are never overwritten.
type VariableID int

// Variable is one version of a field, or an intermediate result.
type Variable struct {
	Name  string
	Kind  Kind
	Shape tensor.Shape
	Input bool // set by the caller before the program runs; zero where not set
}

// Order is the order in which a sweep visits the nodes.
type Order uint8

// The orders of a sweep.
const (
	AnyOrder     Order = iota // all nodes at once
	LeavesToRoot              // slab by slab, the deepest first
	RootToLeaves              // slab by slab, the root first
)

// String names the order.
func (o Order) String() string {
	return [...]string{"any order", "leaves to root", "root to leaves"}[o]
}

// Via says whose value a statement reads, seen from the node it runs at.
type Via uint8

// The ways to read.
const (
	Own        Via = iota
	OfParent       // the parent's value; at the root the value is unspecified and must not be used
	OfChildren     // the values of all children, reduced in ascending order
	OfChain        // a chain variable
	LeafFlag       // 1 at leaves, 0 elsewhere
	RootFlag       // 1 at the root, 0 elsewhere
	Degree         // the number of children
)

// Reduction combines the values of a node's children.
type Reduction uint8

// The reductions. Over no children they give 0, 1, -Inf and +Inf.
const (
	Sum Reduction = iota
	Prod
	Max
	Min
)

// Read binds an input of a statement's graph to a variable.
type Read struct {
	Input     *tensor.Node
	Variable  VariableID // unused for the flags
	Via       Via
	Reduction Reduction // for OfChildren
	// Reduced is, for Prod, Max and Min, the variable that keeps the reduced
	// value at the parent, and Zeros the number of zero factors of a Prod; the
	// reversal reads them.
	Reduced, Zeros VariableID
}

// Write is a result of a statement. A write with NotRoot is never read at the
// root, where it may be left out.
type Write struct {
	Variable VariableID
	Value    tensor.Value
	NotRoot  bool
}

// StatementKind tells the three kinds of statements apart.
type StatementKind uint8

// The kinds of statements.
const (
	SweepStatement  StatementKind = iota // over nodes and chains
	ScalarStatement                      // over chains
	TotalStatement                       // a chain variable = the sum over all nodes of a state variable
)

// Statement is one step of a program.
type Statement struct {
	Name   string
	Kind   StatementKind
	Order  Order
	Reads  []Read
	Writes []Write
	// Source and Target are the variables of a TotalStatement.
	Source, Target VariableID
}

// Program is a list of statements over the fields of a schema. A mistake in a
// statement (an unknown field, shapes that do not fit) is kept and returned by
// [Program.Err]; statements after it are ignored.
type Program struct {
	schema     *Schema
	variables  []Variable
	statements []Statement
	current    map[string]VariableID
	err        error
}

// NewProgram starts an empty program. Every field of the schema is an input:
// its first value is what the caller sets, or zero.
func NewProgram(schema *Schema) *Program {
	p := &Program{schema: schema, current: map[string]VariableID{}}
	for _, f := range schema.fields {
		p.current[f.Name] = p.NewVariable(Variable{Name: f.Name, Kind: f.Kind, Shape: f.Shape, Input: true})
	}
	return p
}

// Err is the first mistake in the statements added so far.
func (p *Program) Err() error { return p.err }

// Variables lists all variables; a [VariableID] is an index into it.
func (p *Program) Variables() []Variable { return p.variables }

// Variable describes one variable.
func (p *Program) Variable(id VariableID) Variable { return p.variables[id] }

// Statements lists the statements in the order they run.
func (p *Program) Statements() []Statement { return p.statements }

// Current is the latest version of a field.
func (p *Program) Current(field string) (VariableID, error) {
	id, ok := p.current[field]
	if !ok {
		return 0, fmt.Errorf("tree: there is no field %q; fields: %s", field, p.schema.names())
	}
	return id, nil
}

// NewVariable adds a variable; for packages that build statements themselves.
func (p *Program) NewVariable(v Variable) VariableID {
	p.variables = append(p.variables, v)
	return VariableID(len(p.variables) - 1)
}

// Append adds a finished statement; for packages that build statements themselves.
func (p *Program) Append(s Statement) { p.statements = append(p.statements, s) }

// SetStatement replaces a statement by one with more writes; for packages that
// build statements themselves.
func (p *Program) SetStatement(number int, s Statement) { p.statements[number] = s }

// SetCurrent makes a variable the latest version of a field, which is created
// if the schema does not have it.
func (p *Program) SetCurrent(field string, id VariableID) { p.current[field] = id }

// Clone copies the program, so that statements can be added to the copy.
func (p *Program) Clone() *Program {
	c := &Program{schema: p.schema, err: p.err, current: map[string]VariableID{}}
	c.variables = append(c.variables, p.variables...)
	c.statements = append(c.statements, p.statements...)
	for name, id := range p.current {
		c.current[name] = id
	}
	return c
}
