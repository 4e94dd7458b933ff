package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/internal/pictures"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// plotCommand draws pictures of a stored run.
type plotCommand struct {
	out, format, size, layout string
	parameters, traits        []string
	quiet                     bool

	dimensions pictures.Dimensions
	layoutOf   pictures.Layout
	stdout     io.Writer
}

func newPlotCommand() *cobra.Command {
	var c plotCommand
	var list strings.Builder
	for _, kind := range plotKinds {
		fmt.Fprintf(&list, "  %-18s%s\n", kind.name, strings.ReplaceAll(kind.about, "\n", "\n"+strings.Repeat(" ", 20)))
	}
	fmt.Fprintf(&list, "  %-18s%s\n", allKinds, "all of these that the run has")
	cmd := &cobra.Command{
		Use: "plot DIR KIND", Short: "Draw pictures of a run",
		Long: `plot draws a picture of the run in a folder (--out of sample), which may be finished,
interrupted or under way, as PNG, SVG or PDF: to DIR/plots/KIND.png, or to the file
that --out names. The kinds:

` + list.String() + `
The tree's pictures show posterior means and central 95 % intervals of the nodes'
states (ancestral.csv). Names of tips are written where they fit; a larger --size
makes room for more. Colours can be told apart by the colour-blind.`,
		Example: `  hxgpu plot example/run all
  hxgpu plot example/run density --parameter sigma_sq --out sigma.pdf
  hxgpu plot example/run tree --size 20x30cm --format svg
  hxgpu plot example/run phenogram --trait mass`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usagef("name the folder of a run and a kind of picture, as in hxgpu plot run density")
			case len(args) == 1:
				return usagef("name a kind of picture, as in hxgpu plot %s density: %s", args[0], strings.Join(kindNames(), ", "))
			case len(args) > 2:
				return usagef("plot takes one folder and one kind of picture, not %s", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout = cmd.OutOrStdout()
			return c.run(args[0], args[1])
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.out, "out", "", "`file` to write, .png, .svg or .pdf; with kind all a folder (default DIR/plots)")
	f.StringVar(&c.format, "format", "", "png, svg or pdf (default: as --out ends, or png)")
	f.StringVar(&c.size, "size", "", "width and height, such as `16x10cm` (units cm, mm, in, pt; default: as its parts need)")
	f.StringArrayVar(&c.parameters, "parameter", nil, "draw this parameter only, as in 'correlation[a,b]', or all elements of one; repeatable")
	f.StringSliceVar(&c.traits, "trait", nil, "draw this `trait` only, several with commas between")
	f.StringVar(&c.layout, "layout", "auto", "of kind tree: rectangular, fan, or auto (a fan for more than 100 tips)")
	f.BoolVar(&c.quiet, "quiet", false, "print nothing")
	for name, choices := range map[string][]string{"format": pictures.Formats, "layout": {"auto", "rectangular", "fan"}} {
		cmd.RegisterFlagCompletionFunc(name, completeChoice(choices)) //nolint:errcheck // the flag is there, and has none
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return completeFolder(cmd, args, begun)
		case 1:
			return kindNames(), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// check finds mistakes before anything is read.
func (c *plotCommand) check(name string) error {
	if name != allKinds {
		kind, err := findKind(name)
		if err != nil {
			return err
		}
		if len(c.traits) > 0 && !kind.tree {
			return usagef("--trait does not go with %s, which shows no states of traits", name)
		}
		if len(c.parameters) > 0 && (kind.tree || name == "shapes" || name == "energy") {
			return usagef("--parameter does not go with %s, which shows no parameters", name)
		}
	}
	if c.format != "" && !slices.Contains(pictures.Formats, c.format) {
		return usagef("--format %s: use %s", c.format, strings.Join(pictures.Formats, ", "))
	}
	if c.out != "" && name != allKinds {
		ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(c.out)), ".")
		known := slices.Contains(pictures.Formats, ending)
		switch {
		case c.format == "" && !known:
			return usagef("--out %s: end the name in .png, .svg or .pdf, or say --format", c.out)
		case c.format != "" && known && ending != c.format:
			return usagef("--out %s ends in .%s, --format says %s: keep one", c.out, ending, c.format)
		case c.format == "":
			c.format = ending
		}
	}
	if c.format == "" {
		c.format = "png"
	}
	var err error
	if c.size != "" {
		if c.dimensions, err = pictures.ParseDimensions(c.size); err != nil {
			return usagef("--size %v", err)
		}
	}
	if c.layoutOf, err = pictures.ParseLayout(c.layout); err != nil {
		return usagef("--layout %v", err)
	}
	return nil
}

func (c *plotCommand) run(path, name string) error {
	if err := c.check(name); err != nil {
		return err
	}
	r, err := openStoredRun(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: not every chain has a draw yet; there is nothing to draw", path)
	} else if err != nil {
		return err
	}
	defer r.close()
	if name == allKinds {
		return c.drawAll(r)
	}
	kind, err := findKind(name)
	if err != nil {
		return err
	}
	if kind.refuse != nil {
		// One coordinate of shapes can be drawn as a trait if it is asked for.
		if why := kind.refuse(r); why != "" && !(kind.tree && r.in.shapes != nil && len(c.traits) > 0) {
			return fmt.Errorf("%s: %s: %s", path, name, why)
		}
	}
	p, err := kind.draw(c, r)
	if err != nil {
		return err
	}
	if c.out == "" {
		return c.write(r.folder, runstore.PlotsFolder, name+"."+c.format, p)
	}
	out, err := runstore.OpenFolder(filepath.Dir(c.out), true)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return c.write(out, "", filepath.Base(c.out), p)
}

// drawAll draws all kinds that the run has.
func (c *plotCommand) drawAll(r *storedRun) error {
	folder, within := r.folder, runstore.PlotsFolder
	if c.out != "" {
		var err error
		if folder, err = runstore.OpenFolder(c.out, true); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		within = ""
	}
	for _, kind := range plotKinds {
		why := ""
		if kind.refuse != nil {
			why = kind.refuse(r)
		}
		var p *pictures.Picture
		if why == "" {
			var err error
			var usage *usageError
			if p, err = kind.draw(c, r); errors.As(err, &usage) {
				return err
			} else if err != nil {
				why = err.Error()
			}
		}
		if why != "" {
			if !c.quiet {
				fmt.Fprintf(c.stdout, "no %s: %s\n", kind.name, why)
			}
			continue
		}
		if err := c.write(folder, within, kind.name+"."+c.format, p); err != nil {
			return err
		}
	}
	return nil
}

// write writes a picture into a folder's folder.
func (c *plotCommand) write(folder *runstore.Folder, within, name string, p *pictures.Picture) error {
	if within != "" {
		if err := os.MkdirAll(folder.Path(within), 0o777); err != nil {
			return err
		}
		name = filepath.Join(within, name)
	}
	if err := folder.Write(name, func(w io.Writer) error { return p.Write(w, c.format, c.dimensions) }); err != nil {
		return err
	}
	if !c.quiet {
		fmt.Fprintln(c.stdout, folder.Path(name))
	}
	return nil
}
