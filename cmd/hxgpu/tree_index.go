package main

import (
	"slices"
	"strconv"
	"strings"
)

// treeIndex is the value of --tree-index: no tree (0), the number of one, or some.
type treeIndex struct {
	one   int
	some  []treeRange // empty where one is named, or none
	given string
}

// treeRange are the trees first, first+step, ... up to last.
type treeRange struct {
	first, last, step int // last 0: the file's last
	all               bool
}

// parseTreeIndex reads a number, or numbers and ranges with commas between.
func parseTreeIndex(text string) (treeIndex, error) {
	index := treeIndex{given: text}
	if text == "" || text == "0" {
		return index, nil
	}
	wrong := func(item, why string) (treeIndex, error) {
		return index, usagef("--tree-index %s: %s: write a tree's number from 1, or several as in 1,5,10-100 or 10-100:10 (every tenth), or all, or all:10", item, why)
	}
	items := strings.Split(text, ",")
	for _, item := range items {
		r := treeRange{step: 1}
		span, step, stepped := strings.Cut(strings.TrimSpace(item), ":")
		if stepped {
			n, err := strconv.Atoi(step)
			if err != nil || n < 1 || n > 1<<30 {
				return wrong(text, "the step behind the colon is not a number from 1")
			}
			r.step = n
		}
		if span == "all" {
			r.first, r.all = 1, true
			index.some = append(index.some, r)
			continue
		}
		from, to, ranged := strings.Cut(span, "-")
		n, err := strconv.Atoi(from)
		switch {
		case err != nil && from == "":
			return wrong(text, "trees are numbered from 1")
		case err != nil:
			return wrong(text, strconv.Quote(from)+" is not a number")
		case n < 1:
			return wrong(text, "trees are numbered from 1")
		case stepped && !ranged:
			return wrong(text, "a step goes with a range")
		}
		r.first, r.last = n, n
		if ranged && to == "" {
			r.last = 0
		} else if ranged {
			if r.last, err = strconv.Atoi(to); err != nil || r.last < n {
				return wrong(text, strconv.Quote(to)+" does not end a range from "+from)
			}
		}
		if len(items) == 1 && !ranged {
			index.one = n
			return index, nil
		}
		index.some = append(index.some, r)
	}
	return index, nil
}

// takesAll says that all trees are asked for, but for some steps.
func (t treeIndex) takesAll() bool {
	return slices.ContainsFunc(t.some, func(r treeRange) bool { return r.all })
}

// choose gives the numbers, ascending, of the trees of a file with a number of trees,
// the first of which are burn-in.
func (t treeIndex) choose(trees, burnin int) ([]int, error) {
	var numbers []int
	for _, r := range t.some {
		first, last := r.first, r.last
		if r.all {
			first = burnin + 1
		}
		if last == 0 {
			last = trees
		}
		if last > trees || first > trees {
			return nil, usagef("--tree-index %s: there is no tree %d, the file of --tree has %s", t.given, max(first, last), plural(trees, "tree"))
		}
		for n := first; n <= last; n += r.step {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for i := 1; i < len(numbers); i++ {
		if numbers[i] == numbers[i-1] {
			return nil, usagef("--tree-index %s: it takes tree %d twice", t.given, numbers[i])
		}
	}
	if len(numbers) < 2 {
		return nil, usagef("--tree-index %s: it takes %s of the %d in the file of --tree; a set has two at least, and one alone is taken by its number", t.given, plural(len(numbers), "tree"), trees)
	}
	return numbers, nil
}

// parseTreeBurnin reads --burnin-trees: a number of trees, or a share in per cent.
func parseTreeBurnin(text string) (count int, share float64, err error) {
	percent, isShare := strings.CutSuffix(text, "%")
	if isShare {
		share, err = strconv.ParseFloat(strings.TrimSpace(percent), 64)
		if err == nil && share >= 0 && share < 100 {
			return 0, share / 100, nil
		}
	} else if count, err = strconv.Atoi(text); err == nil && count >= 0 {
		return count, 0, nil
	}
	return 0, 0, usagef("--burnin-trees %s: write how many of the file's first trees to leave out, as in 1000, or a share of them, as in 25%%", text)
}
