package tree

import (
	"strconv"
	"strings"
)

// tipNames are what the labels of tips stand for in a NEXUS file.
type tipNames struct {
	labels    []string       // of TAXLABELS, in order
	known     map[string]int // where each of them stands in the text
	translate map[string]nexusToken
	values    map[string]bool // of translate
}

// resolve returns the name of a tip by its label in a tree: by TRANSLATE, or the
// label itself, or the taxon of that number. Labels of inner nodes are never
// looked up, since they are mostly support values.
func (n *tipNames) resolve(label string, quoted bool) (name, problem string) {
	if value, ok := n.translate[label]; ok {
		return value.text, ""
	}
	if _, ok := n.known[label]; ok || n.values[label] {
		return label, ""
	}
	if n.translate != nil {
		return "", "does not stand in TRANSLATE: add it there"
	}
	if quoted || len(n.labels) == 0 || strings.Trim(label, "0123456789") != "" {
		return label, ""
	}
	number, err := strconv.Atoi(label)
	if err != nil || number < 1 || number > len(n.labels) {
		return "", "is no number of a taxon, which run from 1 to " + strconv.Itoa(len(n.labels)) + ": write the taxon's name"
	}
	return n.labels[number-1], ""
}

// readTaxa reads a block TAXA.
func (n *tipNames) readTaxa(s *nexusScanner, begin int) error {
	count := -1
	n.labels, n.known = nil, map[string]int{}
	for {
		command, err := s.command("TAXA", begin)
		switch {
		case err != nil:
			return err
		case command == "":
			return nil
		case command == "DIMENSIONS":
			d, err := s.dimensions(begin)
			if err != nil {
				return err
			}
			count = d.taxa
		case command == "TAXLABELS":
			if err := n.readLabels(s, begin, count); err != nil {
				return err
			}
		default:
			if err := s.skipUnlike(begin, "TAXA", command, "DIMENSIONS", "TAXLABELS"); err != nil {
				return err
			}
		}
	}
}

// readLabels reads the names of the taxa.
func (n *tipNames) readLabels(s *nexusScanner, begin, count int) error {
	for {
		t, err := s.next(begin)
		switch {
		case err != nil:
			return err
		case t.is(";"):
			if count >= 0 && len(n.labels) != count {
				return s.fail(t.at, "TAXLABELS has %d taxa and NTAX is %d: make them equal", len(n.labels), count)
			}
			return nil
		case !t.quoted && (t.text == "," || t.text == "="):
			return s.fail(t.at, "%s between taxa: separate their names by spaces", quote(t.text))
		case t.text == "":
			return s.fail(t.at, "a taxon without a name: name it")
		}
		if before, ok := n.known[t.text]; ok {
			line, column := lineColumn(s.text, before)
			return s.fail(t.at, "two taxa are named %s, the other at line %d, column %d: rename or remove one", quote(t.text), line, column)
		}
		n.known[t.text] = t.at
		n.labels = append(n.labels, t.text)
	}
}

// readTranslate reads the table TRANSLATE of a block TREES.
func (n *tipNames) readTranslate(s *nexusScanner, begin int) error {
	n.translate, n.values = map[string]nexusToken{}, map[string]bool{}
	for {
		key, err := s.next(begin)
		if err != nil {
			return err
		} else if key.is(";") {
			return nil
		}
		value := nexusToken{text: key.text, at: key.at}
		if !key.is(",") {
			if value, err = s.next(begin); err != nil {
				return err
			}
		}
		if value.text == "" || !value.quoted && strings.Contains(",;=", value.text) {
			return s.fail(value.at, "TRANSLATE pairs a label with a taxon, as in 1 Homo_sapiens, 2 Pan_paniscus; and here is %s", quote(value.text))
		}
		if before, ok := n.translate[key.text]; ok {
			line, column := lineColumn(s.text, before.at)
			return s.fail(key.at, "TRANSLATE has %s twice, the other for the taxon at line %d, column %d: remove one", quote(key.text), line, column)
		}
		n.translate[key.text], n.values[value.text] = value, true
		separator, err := s.next(begin)
		switch {
		case err != nil:
			return err
		case separator.is(";"):
			return nil
		case !separator.is(","):
			return s.fail(separator.at, "here should be ',' after the taxon %s, or ';' after the last one, not %s", quote(value.text), quote(separator.text))
		}
	}
}

// nexusDimensions are the numbers of a command DIMENSIONS, -1 where not given.
type nexusDimensions struct{ taxa, characters int }

// dimensions reads a command DIMENSIONS.
func (s *nexusScanner) dimensions(begin int) (nexusDimensions, error) {
	d := nexusDimensions{-1, -1}
	for {
		t, err := s.next(begin)
		if err != nil || t.is(";") {
			return d, err
		}
		to := &d.taxa
		switch {
		case t.is("NEWTAXA"):
			continue
		case t.is("NCHAR"):
			to = &d.characters
		case !t.is("NTAX"):
			return d, s.fail(t.at, "DIMENSIONS has NTAX and NCHAR, not %s", quote(t.text))
		}
		if err := s.expect(begin, "=", strings.ToUpper(t.text)); err != nil {
			return d, err
		}
		number, err := s.next(begin)
		if err != nil {
			return d, err
		}
		if *to, err = strconv.Atoi(number.text); err != nil || *to < 1 {
			return d, s.fail(number.at, "%s is no number of %s: write a whole number of 1 or more", quote(number.text),
				map[bool]string{true: "characters", false: "taxa"}[t.is("NCHAR")])
		}
	}
}
