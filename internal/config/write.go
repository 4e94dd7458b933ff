package config

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// lineWidth is where comments are broken.
const lineWidth = 88

// Writer puts a file together.
type Writer struct{ text strings.Builder }

// String is the file.
func (w *Writer) String() string { return w.text.String() }

// Comment writes lines of comment; of each line those too long are broken, and go on
// as far to the right as they began. An empty text gives an empty line.
func (w *Writer) Comment(text string) {
	if text == "" {
		w.text.WriteByte('\n')
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		for _, part := range wrap(line, lineWidth-2) {
			w.text.WriteString(strings.TrimRight("# "+part, " ") + "\n")
		}
	}
}

// Heading begins a group of settings.
func (w *Writer) Heading(title string) {
	rule := strings.Repeat("-", max(lineWidth-len("# ")-len(title)-1, 3))
	fmt.Fprintf(&w.text, "\n# %s %s\n", title, rule)
}

// Set writes what a flag is given: one value, or any number of a flag that is
// repeated. A remark stands behind it.
func (w *Writer) Set(flag *pflag.Flag, values []string, remark string) {
	w.write("", flag, values, remark)
}

// Suggest writes a setting behind a # without a space, unlike comments: a reader who
// removes the # takes it into use.
func (w *Writer) Suggest(flag *pflag.Flag, values []string, remark string) {
	w.write("#", flag, values, remark)
}

func (w *Writer) write(before string, flag *pflag.Flag, values []string, remark string) {
	if remark != "" {
		remark = "  # " + remark
	}
	if _, repeated := flag.Value.(pflag.SliceValue); !repeated {
		value := ""
		if len(values) > 0 {
			value = values[0]
		}
		if flag.Value.Type() == "string" && value != "" {
			value = quote(value)
		}
		w.text.WriteString(strings.TrimRight(before+flag.Name+": "+value, " ") + remark + "\n")
		return
	}
	if len(values) == 0 {
		w.text.WriteString(before + flag.Name + ": []" + remark + "\n")
		return
	}
	w.text.WriteString(before + flag.Name + ":" + remark + "\n")
	named := uniqueNames(values)
	for _, value := range values {
		if name, assigned, _ := strings.Cut(value, "="); named {
			fmt.Fprintf(&w.text, "%s  %s: %s\n", before, quote(strings.TrimSpace(name)), quote(strings.TrimSpace(assigned)))
		} else {
			fmt.Fprintf(&w.text, "%s  - %s\n", before, quote(value))
		}
	}
}

// uniqueNames reports whether values are name=value, each with a name of its own.
func uniqueNames(values []string) bool {
	seen := map[string]bool{}
	for _, value := range values {
		name, assigned, ok := strings.Cut(value, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.TrimSpace(assigned) == "" || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

// quote writes a text as YAML, on one line, in quotes where it needs them.
func quote(text string) string {
	node := yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsAny(text, "\n\r\u0085\u2028\u2029") {
		node.Style = yaml.DoubleQuotedStyle
	}
	out, err := yaml.Marshal(&node)
	if err != nil { // no text of ours
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimRight(string(out), "\n")
}

// wrap breaks a line between words.
func wrap(line string, width int) []string {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	var lines []string
	current := ""
	for _, word := range strings.Fields(line) {
		switch {
		case current == "":
			current = indent + word
		case len(current)+1+len(word) <= width:
			current += " " + word
		default:
			lines = append(lines, current)
			current = indent + word
		}
	}
	if len(strings.Fields(line)) > 0 && len(line) <= width {
		return []string{line} // with its own spaces
	}
	return append(lines, current)
}
