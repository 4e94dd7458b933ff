package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// exampleFlags are the flags in a line of an example.
var exampleFlags = regexp.MustCompile(` --([a-z-]+)`)

// TestEveryCommandExplainsItself: a text, an example whose flags are there, a text for
// every flag.
func TestEveryCommandExplainsItself(t *testing.T) {
	root := newRootCommand()
	flags := map[string]*pflag.FlagSet{}
	for _, cmd := range root.Commands() {
		flags[cmd.Name()] = cmd.Flags()
		require.NotEmpty(t, cmd.Short, cmd.Name())
		require.Greater(t, len(cmd.Long), len(cmd.Short), cmd.Name())
		require.Contains(t, cmd.Example, "hxgpu "+cmd.Name(), cmd.Name())
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			require.NotEmpty(t, f.Usage, "%s --%s", cmd.Name(), f.Name)
		})
	}
	for _, cmd := range append(root.Commands(), root) {
		example := strings.ReplaceAll(cmd.Example, "\\\n", " ")
		for line := range strings.Lines(example) {
			fields := strings.Fields(line)
			if len(fields) < 2 || fields[0] != "hxgpu" {
				continue
			}
			require.Contains(t, flags, fields[1], line)
			for _, flag := range exampleFlags.FindAllStringSubmatch(line, -1) {
				require.NotNil(t, flags[fields[1]].Lookup(flag[1]), "%s: %s", flag[1], line)
			}
		}
	}
}

// TestManPages: a page for each command with all sections and flags, and the same
// bytes every time.
func TestManPages(t *testing.T) {
	t.Chdir(t.TempDir())
	code, stdout, stderr := command(t, "man", "pages")
	require.Zero(t, code, stderr)
	require.Regexp(t, `^written to pages: \d+ pages\n$`, stdout)
	t.Setenv("SOURCE_DATE_EPOCH", "1000000000")
	code, stdout, stderr = command(t, "man", "again", "--quiet")
	require.Zero(t, code, stderr)
	require.Empty(t, stdout)
	code, _, stderr = command(t, "man", "again", "--quiet") // over those that are there
	require.Zero(t, code, stderr)

	root := newRootCommand()
	for _, cmd := range append(root.Commands(), root) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
		page, err := os.ReadFile(filepath.Join("pages", name))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join("again", name))
		require.NoError(t, err)
		require.Equal(t, string(page), string(again))
		text := string(page)
		require.Contains(t, text, `" "1" "" "hxgpu `+version+`" "hxgpu manual"`)
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLE", "SEE ALSO"} {
			require.Contains(t, text, "\n.SH "+section+"\n", name)
		}
		require.NotContains(t, text, "HISTORY")
		require.NotRegexp(t, `\b(19|20|00)\d\d-\d\d-\d\d|Jan 0001`, text)
		require.NotContains(t, text, "```")
		plain := strings.ReplaceAll(strings.ReplaceAll(text, `\-`, "-"), `\&`, "")
		cmd.Flags().VisitAll(func(f *pflag.Flag) { require.Contains(t, plain, "--"+f.Name, name) })
		for line := range strings.Lines(cmd.Long) {
			if line = strings.TrimRight(line, "\n"); !strings.ContainsAny(line, `\'.`) {
				require.Contains(t, plain, line, name)
			}
		}
	}
	for _, args := range [][]string{{"man"}, {"man", "a", "b"}} {
		code, _, stderr = command(t, args...)
		require.Equal(t, 2, code)
		require.Contains(t, stderr, "man takes one folder")
	}
}

// complete is what a shell offers for a line.
func complete(t *testing.T, line ...string) []string {
	t.Helper()
	code, stdout, _ := command(t, append([]string{"__completeNoDesc"}, line...)...)
	require.Zero(t, code)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	return lines[:len(lines)-1] // the last one is the directive
}

func TestCompletion(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("c.csv", []byte("taxon,mass,size,se_mass\na,1,2,3\n"), 0o644))
	require.Equal(t, modelNames(), complete(t, "sample", "--model", ""))
	require.Equal(t, []string{"hmc"}, complete(t, "sample", "--algorithm", "h"))
	require.Equal(t, []string{"auto", "cpu", "vulkan"}, complete(t, "loglik", "--device", ""))
	require.Equal(t, []string{"mass", "size", "se_mass"}, complete(t, "sample", "--traits", "c.csv", "--trait", ""))
	require.Equal(t, []string{"mass,size", "mass,se_mass"}, complete(t, "init", "--traits", "c.csv", "--trait", "mass,"))
	require.Equal(t, []string{"none"}, complete(t, "sample", "--traits", "c.csv", "--errors", "n"))
	require.Empty(t, complete(t, "sample", "--traits", "none.csv", "--trait", ""))
	require.Equal(t, []string{"cmdstan", "tracer", "zarr"}, complete(t, "export", "run", "--format", ""))
	require.Equal(t, []string{"pinned="}, complete(t, "loglik", "--root", "p"))
	require.Contains(t, complete(t, "sample", "--conf"), "--config")
	require.Contains(t, complete(t, "comp"), "completion")
	require.Equal(t, shells, complete(t, "completion", ""))
	for _, shell := range shells {
		code, stdout, stderr := command(t, "completion", shell)
		require.Zero(t, code, stderr)
		require.Contains(t, stdout, "__complete")
		require.Contains(t, stdout, "hxgpu")
	}
	for _, args := range [][]string{{"completion"}, {"completion", "fsh"}} {
		code, _, stderr := command(t, args...)
		require.Equal(t, 2, code)
		require.Contains(t, stderr, "fish")
	}
}

// TestChoicesAreValid: what shells offer is taken.
func TestChoicesAreValid(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for _, name := range []string{"t.nwk", "c.csv", "shapes.csv"} {
		require.NoError(t, os.WriteFile(name, []byte(badFiles[name]), 0o644))
	}
	for flag, choices := range flagChoices() {
		if flag == "format" || flag == "root" {
			continue // not of sample; read with the data
		}
		for _, choice := range choices {
			if strings.HasSuffix(choice, "=") {
				choice += "F"
			}
			args := []string{"sample", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "x", "--draws", "1"}
			if flag == "kernel" || flag == "bridge" || flag == "step-spacing" {
				args = append(args, "--model", shapeModel)
			}
			_, _, stderr := command(t, append(args, "--"+flag, choice)...)
			require.Contains(t, stderr, "hxgpu: --draws 1: ", "--%s %s", flag, choice)
		}
	}
}

// TestBashCompletes: the script works in a real shell, where there is one with the
// functions that it needs.
func TestBashCompletes(t *testing.T) {
	const functions = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(functions); err != nil {
		t.Skip("bash-completion is not installed")
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash on the path")
	}
	folder := t.TempDir()
	script := `#!/bin/sh
HXGPU_TEST_MAIN=1 exec "` + os.Args[0] + `" "$@"
`
	require.NoError(t, os.WriteFile(filepath.Join(folder, "hxgpu"), []byte(script), 0o755))
	cmd := exec.Command(bash, "-c", `source `+functions+`; source <(hxgpu completion bash)
COMP_WORDS=(hxgpu sample --model o); COMP_CWORD=3; COMP_LINE="hxgpu sample --model o"; COMP_POINT=${#COMP_LINE}
__start_hxgpu; echo "${COMPREPLY[@]}"`)
	cmd.Env = append(os.Environ(), "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, strings.Fields(string(out)), "ou")
}
