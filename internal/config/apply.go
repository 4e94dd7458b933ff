package config

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// Options say what a file may hold beyond the flags of the command.
type Options struct {
	// Elsewhere reports whether a key belongs to another command; such keys are
	// passed over, so that one file serves several commands.
	Elsewhere func(key string) bool
	// Refused are flags that are for the command line alone, and why.
	Refused map[string]string
	// Lists are the flags of type string that take a list, which are given its
	// elements with commas between.
	Lists []string
	// Instead has, by flag, another one whose values of the form name=value on the
	// command line take the place of the file's for the same name.
	Instead map[string]string
	// Suggest finds the nearest of the known keys and says so, or says nothing.
	Suggest func(key string, known []string) string
}

// Applied is what a file has set.
type Applied struct {
	Places map[string]string // by flag: where its value stands, as in run.yaml:3:9
	Unused []string          // keys of other commands
}

// Apply sets the flags that the command line has left open as the file says. All of
// the file is checked, whatever the command line says.
func (f *File) Apply(flags *pflag.FlagSet, o Options) (*Applied, error) {
	done := &Applied{Places: map[string]string{}}
	given := map[string]bool{}
	flags.Visit(func(flag *pflag.Flag) { given[flag.Name] = true })
	for _, s := range f.settings {
		name := s.key.Value
		if reason, ok := o.Refused[name]; ok {
			return nil, f.errorAt(s.key, "%s is for the command line alone: %s", name, reason)
		}
		flag := flags.Lookup(name)
		if flag == nil {
			if o.Elsewhere != nil && o.Elsewhere(name) {
				done.Unused = append(done.Unused, name)
				continue
			}
			return nil, f.unknown(s.key, flags, o)
		}
		if isNull(s.value) {
			continue
		}
		values, err := f.values(flag, s, o)
		if err != nil {
			return nil, err
		}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			values = left(values, list.GetSlice(), given[name])
			if other := flags.Lookup(o.Instead[name]); other != nil && given[other.Name] {
				if list, ok := other.Value.(pflag.SliceValue); ok {
					values = left(values, list.GetSlice(), true)
				}
			}
			if len(values) > 0 && !given[name] {
				list.Replace(nil) //nolint:errcheck // nothing is fine; a default goes
			}
			for _, value := range values {
				if err := list.Append(value); err != nil {
					return nil, f.errorAt(s.value, "%s: %v", name, err)
				}
			}
			flag.Changed = flag.Changed || len(values) > 0
		} else if !given[name] {
			if err := flags.Set(name, values[0]); err != nil {
				return nil, f.errorAt(s.value, "%s: %s is not %s", name, describe(s.value), kindOf(flag))
			}
		}
		if !given[name] {
			done.Places[name] = (&Error{Path: f.path, Line: s.value.Line, Column: s.value.Column}).place()
		}
	}
	return done, nil
}

// left are the file's values of the form name=value whose names the command line
// does not give. Of others the command line's take the place of all.
func left(file, line []string, given bool) []string {
	if !given {
		return file
	}
	named := map[string]bool{}
	for _, text := range line {
		name, _, ok := strings.Cut(text, "=")
		if !ok {
			return nil
		}
		named[strings.TrimSpace(name)] = true
	}
	return slices.DeleteFunc(file, func(text string) bool {
		name, _, ok := strings.Cut(text, "=")
		return !ok || named[strings.TrimSpace(name)]
	})
}

func (f *File) unknown(key *yaml.Node, flags *pflag.FlagSet, o Options) error {
	var known []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if _, refused := o.Refused[flag.Name]; !refused {
			known = append(known, flag.Name)
		}
	})
	hint := ""
	if o.Suggest != nil {
		hint = o.Suggest(key.Value, known)
	}
	return f.errorAt(key, "there is no setting %q%s: the keys are the names of the flags without their dashes", key.Value, hint)
}

// values are what a flag is given for a setting: one, or any number of a flag that is
// repeated.
func (f *File) values(flag *pflag.Flag, s setting, o Options) ([]string, error) {
	if _, ok := flag.Value.(pflag.SliceValue); ok {
		return f.repeated(flag, s.value)
	}
	if flag.Value.Type() == "string" {
		text, err := f.text(flag, s.value, slices.Contains(o.Lists, flag.Name))
		return []string{text}, err
	}
	text, err := f.typed(flag, s.value)
	return []string{text}, err
}

// repeated reads a list, or a mapping whose pairs become name=value, or one value.
func (f *File) repeated(flag *pflag.Flag, n *yaml.Node) ([]string, error) {
	var values []string
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}, nil
	case yaml.SequenceNode:
		for _, element := range n.Content {
			text, err := f.scalar(flag.Name, resolve(element))
			if err != nil {
				return nil, err
			}
			values = append(values, text)
		}
		return values, nil
	}
	pairs, err := f.pairs(n)
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		if isNull(pair.value) {
			return nil, f.errorAt(pair.key, "%s: %s has no value: write %s: value, in quotes within braces", flag.Name, pair.key.Value, pair.key.Value)
		}
		text, err := f.assigned(flag.Name+": "+pair.key.Value, pair.value)
		if err != nil {
			return nil, err
		}
		values = append(values, pair.key.Value+"="+text)
	}
	return values, nil
}

