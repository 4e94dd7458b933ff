package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// runAll runs the trees, several at once on a processor.
func (t *treeSet) runAll(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	processors := runtime.GOMAXPROCS(0)
	once := min(len(t.trees), processors)
	if t.info.Name != "cpu" {
		once = 1
	}
	show := newTreeProgress(t)
	var wait sync.WaitGroup
	next := atomic.Int64{}
	for range once {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(t.trees) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := t.runTree(ctx, t.trees[i], max(processors/once, 1), show); err != nil {
					stop(err)
				}
			}
		})
	}
	wait.Wait()
	show.end()
	if err := context.Cause(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			return errInterrupted
		}
		return err
	}
	return nil
}

// runTree runs a tree's chains, from their beginning or from where they stopped.
func (t *treeSet) runTree(ctx context.Context, tree *setTree, workers int, show *treeProgress) error {
	c, finished, err := t.resumedRun(tree)
	if err == nil && c == nil && !finished {
		c, err = t.newRun(tree)
	}
	if err != nil {
		return tree.failed(err)
	}
	if !finished {
		c.device.workers = workers
		c.progress = func(p nuts.Progress) { show.update(tree, p) }
		s := &sampled{started: time.Now()}
		defer s.close()
		if err := c.runOne(ctx, s); errors.Is(err, errInterrupted) {
			return err
		} else if err != nil {
			return tree.failed(err)
		}
		if t.folder == nil {
			if err := tree.take(s.drawn); err != nil {
				return tree.failed(err)
			}
		}
	}
	tree.finished = true
	show.finished(finished)
	return nil
}

// resumedRun makes the command that goes on with a tree's run; none where there is
// nothing to go on with, or where the run is finished.
func (t *treeSet) resumedRun(tree *setTree) (c *sampleCommand, finished bool, err error) {
	if t.folder == nil {
		return nil, false, nil
	}
	folder, err := runstore.ExistingFolder(t.folder.Path(tree.Folder))
	if err != nil || !folder.Holds(runstore.RunFile) {
		return nil, false, nil // OpenFolder will say what is in the way
	}
	record, err := folder.ReadRun()
	if err != nil {
		return nil, false, err
	}
	if record.Phase == runstore.Finished && record.Draws >= t.draws {
		return nil, true, nil
	}
	c = &sampleCommand{stdout: io.Discard, stderr: io.Discard}
	cmd := &cobra.Command{Use: "sample"}
	c.addFlags(cmd)
	c.flags, c.changed = cmd.Flags(), cmd.Flags().Changed
	settings := []string{"resume", folder.Name(), "quiet", "true", "checkpoint-every", t.checkpointEvery.String()}
	if record.Settings.Draws < t.draws {
		settings = append(settings, "draws", fmt.Sprint(t.draws))
	}
	for i := 0; i < len(settings); i += 2 {
		err = errors.Join(err, c.flags.Set(settings[i], settings[i+1]))
	}
	return c, false, err
}
