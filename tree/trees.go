package tree

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// TreeIndexError says that a file has not the one tree that was asked for.
type TreeIndexError struct {
	File         string
	Line, Column int      // of the second tree where one was to be all, else of the last
	Index        int      // that was asked for, from 1; 0 for the only tree
	Names        []string // of the trees of the file, "" where a tree has none
}

// Error returns file:line:column: message.
func (e *TreeIndexError) Error() string {
	count := len(e.Names)
	if e.Index != 0 {
		return fmt.Sprintf("%s:%d:%d: there is no tree %d: the file has %d, this one the last", e.File, e.Line, e.Column, e.Index, count)
	}
	names := slices.DeleteFunc(slices.Clone(e.Names), func(name string) bool { return name == "" })
	if len(names) > 0 {
		return fmt.Sprintf("%s:%d:%d: the file has %d trees, %s: choose one by its number, 1 to %d", e.File, e.Line, e.Column, count, quoteList(names, 4), count)
	}
	return fmt.Sprintf("%s:%d:%d: the file has more than one tree: choose one by its number, 1 to %d", e.File, e.Line, e.Column, count)
}

// Trees yields the trees of a file in Newick or NEXUS format one by one, without
// keeping them; the name stands for the file in errors, which are of type
// *SyntaxError. It ends with the first error. Of Newick, see ParseNewick, the file
// holds one tree or more. Of NEXUS it reads the trees of all blocks TREES (TREE and
// UTREE, with or without TRANSLATE, upper or lower case), whose tips may also be
// named by the number of a taxon of a block TAXA.
func Trees(name string, text []byte) iter.Seq2[*Phylogeny, error] {
	return func(yield func(*Phylogeny, error) bool) {
		err := eachTree(name, text, func(p *Phylogeny, _ int) bool { return yield(p, nil) })
		if err != nil && err != errStopped {
			yield(nil, err)
		}
	}
}

// ParseTrees reads all trees of a file as Trees does.
func ParseTrees(name string, text []byte) ([]*Phylogeny, error) {
	var trees []*Phylogeny
	for p, err := range Trees(name, text) {
		if err != nil {
			return nil, err
		}
		trees = append(trees, p)
	}
	return trees, nil
}

// ParseTree reads one tree of a file as Trees does: the one of that number, from 1
// on, or for 0 the only one. It fails with a *TreeIndexError where there is no such
// tree, or more than the only one.
func ParseTree(name string, text []byte, index int) (*Phylogeny, error) {
	var chosen *Phylogeny
	wrong := &TreeIndexError{File: name, Index: index}
	place := 0 // in the text
	err := eachTree(name, text, func(p *Phylogeny, at int) bool {
		wrong.Names = append(wrong.Names, p.Name)
		if n := len(wrong.Names); n == index || index == 0 && n == 1 {
			chosen = p
		}
		if index != 0 || len(wrong.Names) == 2 {
			place = at
		}
		return index == 0 || chosen == nil
	})
	switch {
	case err != nil && err != errStopped:
		return nil, err
	case chosen == nil || index == 0 && len(wrong.Names) > 1:
		plain, err := decode(name, text)
		if err != nil {
			return nil, err
		}
		wrong.Line, wrong.Column = lineColumn(nexusLines(plain), place)
		return nil, wrong
	}
	return chosen, nil
}

// ReadTreeFile reads one tree of a file, which may be compressed with gzip, as
// ParseTree does.
func ReadTreeFile(path string, index int) (*Phylogeny, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseTree(path, text, index)
}

// ReadTreesFile reads all trees of a file, which may be compressed with gzip.
func ReadTreesFile(path string) ([]*Phylogeny, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseTrees(path, text)
}

// nexusLines makes line feeds of the line ends of old Macintoshes.
func nexusLines(text string) string {
	if strings.Contains(text, "\n") {
		return text
	}
	return strings.ReplaceAll(text, "\r", "\n")
}

// eachTree visits the trees of a file and where in the text they begin, until visit
// returns false; the error is then errStopped.
func eachTree(name string, text []byte, visit func(p *Phylogeny, at int) bool) error {
	plain, err := decode(name, text)
	if err != nil {
		return err
	}
	p := newickParser{file: name, text: nexusLines(plain)}
	if err := p.begin(); err != nil {
		return err
	}
	if isNexus(p.text[p.at:]) {
		return eachNexusTree(&nexusScanner{file: name, text: p.text}, visit)
	}
	for {
		from := p.at
		tree, err := p.newTree()
		if err != nil {
			return err
		}
		if !visit(tree, from) {
			return errStopped
		}
		done, err := p.skip()
		if err != nil || done {
			return err
		}
		if c := p.text[p.at]; c != '(' && c != '\'' && newickStop[c] {
			return p.fail(p.at, "text follows the ';' that ends the tree: remove it, or begin another tree by '('")
		}
	}
}

