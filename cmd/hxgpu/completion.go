package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/internal/progress"
	"github.com/hxgpu/hxgpu/tree"
)

// shells are those that completion knows.
var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion " + strings.Join(shells, "|"), Short: "Print a script with which a shell completes hxgpu's commands", ValidArgs: shells,
		Long: `completion prints a script with which a shell completes commands, flags and what flags
may be given: models, algorithms, devices, and after --traits C.csv the names of its
columns for --trait.

  bash        source <(hxgpu completion bash), in ~/.bashrc to keep it; it needs the
              package bash-completion
  zsh         hxgpu completion zsh > "${fpath[1]}/_hxgpu", and begin a new shell
  fish        hxgpu completion fish > ~/.config/fish/completions/hxgpu.fish
  powershell  hxgpu completion powershell | Out-String | Invoke-Expression, in the
              profile to keep it`,
		Example: `  hxgpu completion bash > ~/.local/share/bash-completion/completions/hxgpu
  hxgpu completion fish > ~/.config/fish/completions/hxgpu.fish`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return usagef("completion takes the name of one shell: %s", strings.Join(shells, ", "))
			case !slices.Contains(shells, args[0]):
				return usagef("completion %s: there is no such shell%s; use %s", args[0], didYouMean(args[0], shells), strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			}
			return root.GenPowerShellCompletionWithDesc(out)
		},
	}
}

// flagChoices are what flags may be given, by their names, which mean the same for all
// commands. A choice that ends in = goes on.
func flagChoices() map[string][]string {
	var modes []string
	for _, mode := range progress.Modes {
		modes = append(modes, string(mode))
	}
	return map[string][]string{
		"model":        modelNames(),
		"algorithm":    {"auto", "hmc", "nuts", "rw"},
		"integrator":   {"auto", "leapfrog", "rotation"},
		"metric":       {"variance", "dense", "gradient", "unit"},
		"sampler":      sortedKeys(samplers),
		"schedule":     {"auto", "slab", "tree"},
		"device":       {"auto", "cpu", "vulkan"},
		"precision":    {"f64", "f32"},
		"edge-lengths": {"raw", "unit"},
		"regimes":      {"factor=", "annotation=", "map"},
		"start":        {"uniform", "prior", "ascent", "file="},
		"root":         append([]string{"flat", "pinned=", "normal="}, rootWords...),
		"kernel":       {"laplace0", "laplace1", "laplace2", "laplace3", "laplace4", "gaussian"},
		"bridge":       {"path", "discrete", "continuous", "none"},
		"step-spacing": {"even", "shortening"},
		"progress":     modes,
		"format":       sortedKeys(exportFormats),
	}
}

// completeValues makes shells complete what flags and commands are given.
func completeValues(root *cobra.Command) {
	choices := flagChoices()
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			var complete cobra.CompletionFunc
			name, _ := pflag.UnquoteUsage(f)
			switch {
			case choices[f.Name] != nil:
				complete = completeChoice(choices[f.Name])
			case f.Name == "trait" && cmd.Flags().Lookup("traits") != nil:
				complete = completeColumns(nil)
			case f.Name == "errors":
				complete = completeColumns([]string{"none", "auto"})
			case name == "folder":
				complete = completeFolder
			case name == "file" || f.Value.Type() == "bool":
				return // the shell's own, and none
			default:
				complete = cobra.NoFileCompletions
			}
			cmd.RegisterFlagCompletionFunc(f.Name, complete) //nolint:errcheck // the flag is there, and has none
		})
		switch {
		case cmd.ValidArgsFunction != nil || cmd.ValidArgs != nil:
		case strings.Contains(cmd.Use, " DIR"):
			cmd.ValidArgsFunction = completeFolder
		default:
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
}

func completeFolder(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeChoice completes one of some values.
func completeChoice(choices []string) cobra.CompletionFunc {
	directive := cobra.ShellCompDirectiveNoFileComp
	if slices.ContainsFunc(choices, func(choice string) bool { return strings.HasSuffix(choice, "=") }) {
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		if strings.HasPrefix(begun, "file=") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return startingWith(choices, begun), directive
	}
}

// completeColumns completes the names of columns of --traits, several with commas
// between, or one of the words.
func completeColumns(words []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		before, last := "", begun
		if comma := strings.LastIndexByte(begun, ','); comma >= 0 {
			before, last = begun[:comma+1], begun[comma+1:]
		}
		var found []string
		if before == "" {
			found = startingWith(words, begun)
		}
		for _, column := range startingWith(tableColumns(cmd), last) {
			if !slices.Contains(strings.Split(before, ","), column) {
				found = append(found, before+column)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// tableColumns are the columns of the table that a command line has named so far.
func tableColumns(cmd *cobra.Command) []string {
	value := func(name string) string { text, _ := cmd.Flags().GetString(name); return text }
	text, err := os.ReadFile(value("traits"))
	if err == nil {
		text, err = tree.ReadText(value("traits"), strings.NewReader(string(text)))
	}
	if err != nil {
		return nil
	}
	matrix, _ := cmd.Flags().GetInt("traits-index")
	table, err := tree.ParseTableWith(value("traits"), text, tree.TableOptions{TaxonColumn: value("taxon-column"), Matrix: matrix})
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(table.Columns, func(column string) bool { return strings.ContainsAny(column, ",\n\t") })
}

func startingWith(words []string, begun string) []string {
	var found []string
	for _, word := range words {
		if strings.HasPrefix(word, begun) {
			found = append(found, word)
		}
	}
	return found
}
