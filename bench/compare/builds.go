package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// build is one commit, ready to run.
type build struct {
	label  string   // in tables
	folder string   // of its files
	tests  []string // the test program of each package
	output string   // what the benchmarks printed, a file
}

// run compares; slower says that some benchmark became slower.
func (c *comparison) run(ctx context.Context) (slower bool, err error) {
	if c.root, err = git(ctx, c.root, "rev-parse", "--show-toplevel"); err != nil {
		return false, err
	}
	scratch, err := os.MkdirTemp("", "hxgpu-compare-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(scratch)
	results := scratch
	if c.keep != "" {
		if err := os.MkdirAll(c.keep, 0o755); err != nil {
			return false, err
		}
		if results, err = filepath.Abs(c.keep); err != nil {
			return false, err
		}
	}
	older, err := c.checkOut(ctx, c.old, filepath.Join(scratch, "old"))
	if err != nil {
		return false, err
	}
	newer := &build{label: "working tree", folder: c.root}
	if c.new != "" {
		if newer, err = c.checkOut(ctx, c.new, filepath.Join(scratch, "new")); err != nil {
			return false, err
		}
	}
	older.output, newer.output = filepath.Join(results, "old.txt"), filepath.Join(results, "new.txt")
	if !c.own {
		if err := c.share(newer, older); err != nil {
			return false, err
		}
	}
	for i, b := range []*build{older, newer} {
		fmt.Fprintf(c.stderr, "building %s\n", b.label)
		if err := c.compile(ctx, b, filepath.Join(scratch, fmt.Sprintf("tests%d", i))); err != nil {
			if i == 0 && !c.own {
				err = fmt.Errorf("%w\nThe benchmarks of the newer commit do not build there; --own measures each by its own", err)
			}
			return false, err
		}
	}
	if err := c.measure(ctx, older, newer); err != nil {
		return false, err
	}
	return c.judge(ctx, older, newer)
}

// checkOut puts a commit into a folder, by a clone that shares the objects of the
// repository and leaves nothing behind in it.
func (c *comparison) checkOut(ctx context.Context, commit, folder string) (*build, error) {
	hash, err := git(ctx, c.root, "rev-parse", "--verify", "--quiet", "--end-of-options", commit+"^{commit}")
	if err != nil {
		return nil, usagef("%s is not a commit of %s", commit, c.root)
	}
	shared, err := git(ctx, c.root, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	if _, err := git(ctx, c.root, "clone", "--quiet", "--shared", "--no-checkout", shared, folder); err != nil {
		return nil, err
	}
	if _, err := git(ctx, folder, "checkout", "--quiet", "--detach", hash); err != nil {
		return nil, err
	}
	label := hash[:10]
	if !strings.HasPrefix(hash, commit) {
		label = commit + " " + label
	}
	return &build{label: label, folder: folder}, nil
}

// share puts the test files of one build's packages in the place of the other's.
func (c *comparison) share(from, to *build) error {
	for _, name := range c.packages {
		there := filepath.Join(to.folder, name)
		old, err := filepath.Glob(filepath.Join(there, "*_test.go"))
		if err != nil {
			return err
		}
		files, err := filepath.Glob(filepath.Join(from.folder, name, "*_test.go"))
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return usagef("--package %s: there are no tests in that folder of %s", name, from.label)
		}
		if _, err := os.Stat(there); err != nil {
			return usagef("--package %s: %s does not have it", name, to.label)
		}
		for _, file := range old {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(there, filepath.Base(file)), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// compile makes the test program of each package.
func (c *comparison) compile(ctx context.Context, b *build, programs string) error {
	for i, name := range c.packages {
		program := filepath.Join(programs, fmt.Sprintf("%d.test", i))
		if err := command(ctx, b.folder, "go", "test", "-c", "-o", program, "./"+filepath.ToSlash(filepath.Clean(name))); err != nil {
			return fmt.Errorf("%s: %w", b.label, err)
		}
		if _, err := os.Stat(program); err != nil {
			return usagef("--package %s: there are no tests in that folder of %s", name, b.label)
		}
		b.tests = append(b.tests, program)
	}
	return nil
}

// measure runs the benchmarks of both builds by turns: old new, new old, ..., so that
// what drifts (heat, other programs) drifts for both.
func (c *comparison) measure(ctx context.Context, older, newer *build) error {
	began := time.Now()
	for _, b := range []*build{older, newer} {
		if err := os.WriteFile(b.output, nil, 0o644); err != nil {
			return err
		}
	}
	for r := range c.runs {
		pair := []*build{older, newer}
		if r%2 == 1 {
			pair[0], pair[1] = newer, older
		}
		for _, b := range pair {
			if err := c.benchmark(ctx, b); err != nil {
				return fmt.Errorf("%s, run %d: %w", b.label, r+1, err)
			}
		}
		fmt.Fprintf(c.stderr, "run %d of %d, %v\n", r+1, c.runs, time.Since(began).Round(time.Second))
	}
	return nil
}

// benchmark runs the benchmarks of a build once and adds what they print to its output.
func (c *comparison) benchmark(ctx context.Context, b *build) error {
	file, err := os.OpenFile(b.output, os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	for i, program := range b.tests {
		arguments := []string{"-test.run=^$", "-test.bench=" + c.bench, "-test.benchtime=" + c.time.String(), "-test.timeout=0"}
		if c.quick {
			arguments = append(arguments, "-test.short")
		}
		run := exec.CommandContext(ctx, program, arguments...)
		run.Dir = filepath.Join(b.folder, c.packages[i]) // where go test would run it
		var text, errs bytes.Buffer
		run.Stdout, run.Stderr = &text, &errs
		if err := run.Run(); err != nil {
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			return fmt.Errorf("%w\n%s%s", err, text.Bytes(), errs.Bytes())
		}
		if !bytes.Contains(text.Bytes(), []byte("\nBenchmark")) {
			return usagef("--bench %s: no benchmark of %s matches it in %s", c.bench, c.packages[i], b.label)
		}
		if _, err := file.Write(text.Bytes()); err != nil {
			return err
		}
	}
	return file.Close()
}

// git runs git in a folder and gives what it prints.
func git(ctx context.Context, folder string, arguments ...string) (string, error) {
	run := exec.CommandContext(ctx, "git", arguments...)
	run.Dir = folder
	var out, errs bytes.Buffer
	run.Stdout, run.Stderr = &out, &errs
	if err := run.Run(); err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(arguments, " "), err, errs.Bytes())
	}
	return strings.TrimSpace(out.String()), nil
}

// command runs a command in a folder; what it prints is part of the error.
func command(ctx context.Context, folder, name string, arguments ...string) error {
	run := exec.CommandContext(ctx, name, arguments...)
	run.Dir = folder
	if text, err := run.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(arguments, " "), err, text)
	}
	return nil
}
