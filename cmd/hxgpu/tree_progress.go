package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/internal/progress"
	"github.com/hxgpu/hxgpu/nuts"
)

// treeProgress shows how many trees of a set are done, and how far the last one is
// that told.
type treeProgress struct {
	out      io.Writer // nil where nothing is to be shown
	terminal bool
	lock     sync.Mutex
	began    time.Time
	shown    time.Time
	trees    int
	resumed  int // trees that were done already
	done     int
	under    string
}

func newTreeProgress(t *treeSet) *treeProgress {
	p := &treeProgress{began: time.Now(), shown: time.Now(), trees: len(t.trees)}
	mode := progress.New(t.stderr, progress.Mode(t.progressMode)).Mode()
	if !t.quiet && mode != progress.None {
		p.out, p.terminal = t.stderr, mode == progress.Table
	}
	return p
}

// update notes how far a tree's chains are.
func (p *treeProgress) update(tree *setTree, s nuts.Progress) {
	p.lock.Lock()
	defer p.lock.Unlock()
	done, total := 0, 0
	for _, chain := range s.Chains {
		done, total = done+chain.Transitions, total+chain.Total
	}
	p.under = fmt.Sprintf(", tree %d at %d %%", tree.Number, 100*done/max(total, 1))
	p.show(false)
}

// finished notes that a tree is done, or was when the run was taken up again.
func (p *treeProgress) finished(resumed bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.done++; resumed {
		p.resumed++
	}
	p.under = ""
	p.show(p.done == p.trees)
}

// show writes a line, over the last one on a terminal, every two seconds elsewhere.
func (p *treeProgress) show(last bool) {
	every := 2 * time.Second
	if p.terminal {
		every = 100 * time.Millisecond
	}
	if p.out == nil || !last && time.Since(p.shown) < max(every, time.Since(p.began)/50) {
		return
	}
	p.shown = time.Now()
	left := ""
	if made := p.done - p.resumed; made > 0 && p.done < p.trees {
		left = ", time left " + progress.Left(time.Since(p.began)/time.Duration(made)*time.Duration(p.trees-p.done))
	}
	line := fmt.Sprintf("trees: %d of %d done%s%s", p.done, p.trees, p.under, left)
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[2K%s", line)
	} else {
		fmt.Fprintln(p.out, line)
	}
}

// end leaves the line on a terminal.
func (p *treeProgress) end() {
	if p.terminal {
		fmt.Fprintln(p.out)
	}
}
