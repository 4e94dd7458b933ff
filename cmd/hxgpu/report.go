package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/internal/document"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

func newReportCommand() *cobra.Command {
	var out string
	var quiet bool
	cmd := &cobra.Command{
		Use: "report DIR", Short: "Write a run's report as one HTML file", Args: oneFolder,
		Long: `report writes DIR/report.html about the run in a folder (--out of sample), which may
be finished, interrupted, merged or under way: what was run on which data, and the
command that makes the same draws again; what is wrong with the draws, in words, and
what to do; tables of the parameters, the ancestors' states and the chains; pictures;
what to cite; what R-hat and the other words mean. What hxgpu check and hxgpu fit have
left in the folder (check.json, fit.json) is shown too.

The file needs nothing else, no network and no script: it can be sent by mail. It reads
on desktops and phones, in light and dark, and prints. The pictures alone come from
hxgpu plot.`,
		Example: "  hxgpu report example/run\n  hxgpu report example/run --out mass.html",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := openStoredRun(args[0])
			if errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s: not every chain has a draw yet; there is nothing to report", args[0])
			} else if err != nil {
				return err
			}
			defer r.close()
			page, err := r.report()
			if err != nil {
				return err
			}
			folder, name := r.folder, runstore.ReportFile
			if out != "" {
				if folder, err = runstore.OpenFolder(filepath.Dir(out), true); err != nil {
					return fmt.Errorf("--out: %w", err)
				}
				name = filepath.Base(out)
			}
			if err := folder.Write(name, func(w io.Writer) error { return page.Write(w) }); err != nil {
				return err
			}
			if !quiet {
				fmt.Fprintln(cmd.OutOrStdout(), folder.Path(name))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "`file` to write (default DIR/report.html)")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print nothing")
	return cmd
}

// report makes the page of a run.
func (r *storedRun) report() (*document.Page, error) {
	if err := r.drawn.describe(r.record.Settings); err != nil {
		return nil, err
	}
	p := &document.Page{Title: r.reportTitle(), Lead: r.reportLead(),
		Foot: fmt.Sprintf("Written by hxgpu %s. Figures are posterior means and central 95 %% intervals unless they say otherwise.", version)}
	for _, make := range []func() (document.Section, error){r.verdictSection, r.parametersSection, r.runSection, r.statesSection, r.chainsSection} {
		s, err := make()
		if err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, s)
	}
	p.Sections = append(p.Sections, r.otherSections()...)
	p.Sections = append(p.Sections, r.citeSection(), glossarySection())
	return p, nil
}
