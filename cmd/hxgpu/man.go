package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

func newManCommand() *cobra.Command {
	var quiet bool
	cmd := &cobra.Command{
		Use: "man DIR", Short: "Write manual pages",
		Long: `man writes a manual page for hxgpu and for each of its commands into a folder, made if
it is not there, over pages of an earlier version. They hold what --help says, and no
date: the same version writes the same bytes. man man1/hxgpu-sample.1 shows one; those in
~/.local/share/man/man1 are found by their names.`,
		Example: `  hxgpu man man1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("man takes one folder, for the pages, as in hxgpu man pages")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := runstore.OpenFolder(args[0], true)
			if err != nil {
				return err
			}
			pages, err := manPages()
			if err != nil {
				return err
			}
			for _, name := range sortedKeys(pages) {
				err := folder.Write(name, func(w io.Writer) error {
					_, err := w.Write(pages[name])
					return err
				})
				if err != nil {
					return err
				}
			}
			if quiet {
				return nil
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "written to %s: %s\n", args[0], plural(len(pages), "page"))
			return err
		},
	}
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print nothing")
	return cmd
}

// manPages are the manual pages by the names of their files.
func manPages() (map[string][]byte, error) {
	root := newRootCommand() // one of its own, whose texts may be changed
	root.DisableAutoGenTag = true
	pages := map[string][]byte{}
	for _, cmd := range append([]*cobra.Command{root}, root.Commands()...) {
		cmd.Long, cmd.Short = markdown(cmd.Long), escapeMarkdown(cmd.Short)
		cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = escapeMarkdown(strings.ReplaceAll(f.Usage, "\n", " ")) })
		var page bytes.Buffer
		if err := doc.GenMan(cmd, &doc.GenManHeader{Section: "1", Source: "hxgpu " + version, Manual: "hxgpu manual", Date: &noDate}, &page); err != nil {
			return nil, err
		}
		pages[strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"] = bytes.Replace(page.Bytes(), []byte(noDate.Format("Jan 2006")), nil, 1)
	}
	return pages, nil
}

// noDate stands where the page generator wants a date, and is taken out.
var noDate time.Time

// markdown makes Markdown of a help text, which is what the page generator takes:
// lines that are indented keep their layout.
func markdown(text string) string {
	var out strings.Builder
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		if indented := strings.HasPrefix(line, "  "); indented != fenced && (indented || line != "") {
			out.WriteString("\n```\n")
			if fenced {
				out.WriteString("\n")
			}
			fenced = indented
		}
		if !fenced {
			if line = escapeMarkdown(line); strings.HasPrefix(line, "-") || strings.HasPrefix(line, "+") || strings.HasPrefix(line, "#") {
				line = "\\" + line
			}
		}
		out.WriteString(line + "\n")
	}
	if fenced {
		out.WriteString("```\n")
	}
	return out.String()
}

var markdownSigns = strings.NewReplacer("\\", "\\\\", "`", "", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "\\<", ">", "\\>", "~", "\\~")

// escapeMarkdown keeps signs of a text from being taken for Markdown's. The quotes
// around the names of flags' values go.
func escapeMarkdown(text string) string { return markdownSigns.Replace(text) }
