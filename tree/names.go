package tree

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// quoteList returns at most so many names in quotes, and how many more there are.
func quoteList(names []string, most int) string {
	words := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		words = append(words, quote(name))
	}
	text := strings.Join(words, ", ")
	if more := len(names) - len(words); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// nearestNames returns the names sorted by their likeness to the wanted one.
func nearestNames(wanted string, names []string) []string {
	wanted = strings.ToLower(wanted)
	distances := make(map[string]int, len(names))
	for _, name := range names {
		distances[name] = editDistance(wanted, strings.ToLower(name))
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(distances[a], distances[b]) })
	return sorted
}

// editDistance is Levenshtein's: the number of characters to insert, remove or
// replace to get from a to b.
func editDistance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			change := diagonal
			if r != s {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(to)]
}
