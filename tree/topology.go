package tree

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// Topology is a rooted tree in level order: node 0 is the root, the nodes of
// one depth form one contiguous slab, and the children of a node are
// contiguous. A Topology is immutable once built and safe for concurrent use.
type Topology struct {
	parents    []int32
	firstChild []int32
	childCount []int32
	slabs      []int // slab l is the nodes slabs[l] <= v < slabs[l+1]
	leaves     []int
	maxDegree  int
}

// FromParents builds the topology of the tree in which node i hangs below
// parents[i]; nodes may stand in any order. The root has the parent -1 or
// itself. The second result says where the nodes went: order[newNode] is the
// old index.
//
// The order is stable: the nodes of a level are sorted by their parent's
// position, then by old index. A tree that already stands in level order
// keeps its indices.
//
// It fails when there is no node, no root, more than one root, a parent out
// of range or a cycle.
func FromParents(parents []int) (*Topology, []int, error) {
	n := len(parents)
	if n == 0 {
		return nil, nil, fmt.Errorf("tree: no nodes: a tree has at least a root")
	}
	if n > math.MaxInt32 {
		return nil, nil, fmt.Errorf("tree: %d nodes: a tree has at most %d", n, math.MaxInt32)
	}
	root := -1
	start := make([]int32, n+1) // start[p] is where p's children begin in children
	for v, p := range parents {
		switch {
		case p < -1 || p >= n:
			return nil, nil, fmt.Errorf("tree: node %d has the parent %d, but nodes run from 0 to %d (the root has -1 or itself)", v, p, n-1)
		case p == -1 || p == v:
			if root >= 0 {
				return nil, nil, fmt.Errorf("tree: nodes %d and %d are both roots: a tree has one node whose parent is -1 or itself", root, v)
			}
			root = v
		default:
			start[p+1]++
		}
	}
	if root < 0 {
		return nil, nil, fmt.Errorf("tree: no root: one node needs the parent -1 or itself; %s", describeCycle(parents, 0))
	}
	for p := range n {
		start[p+1] += start[p]
	}
	children, next := make([]int32, n-1), make([]int32, n)
	copy(next, start)
	for v, p := range parents {
		if v != root {
			children[next[p]] = int32(v)
			next[p]++
		}
	}

	t := &Topology{
		parents:    make([]int32, n),
		firstChild: make([]int32, n),
		childCount: make([]int32, n),
		slabs:      []int{0},
	}
	order := make([]int, 1, n)
	order[0] = root
	for first := 0; first < len(order); {
		end := len(order)
		t.slabs = append(t.slabs, end)
		for v := first; v < end; v++ {
			old := order[v]
			own := children[start[old]:start[old+1]]
			if len(own) == 0 {
				t.leaves = append(t.leaves, v)
				continue
			}
			t.firstChild[v], t.childCount[v] = int32(len(order)), int32(len(own))
			t.maxDegree = max(t.maxDegree, len(own))
			for _, child := range own {
				t.parents[len(order)] = int32(v)
				order = append(order, int(child))
			}
		}
		first = end
	}
	if len(order) < n {
		reached := make([]bool, n)
		for _, old := range order {
			reached[old] = true
		}
		for v := range n {
			if !reached[v] {
				return nil, nil, fmt.Errorf("tree: %d of %d nodes are not below the root %d: %s", n-len(order), n, root, describeCycle(parents, v))
			}
		}
	}
	return t, order, nil
}

// describeCycle names the cycle that the walk from v to its ancestors ends in.
func describeCycle(parents []int, v int) string {
	seen := make([]bool, len(parents))
	for !seen[v] {
		seen[v] = true
		v = parents[v]
	}
	const most = 8
	words := []string{fmt.Sprint(v)}
	for p := parents[v]; ; p = parents[p] {
		if len(words) == most && p != v {
			words = append(words, "...")
			break
		}
		words = append(words, fmt.Sprint(p))
		if p == v {
			break
		}
	}
	return "the parents form a cycle " + strings.Join(words, " -> ")
}

// Symmetric returns the tree in which every node down to the given depth has
// degree children, so that it has degree^depth leaves. Symmetric(0, d) is a
// single node, root and leaf at once; a degree of 1 gives a chain.
func Symmetric(depth, degree int) (*Topology, error) {
	if depth < 0 || degree < 1 {
		return nil, fmt.Errorf("tree: symmetric tree of depth %d and degree %d: the depth must be at least 0 and the degree at least 1", depth, degree)
	}
	n, level := 1, 1
	for range depth {
		if level > math.MaxInt32/degree || n > math.MaxInt32-level*degree {
			return nil, fmt.Errorf("tree: symmetric tree of depth %d and degree %d: it would have more than %d nodes", depth, degree, math.MaxInt32)
		}
		level *= degree
		n += level
	}
	parents := make([]int, n)
	for v := 1; v < n; v++ {
		parents[v] = (v - 1) / degree
	}
	t, _, err := FromParents(parents)
	return t, err
}

// Size is the number of nodes.
func (t *Topology) Size() int { return len(t.parents) }

// Depth is the number of edges between the root and the deepest leaf.
func (t *Topology) Depth() int { return len(t.slabs) - 2 }

// Levels is the number of slabs, Depth()+1.
func (t *Topology) Levels() int { return len(t.slabs) - 1 }

// Slab returns the nodes of a level, first <= v < end. It panics when the
// level is not in 0 .. Depth().
func (t *Topology) Slab(level int) (first, end int) {
	return t.slabs[level], t.slabs[level+1]
}

// Level returns the number of edges between the root and node v, by a binary
// search of the slabs.
func (t *Topology) Level(v int) int {
	t.mustHave(v)
	return sort.SearchInts(t.slabs, v+1) - 1
}

// Parent returns the parent of node v, -1 for the root.
func (t *Topology) Parent(v int) int {
	t.mustHave(v)
	if v == 0 {
		return -1
	}
	return int(t.parents[v])
}

// Parents returns the parent of every node; the root's entry is 0, the root
// itself. The slice is shared: do not modify it.
func (t *Topology) Parents() []int32 { return t.parents }

// FirstChild returns the first child of every node; the children of v are
// the ChildCount()[v] nodes from there. A leaf's entry is 0, which is nobody's
// child but always in range. The slice is shared: do not modify it.
func (t *Topology) FirstChild() []int32 { return t.firstChild }

// ChildCount returns the number of children of every node. The slice is
// shared: do not modify it.
func (t *Topology) ChildCount() []int32 { return t.childCount }

// IsLeaf reports whether node v has no children.
func (t *Topology) IsLeaf(v int) bool { return t.childCount[v] == 0 }

// Leaves returns the nodes without children, ascending. The slice is shared:
// do not modify it.
func (t *Topology) Leaves() []int { return t.leaves }

// LeafCount is the number of leaves.
func (t *Topology) LeafCount() int { return len(t.leaves) }

// MaxDegree is the largest number of children of any node, 0 for a single node.
func (t *Topology) MaxDegree() int { return t.maxDegree }

func (t *Topology) mustHave(v int) {
	if v < 0 || v >= len(t.parents) {
		panic("tree: node out of range")
	}
}
