package tree

import "strings"

// nexusFormat is what a command FORMAT says of a matrix.
type nexusFormat struct {
	datatype     string
	missing, gap string
	symbols      string
	interleave   bool
	tokens       bool
}

func newNexusFormat(block string) nexusFormat {
	f := nexusFormat{datatype: "STANDARD", missing: "?"}
	if block == "CONTINUOUS" {
		f.datatype = block
	}
	return f
}

// format reads a command FORMAT.
func (s *nexusScanner) format(begin int, f *nexusFormat) error {
	t, err := s.next(begin)
	for {
		if err != nil || t.is(";") {
			return err
		}
		key, value := strings.ToUpper(t.text), nexusToken{}
		at := t.at
		if t, err = s.next(begin); err != nil {
			return err
		}
		given := t.is("=")
		if given {
			if value, err = s.next(begin); err != nil {
				return err
			}
			if value.is(";") {
				return s.fail(value.at, "FORMAT has no value after %s=: write it", key)
			}
			if t, err = s.next(begin); err != nil {
				return err
			}
			if strings.HasPrefix(value.text, "(") && !value.quoted { // ITEMS=(AVERAGE SE)
				for !strings.HasSuffix(value.text, ")") && !t.is(";") {
					value.text += " " + t.text
					if t, err = s.next(begin); err != nil {
						return err
					}
				}
			}
		}
		if err := s.setFormat(f, key, at, given, value); err != nil {
			return err
		}
	}
}

// setFormat takes one setting.
func (s *nexusScanner) setFormat(f *nexusFormat, key string, at int, given bool, value nexusToken) error {
	switch key {
	case "DATATYPE", "MISSING", "GAP", "SYMBOLS", "MATCHCHAR":
		if !given {
			return s.fail(at, "FORMAT has %s without a value: write %s=...", key, key)
		}
	}
	switch key {
	case "DATATYPE":
		f.datatype = strings.ToUpper(value.text)
		if strings.HasPrefix(f.datatype, "MIXED") {
			return s.fail(value.at, "DATATYPE=MIXED is not read: write a block for each data type")
		}
	case "MISSING":
		f.missing = value.text
	case "GAP":
		f.gap = value.text
	case "SYMBOLS":
		f.symbols = value.text
	case "INTERLEAVE":
		switch {
		case !given || value.is("YES") || value.is("Y"):
			f.interleave = true
		case value.is("NO") || value.is("N"):
			f.interleave = false
		default:
			return s.fail(value.at, "INTERLEAVE is YES or NO, not %s", quote(value.text))
		}
	case "TOKENS":
		f.tokens = true
	case "NOTOKENS", "RESPECTCASE", "LABELS", "EQUATE":
		if key == "EQUATE" || value.is("NO") {
			return s.fail(at, "FORMAT with %s is not read: write the matrix out with the names of the taxa", key)
		}
	case "STATESFORMAT":
		if !value.is("STATESPRESENT") && !value.is("INDIVIDUALS") {
			return s.fail(value.at, "STATESFORMAT=%s is not read: write one state a cell", value.text)
		}
	case "ITEMS":
		if item := strings.Trim(value.text, "( )"); !strings.EqualFold(item, "AVERAGE") && !strings.EqualFold(item, "STATES") {
			return s.fail(value.at, "ITEMS=%s is not read: write one number a cell", value.text)
		}
	case "MATCHCHAR":
		return s.fail(at, "FORMAT with MATCHCHAR is not read: write every state out")
	default:
		return s.fail(at, "FORMAT with %s is not read: it knows DATATYPE, MISSING, GAP, SYMBOLS, INTERLEAVE and TOKENS", quote(key))
	}
	return nil
}
