package tree

import (
	"bufio"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// stochasticMap gives the current node's edge the map {state,length:state,length}
// that begins at from, and the sum of its lengths.
func (p *newickParser) stochasticMap(current, from int) error {
	p.at = from + 1
	end := strings.IndexAny(p.text[p.at:], "}{()[];'")
	if end < 0 || p.text[p.at+end] != '}' {
		return p.fail(from, "the stochastic map that begins here is not closed: write {state,length:state,length}")
	}
	end += p.at
	var segments []Segment
	total := 0.0
	for at := p.at; ; {
		piece := p.text[at:end]
		if i := strings.IndexByte(piece, ':'); i >= 0 {
			piece = piece[:i]
		}
		state, text, ok := strings.Cut(piece, ",")
		state, text = strings.TrimSpace(state), strings.TrimSpace(text)
		if !ok || state == "" {
			return p.fail(at, "the segment %s of a stochastic map is not a state and a length: write {state,length:state,length}", quote(piece))
		}
		if i := strings.IndexFunc(state, isSpaceOrControl); i >= 0 {
			return p.fail(at, "the state %s of a stochastic map has a space: name it with an underscore", quote(state))
		}
		length, problem := parseNumber(text)
		if problem == "" && length < 0 {
			problem = "is negative: lengths must be 0 or more"
		}
		if problem != "" {
			return p.fail(at+strings.IndexByte(piece, ',')+1, "the length %s of state %s %s", quote(text), quote(state), problem)
		}
		segments = append(segments, Segment{state, length + 0})
		total += length
		at += len(piece) + 1
		if at > end {
			break
		}
	}
	if math.IsInf(total, 1) {
		return p.fail(from, "the lengths of this stochastic map add up to more than a float64 holds: write smaller ones")
	}
	p.at = end + 1
	if p.maps == nil {
		p.maps = map[int][]Segment{}
	}
	p.maps[current] = segments
	node := &p.nodes[current]
	node.length, node.hasLength = total+0, true
	return nil
}

// writeMap writes a stochastic map in place of a length.
func writeMap(out *bufio.Writer, segments []Segment) {
	for i, s := range segments {
		separator := byte(':')
		if i == 0 {
			separator = '{'
		}
		out.WriteByte(separator)
		out.WriteString(s.State)
		out.WriteByte(',')
		out.WriteString(strconv.FormatFloat(s.Length, 'g', -1, 64))
	}
	out.WriteByte('}')
}

// checkMap finds a map that does not read back, or does not add up to the edge.
func (p *Phylogeny) checkMap(v int) error {
	segments := p.Maps[v]
	if segments == nil {
		return nil
	}
	if len(segments) == 0 || !p.HasLength[v] {
		return fmt.Errorf("tree: the edge above %s has a stochastic map without segments or without a length: give both, or a nil map", p.Describe(v))
	}
	total := 0.0
	for _, s := range segments {
		if s.State == "" || strings.ContainsAny(s.State, "{}()[],:;'") || strings.ContainsFunc(s.State, isSpaceOrControl) {
			return fmt.Errorf("tree: the edge above %s has the state %s, which is empty or has a space or one of {}()[],:;': rename it", p.Describe(v), quote(s.State))
		}
		if !(s.Length >= 0) || math.IsInf(s.Length, 1) {
			return fmt.Errorf("tree: the edge above %s has a segment of length %v: lengths must be finite and 0 or more", p.Describe(v), s.Length)
		}
		total += s.Length
	}
	if length := p.Lengths[v]; !(math.Abs(total-length) <= 1e-9*max(total, length)) {
		return fmt.Errorf("tree: the edge above %s has the length %v, and the segments of its stochastic map add up to %v: make them equal", p.Describe(v), length, total)
	}
	return nil
}