// eachNexusTree visits the trees of a NEXUS file.
func eachNexusTree(s *nexusScanner, visit func(p *Phylogeny, at int) bool) error {
	names := &tipNames{}
	blocks, trees, taxa := 0, 0, 0
	end := strings.IndexByte(s.text, '#')
	err := readNexus(s, func(block string, begin int) (bool, error) {
		end = begin
		switch block {
		case "TAXA":
			if taxa++; taxa > 1 { // numbers of taxa say nothing then
				names.labels, names.known = nil, nil
				return false, nil
			}
			return true, names.readTaxa(s, begin)
		case "TREES":
			blocks++
			return true, readTreesBlock(s, begin, names, func(p *Phylogeny, at int) bool {
				trees++
				return visit(p, at)
			})
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case blocks == 0:
		return s.fail(end, "the NEXUS file has no block TREES, this block is its last: name the file that has the tree")
	case trees == 0:
		return s.fail(end, "the NEXUS file has a block TREES without a tree: name the file that has the tree")
	}
	return nil
}

// readTreesBlock visits the trees of a block TREES.
func readTreesBlock(s *nexusScanner, begin int, names *tipNames, visit func(p *Phylogeny, at int) bool) error {
	names.translate, names.values = nil, nil
	for {
		command, err := s.command("TREES", begin)
		switch {
		case err != nil:
			return err
		case command == "":
			return nil
		case command == "TRANSLATE":
			if err := names.readTranslate(s, begin); err != nil {
				return err
			}
		case command == "TREE" || command == "UTREE":
			from := s.at - len(command)
			tree, err := s.tree(begin, names)
			if err != nil {
				return err
			}
			if command == "UTREE" && !slices.ContainsFunc(tree.Marks, isUnrooted) {
				tree.Marks = append(tree.Marks, "U")
			}
			if !visit(tree, from) {
				return errStopped
			}
		default:
			if err := s.skipUnlike(begin, "TREES", command, "TREE", "UTREE", "TRANSLATE"); err != nil {
				return err
			}
		}
	}
}

// tree reads what follows TREE.
func (s *nexusScanner) tree(begin int, names *tipNames) (*Phylogeny, error) {
	s.comments = nil
	name, err := s.next(begin)
	if err != nil {
		return nil, err
	}
	marked := false
	if rest, ok := strings.CutPrefix(name.text, "*"); ok && !name.quoted {
		marked = true
		if name.text, name.at = rest, name.at+1; rest == "" {
			if name, err = s.next(begin); err != nil {
				return nil, err
			}
		}
	}
	if !name.quoted && strings.Contains(",;=", name.text) || name.text == "" {
		return nil, s.fail(name.at, "the tree has no name: write TREE name = (a:1,b:1);")
	}
	if err := s.expect(begin, "=", "the name of the tree"); err != nil {
		return nil, err
	}
	p := newickParser{file: s.file, text: s.text, at: s.at, names: names, marks: s.comments}
	if done, err := p.skip(); err != nil {
		return nil, err
	} else if done {
		return nil, s.fail(name.at, "the tree %s ends before it begins: see whether the file was cut off", quote(name.text))
	}
	tree, err := p.newTree()
	if err != nil {
		return nil, err
	}
	s.at, s.comments = p.at, nil
	tree.Name, tree.Default = name.text, marked
	return tree, nil
}

// sortMarks brings a tree's marks into the order that WriteNexus has them in.
func sortMarks(marks []string) {
	slices.SortStableFunc(marks, func(a, b string) int {
		switch x, y := isTreeMark(a), isTreeMark(b); {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	})
}

// isTreeMark reports whether a mark stands before the tree itself, not after its
// name: whether it is rooted, and its weight.
func isTreeMark(mark string) bool {
	return strings.EqualFold(mark, "R") || isUnrooted(mark) || len(mark) > 2 && strings.EqualFold(mark[:2], "W ")
}

func isUnrooted(mark string) bool { return strings.EqualFold(mark, "U") }

// Unrooted reports whether the file says that the tree has no root, [&U] or UTREE. Its
// first node is then the outermost pair of parentheses.
func (p *Phylogeny) Unrooted() bool { return slices.ContainsFunc(p.Marks, isUnrooted) }
