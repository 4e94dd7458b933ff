package spirv

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// module collects the instructions of a SPIR-V module, section by section.
// Types, constants and the like are declared once however often they are asked for.
type module struct {
	bound                                    uint32 // the next free id
	capabilities, extensions, imports, modes []uint32
	names, decorations, declarations         []uint32
	variables                                []uint32 // of the function, at its start
	body                                     []uint32
	known                                    map[string]uint32
}

func newModule() *module { return &module{bound: 1, known: map[string]uint32{}} }

func (m *module) id() uint32 {
	m.bound++
	return m.bound - 1
}

func put(section *[]uint32, op int, operands ...uint32) {
	*section = append(*section, uint32(len(operands)+1)<<16|uint32(op))
	*section = append(*section, operands...)
}

// typ declares a type: an operation whose result comes first.
func (m *module) typ(op int, operands ...uint32) uint32 {
	key := fmt.Sprint(op, operands)
	if id, ok := m.known[key]; ok {
		return id
	}
	id := m.id()
	m.known[key] = id
	put(&m.declarations, op, append([]uint32{id}, operands...)...)
	return id
}

// constant declares a constant or a variable that is the same wherever it is
// asked for: an operation with a type and a result.
func (m *module) constant(op int, t uint32, operands ...uint32) uint32 {
	key := fmt.Sprint(op, t, operands)
	if id, ok := m.known[key]; ok {
		return id
	}
	id := m.global(op, t, operands...)
	m.known[key] = id
	return id
}

// global declares a new constant or variable.
func (m *module) global(op int, t uint32, operands ...uint32) uint32 {
	id := m.id()
	put(&m.declarations, op, append([]uint32{t, id}, operands...)...)
	return id
}

// result adds an instruction with a type and a result to the function.
func (m *module) result(op int, t uint32, operands ...uint32) uint32 {
	id := m.id()
	put(&m.body, op, append([]uint32{t, id}, operands...)...)
	return id
}

func (m *module) decorate(id uint32, decoration ...uint32) {
	put(&m.decorations, opDecorate, append([]uint32{id}, decoration...)...)
}

func (m *module) name(id uint32, name string) {
	put(&m.names, opName, append([]uint32{id}, literal(name)...)...)
}

// literal is a string as SPIR-V spells it: UTF-8 ended by a zero byte, four bytes
// a word. Overlong strings are cut.
func literal(s string) []uint32 {
	s, _, _ = strings.Cut(strings.ToValidUTF8(s, "?"), "\x00")
	if len(s) > 200 {
		s = s[:200]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	words := make([]uint32, len(s)/4+1)
	for i := range len(s) {
		words[i/4] |= uint32(s[i]) << (i % 4 * 8)
	}
	return words
}

// words is the whole module.
func (m *module) words(function []uint32) []uint32 {
	words := []uint32{magic, version13, 0, m.bound, 0}
	for _, section := range [][]uint32{m.capabilities, m.extensions, m.imports, m.modes, m.names, m.decorations, m.declarations, function, m.variables, m.body} {
		words = append(words, section...)
	}
	return words
}
