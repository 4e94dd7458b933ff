package document

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/pictures"
)

// parsed reads a page as XML and checks that it needs nothing else: what it shows is a
// data URI, and links stay within.
func parsed(t *testing.T, text string) (words string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	var all strings.Builder
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch x := token.(type) {
		case xml.StartElement:
			require.NotContains(t, []string{"script", "link", "iframe", "object", "embed", "base"}, x.Name.Local)
			for _, a := range x.Attr {
				switch a.Name.Local {
				case "src":
					require.Regexp(t, `^data:image/(png|svg\+xml);base64,`, a.Value)
				case "href":
					require.Regexp(t, `^#[a-z]+$`, a.Value)
				case "srcset", "action", "onclick":
					t.Fatalf("the attribute %s", a.Name.Local)
				}
			}
		case xml.CharData:
			all.Write(x)
		}
	}
	require.NotRegexp(t, regexp.MustCompile(`url\(|@import`), text)
	return all.String()
}

func write(t *testing.T, p Page) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.Write(&out))
	return out.String()
}

// TestPage: everything that a section holds is on the page, in words that are words
// and not tags.
func TestPage(t *testing.T) {
	chain := []float64{1, 2, 3, 2, 4, 1, 5, 3}
	parameters := []pictures.Parameter{{Name: "<b>a</b>", Draws: [][]float64{chain}}, {Name: "b", Draws: [][]float64{chain}}}
	long := Table{Caption: "long", Head: []string{"name", "value"}, Shown: 2}
	for i := range 10 {
		long.Rows = append(long.Rows, []string{fmt.Sprintf("row %d", i), fmt.Sprint(i)})
	}
	p := Page{Title: "Model <script>alert(1)</script> & co", Lead: "lead", Foot: "foot", Sections: []Section{
		{ID: "one", Title: "First", Good: "well", Warnings: []string{"a < b"}, Text: []string{"words"}, Facts: []Fact{{"seed", "1"}},
			Code: "hxgpu sample --trait 'a b'", Tables: []Table{long}, Terms: []Fact{{"R-hat", "agreement"}},
			Parts: []Section{{Title: "inner", Text: []string{"deeper"}}}},
		{ID: "two", Title: "Second", Figures: []Figure{{"Densities", "about", pictures.Densities(parameters)}, {"Pairs", "about", pictures.Pairs(parameters, nil)}}},
	}}
	text := write(t, p)
	words := parsed(t, text)
	for _, want := range []string{"Model <script>alert(1)</script> & co", "lead", "foot", "well", "a < b", "words", "seed", "hxgpu sample --trait 'a b'", "row 0", "row 9", "8 more rows", "agreement", "deeper", "posterior (thin: each chain)"} {
		require.Contains(t, words, want)
	}
	require.Equal(t, 3, strings.Count(text, "<img "), "a panel for each density, and the pairs")
	require.Equal(t, text, write(t, p))
	require.Contains(t, text, `<td class="number">9</td>`)
	require.Contains(t, text, `<td class="text">row 9</td>`)
	require.Contains(t, text, "prefers-color-scheme: dark")
	parsed(t, write(t, Page{}))
}

// TestFromJSON: what other programs write becomes facts and tables, in their order.
func TestFromJSON(t *testing.T) {
	s, err := FromJSON("check", "Checks", []byte(`{"log_lik": -12.345678, "n": 12, "converged": true, "none": null, "traits": ["a", "b"],
		"parameters": {"sigma_sq": {"mean": 0.123456, "sd": 1e-10}, "tau_sq": {"mean": 2, "note": "at a <bound>"}},
		"tips": [{"taxon": "x", "k": 0.1, "cells": [{"deep": 1}]}, {"taxon": "y", "z": 3}],
		"inner": {"deeper": {"a": {"b": {"c": 1}}}, "value": 1}, "empty": {}, "nothing": []}`))
	require.NoError(t, err)
	require.Equal(t, "check", s.ID)
	require.Equal(t, []Fact{{"log lik", "-12.35"}, {"n", "12"}, {"converged", "yes"}, {"none", "-"}, {"traits", "a, b"}}, s.Facts)
	require.Len(t, s.Tables, 2)
	require.Equal(t, Table{Caption: "Parameters", Head: []string{"", "mean", "sd", "note"}, Shown: 30, Rows: [][]string{{"sigma_sq", "0.1235", "1e-10", ""}, {"tau_sq", "2", "", "at a <bound>"}}}, s.Tables[0])
	require.Equal(t, []string{"taxon", "k", "z"}, s.Tables[1].Head)
	require.Equal(t, [][]string{{"x", "0.1", ""}, {"y", "", "3"}}, s.Tables[1].Rows)
	require.Equal(t, "Inner", s.Parts[0].Title)
	parsed(t, write(t, Page{Sections: []Section{s}}))

	for _, text := range []string{"", "{", "[1]", "3", `{"a": 1} x`, `{"a": }`, strings.Repeat(`{"a":`, 5000), `{"a": 1}{"b": 2}`} {
		_, err := FromJSON("x", "x", []byte(text))
		require.Error(t, err, text)
	}
	rows := strings.Repeat(`{"a":1},`, 5000)
	s, err = FromJSON("x", "x", []byte(`{"rows":[`+strings.TrimSuffix(rows, ",")+`]}`))
	require.NoError(t, err)
	require.Len(t, s.Tables[0].Rows, mostTableRows)
	require.Contains(t, s.Tables[0].Note, "The first 2000 of 5000 rows.")
}
