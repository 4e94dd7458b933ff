package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// exportFormats are the values of --format, with what each writes.
var exportFormats = map[string]func(folder *runstore.Folder, record runstore.Run, d *runstore.Draws) error{
	"cmdstan": exportCmdStan, "tracer": exportTracer, "zarr": exportZarr,
}

func newExportCommand() *cobra.Command {
	var formats []string
	var quiet bool
	cmd := &cobra.Command{
		Use: "export DIR", Short: "Write a run's draws for other programs", Args: oneFolder,
		Long: `export writes the draws of a run, in its own folder, for other programs, from
draws.bin alone: also of a run that was killed or is under way, as far as it is.

  cmdstan   chain_1.csv ...: CmdStan's CSV files, for ArviZ 0.2x (from_cmdstan),
            cmdstanpy and other readers of them; sample writes them too
  tracer    chain_1.log ...: for Tracer and other readers of BEAST's and RevBayes' logs
  zarr      arviz.zarr: a Zarr store (version 2) with the groups of ArviZ's
            InferenceData: az.from_zarr("run/arviz.zarr") with zarr before 3, and
            xarray.open_datatree("run/arviz.zarr", engine="zarr") with any, for
            ArviZ 1 as it is, for ArviZ 0.2x by az.InferenceData.from_datatree`,
		Example: "  hxgpu export example/run --format tracer\n  hxgpu export example/run --format cmdstan,zarr",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(formats) == 0 {
				return usagef("--format is missing: name cmdstan, tracer or zarr, several with commas between")
			}
			for _, format := range formats {
				if exportFormats[format] == nil {
					return usagef("--format %s: use cmdstan, tracer or zarr", format)
				}
			}
			folder, err := runstore.ExistingFolder(args[0])
			if err != nil {
				return err
			}
			record, err := folder.ReadRun()
			if err != nil {
				return err
			}
			draws, err := runstore.OpenDraws(folder.Path(runstore.DrawsFile))
			if err != nil {
				return err
			}
			defer draws.Close()
			if draws.Count == 0 {
				return fmt.Errorf("%s: not every chain has a draw yet; there is nothing to export", args[0])
			}
			for _, format := range formats {
				if err := exportFormats[format](folder, record, draws); err != nil {
					return err
				}
				if !quiet {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: %s of %d chains\n", format, plural(draws.Count, "draw"), draws.Chains)
				}
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&formats, "format", nil, "cmdstan, tracer or zarr, several with commas between")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "print nothing")
	return cmd
}

// oneFolder asks for one argument, the folder of a run.
func oneFolder(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("name the folder of a run, as in hxgpu %s run", cmd.Name())
	case len(args) > 1:
		return usagef("%s takes one folder, not %s", cmd.Name(), strings.Join(args, " "))
	}
	return nil
}

// exportCmdStan writes CmdStan's files.
func exportCmdStan(folder *runstore.Folder, record runstore.Run, d *runstore.Draws) error {
	found, err := folder.ReadAdaptation()
	if err != nil {
		return err
	}
	return folder.ExportCmdStan(d, cmdStanSettings(record), record.ChainOrigins(), found)
}

// exportTracer writes the files for Tracer.
func exportTracer(folder *runstore.Folder, record runstore.Run, d *runstore.Draws) error {
	return folder.ExportTracer(d, fmt.Sprintf("hxgpu %s, model %s", record.Versions.Hxgpu, record.Settings.Model))
}

// exportZarr writes the store for ArviZ, with the data that the run read.
func exportZarr(folder *runstore.Folder, record runstore.Run, d *runstore.Draws) error {
	c, err := restoredCommand(folder, record)
	if err != nil {
		return err
	}
	var s sampled
	if err := c.load(&s); err != nil {
		return err
	}
	observed := runstore.Observed{Traits: s.in.traits, Values: s.in.data.Values}
	for _, v := range s.in.data.Topology.Leaves() {
		observed.Taxa = append(observed.Taxa, s.in.data.Names[v])
	}
	return folder.ExportZarr(d, observed, record.Versions.Hxgpu)
}
