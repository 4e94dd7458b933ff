package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Error is what is wrong with a file, and where, counted from 1. Column is 0 where only
// the line is known: where the file is not YAML.
type Error struct {
	Path         string
	Line, Column int
	Message      string
}

func (e *Error) Error() string { return e.place() + ": " + e.Message }

// place is where it is wrong, as in run.yaml:3:1.
func (e *Error) place() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	return fmt.Sprintf("%s:%d:%d", e.Path, e.Line, e.Column)
}

// File is a file that has been read: its settings in their order.
type File struct {
	path     string
	settings []setting
}

// setting is a key and its value.
type setting struct{ key, value *yaml.Node }

// Read reads a file.
func Read(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, text)
}

// Parse reads a file that is in memory already; messages and relative paths go by
// its path.
func Parse(path string, text []byte) (*File, error) {
	f := &File{path: path}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return f, nil // nothing but comments
	} else if err != nil {
		return nil, f.syntaxError(err, string(text))
	}
	if err := decoder.Decode(&second); err == nil {
		return nil, f.errorAt(&second, "a second document begins here: a file is one document, without ---")
	} else if !errors.Is(err, io.EOF) {
		return nil, f.syntaxError(err, string(text))
	}
	if len(document.Content) != 1 {
		return f, nil
	}
	top := resolve(document.Content[0])
	switch {
	case isNull(top):
		return f, nil
	case top.Kind != yaml.MappingNode:
		return nil, f.errorAt(top, "a file holds lines of the form key: value, as in tree: T.nwk, and not %s", describe(top))
	}
	pairs, err := f.pairs(top)
	f.settings = pairs
	return f, err
}

// pairs are the keys of a mapping and their values; no key stands twice.
func (f *File) pairs(mapping *yaml.Node) ([]setting, error) {
	var pairs []setting
	lines := map[string]int{}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, value := resolve(mapping.Content[i]), resolve(mapping.Content[i+1])
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			return nil, f.errorAt(key, "a key is a name, and not %s", describe(key))
		}
		if line, ok := lines[key.Value]; ok {
			return nil, f.errorAt(key, "%s stands twice, first on line %d: keep one", key.Value, line)
		}
		lines[key.Value] = key.Line
		pairs = append(pairs, setting{key, value})
	}
	return pairs, nil
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// describe says in words what a node is.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if isNull(n) {
		return "nothing"
	}
	const most = 40
	text := []rune(n.Value)
	if len(text) > most {
		text = append(text[:most], '…')
	}
	return fmt.Sprintf("%q", string(text))
}

func (f *File) errorAt(n *yaml.Node, format string, values ...any) error {
	return &Error{f.path, n.Line, n.Column, fmt.Sprintf(format, values...)}
}

// yamlLine and yamlAnchor are how the reader says what is no YAML. It gives no line
// where that is the first one.
var (
	yamlLine   = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)`)
	yamlAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
	// fromZero are errors of the reader's parser, whose lines it counts from 0, unlike
	// those of its scanner.
	fromZero = regexp.MustCompile(`^did not find expected (<document start>|node content|key|'-' indicator|',' or '[\]}]')`)
)

// syntaxError puts the place of an error of the YAML reader behind the file's name. The
// reader gives no column.
func (f *File) syntaxError(err error, text string) error {
	e := &Error{Path: f.path, Line: 1}
	message := strings.ReplaceAll(err.Error(), "\n", " ")
	if anchor := yamlAnchor.FindStringSubmatch(message); anchor != nil {
		before, _, _ := strings.Cut(text, "*"+anchor[1])
		e.Line = strings.Count(before, "\n") + 1
		e.Message = fmt.Sprintf("there is no anchor &%s that *%s stands for", anchor[1], anchor[1])
		return e
	}
	m := yamlLine.FindStringSubmatch(message)
	if line, err := strconv.Atoi(m[1]); err == nil {
		e.Line = line
		if fromZero.MatchString(m[2]) {
			e.Line++
		}
	}
	e.Message = "not YAML: " + m[2]
	return e
}

// relative makes a path of the file relative to the current folder.
func (f *File) relative(path string) string {
	if path == "" || filepath.IsAbs(path) || filepath.Dir(f.path) == "." {
		return path
	}
	return filepath.Join(filepath.Dir(f.path), path)
}