// assigned reads the value of a name: a scalar, some with commas between, or the rows
// of a matrix.
func (f *File) assigned(name string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.SequenceNode {
		return f.scalar(name, n)
	}
	var rows []string
	matrix := false
	for i, element := range n.Content {
		element = resolve(element)
		if matrix = matrix || element.Kind == yaml.SequenceNode; matrix && (element.Kind != yaml.SequenceNode || len(rows) != i) {
			return "", f.errorAt(element, "%s: row %d of the matrix is %s, and not a list", name, i+1, describe(element))
		}
		if matrix {
			var cells []string
			for _, cell := range element.Content {
				text, err := f.scalar(name, resolve(cell))
				if err != nil {
					return "", err
				}
				cells = append(cells, text)
			}
			rows = append(rows, "["+strings.Join(cells, ",")+"]")
			continue
		}
		text, err := f.scalar(name, element)
		if err != nil {
			return "", err
		}
		rows = append(rows, text)
	}
	if matrix && !strings.HasPrefix(rows[0], "[") {
		return "", f.errorAt(n, "%s: some elements are lists, and others are not", name)
	}
	text := strings.Join(rows, ",")
	if matrix {
		text = "[" + text + "]"
	}
	return text, nil
}

// scalar reads a text or a number as it is written.
func (f *File) scalar(name string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return "", f.errorAt(n, "%s: a text or a number is needed, and not %s", name, describe(n))
	}
	return n.Value, nil
}

// text reads the value of a flag of type string, and makes paths relative to the
// file's folder.
func (f *File) text(flag *pflag.Flag, n *yaml.Node, list bool) (string, error) {
	if n.Kind == yaml.SequenceNode && list {
		var names []string
		for _, element := range n.Content {
			name, err := f.scalar(flag.Name, resolve(element))
			if err != nil {
				return "", err
			}
			if strings.Contains(name, ",") {
				return "", f.errorAt(resolve(element), "%s: %q has a comma in it, which stands between names", flag.Name, name)
			}
			names = append(names, name)
		}
		return strings.Join(names, ","), nil
	}
	text, err := f.scalar(flag.Name, n)
	if err != nil {
		return "", err
	}
	if path, ok := strings.CutPrefix(text, filePrefix); ok && path != "" {
		return filePrefix + f.relative(path), nil
	}
	if IsPath(flag) {
		return f.relative(text), nil
	}
	return text, nil
}

// Relocate makes the path in a flag's value, which is relative to the current folder,
// relative to another one, as a file there has to have it; other values stay as they
// are.
func Relocate(flag *pflag.Flag, value, folder string) (string, error) {
	path, prefixed := strings.CutPrefix(value, filePrefix)
	if !prefixed && !IsPath(flag) || path == "" || filepath.IsAbs(path) || filepath.Clean(folder) == "." {
		return value, nil
	}
	from, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Rel(from, to); err != nil {
		return to, nil // on another drive
	}
	if prefixed {
		path = filePrefix + path
	}
	return path, nil
}

// filePrefix begins values that name a file beside other values that do not.
const filePrefix = "file="

// IsPath reports whether a flag is given a path: the name of its value, in backquotes
// in its usage, is file or folder.
func IsPath(flag *pflag.Flag) bool {
	name, _ := pflag.UnquoteUsage(flag)
	return name == "file" || name == "folder"
}

// typed reads a number, a truth value or a duration.
func (f *File) typed(flag *pflag.Flag, n *yaml.Node) (string, error) {
	wrong := f.errorAt(n, "%s: it must be %s, and not %s", flag.Name, kindOf(flag), describe(n))
	if n.Kind != yaml.ScalarNode {
		return "", wrong
	}
	tag := n.ShortTag()
	switch flag.Value.Type() {
	case "bool":
		if tag != "!!bool" {
			return "", wrong
		}
		return strings.ToLower(n.Value), nil
	case "int":
		var i int
		if tag != "!!int" || n.Decode(&i) != nil {
			return "", wrong
		}
		return strconv.Itoa(i), nil
	case "uint64":
		var i uint64
		if tag != "!!int" || n.Decode(&i) != nil {
			return "", wrong
		}
		return strconv.FormatUint(i, 10), nil
	case "float64":
		var x float64
		if tag != "!!int" && tag != "!!float" || n.Decode(&x) != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return "", wrong
		}
		return strconv.FormatFloat(x, 'g', -1, 64), nil
	}
	return n.Value, nil
}

// kindOf says in words what a flag takes.
func kindOf(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "bool":
		return "true or false"
	case "int":
		return "a whole number"
	case "uint64":
		return "a whole number of 0 or more"
	case "float64":
		return "a number"
	case "duration":
		return "a time such as 5s"
	}
	return fmt.Sprintf("a value of type %s", flag.Value.Type())
}
