package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// version is this version of hxgpu.
const version = "0.1.0"

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments, Example: "  hxgpu version",
		Long: "version prints the versions of hxgpu and of Go, the platform, and the commit that hxgpu\nwas built from where that is known.",
		RunE: func(cmd *cobra.Command, args []string) error {
			v := runstore.ReadVersions(version)
			commit := ""
			if v.Commit != "" {
				commit = ", commit " + v.Commit
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "hxgpu %s (%s, %s%s)\n", v.Hxgpu, v.Go, v.Platform, commit)
			return err
		},
	}
}
