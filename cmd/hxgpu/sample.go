package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/internal/progress"
	"github.com/hxgpu/hxgpu/nuts"
)

type sampleCommand struct {
	files  dataFlags
	model  modelFlags
	shapes shapeFlags
	priors priorFlags
	device deviceFlags

	algorithmFlags

	chains, warmup, draws, stateDraws int
	seed                              uint64
	out, resume, schedule             string
	progressMode                      string
	overwrite, json, quiet            bool
	saveWarmup, saveNoise             bool
	checkpointEvery                   time.Duration
	burninTrees                       string
	progress                          func(nuts.Progress) // instead of the terminal's

	stdout, stderr io.Writer
	flags          *pflag.FlagSet
	changed        func(flag string) bool // whether a flag was given
}

func newSampleCommand() *cobra.Command {
	var c sampleCommand
	cmd := &cobra.Command{
		Use: "sample", Short: "Draw from the posterior by Hamiltonian Monte Carlo", Args: noArguments,
		Long: `sample fits a model to the traits of a tree's tips and prints the posterior of its
parameters; without arguments it fits a built-in example and prints the exact
posterior beside the result.

` + modelHelp() + `

` + inputHelp + `

` + regimeHelp + `

Shapes are read from all columns x1,y1,x2,y2,... (or 1.X,1.Y,...) of --traits, or
from a TPS file. Their root is pinned at the tips' mean unless --root says file=F
(the shape in F), normal=sd (around the mean) or flat.

` + configHelp + `

Rates and variances are sampled on the log scale. The default priors take their
scale from the data and are printed. Distributions: normal(mean,sd),
lognormal(mu,sd), half_normal(sd), exponential(rate), gamma(shape,rate),
inverse_gamma(shape,scale), uniform(lower,upper), log_uniform(lower,upper), and
lkj(shape) for correlations. What follows from the parameters stands beside them: for ou
the phylogenetic half-life, the stationary variance and its share (repeatability), for
bm the phylogenetic heritability.

--out DIR stores the run as it goes: run.json (all settings), run.yaml (the same for
--config), copies of its inputs,
draws.bin (all draws) and checkpoint.bin (the state of the sampler). A run that was
stopped by Ctrl-C, a crash or a full disk goes on with --resume DIR, and ends with the
files that it would have had; --draws N with it makes a finished run longer (where the
noise is sampled, the ancestors' states then come from every so many draws as the run
began with). hxgpu diagnose reads such a folder at any time. At the end come
chain_1.csv ... (the draws, in CmdStan's format), summary.json, and the ancestors'
states as ancestral.csv and as an annotated tree, ancestral.nex; of shapes also
pictures, shapes.svg (the tree with the mean shape of every node) and root.svg (the
draws of the root's shape). Ctrl-C stops and keeps what has been drawn; a second one
ends at once.

` + treesHelp + `

The method: van der Meulen & Sommer 2025, JMLR 26(281), arXiv:2505.18239, for the
likelihood and the states; Hoffman & Gelman 2014, JMLR 15(47), and Betancourt
2017, arXiv:1701.02434, for the sampler; Vehtari et al. 2021, Bayesian Analysis
16(2), for R-hat and the effective sample sizes.`,
		Example: `  hxgpu sample
  hxgpu sample --tree T.nwk --traits C.csv --trait mass --out run
  hxgpu sample --resume run --draws 10000
  hxgpu sample --config run/run.yaml --seed 2 --out again
  hxgpu sample --tree T.nwk --traits C.csv --trait mass --model ou --root normal=3,2 \
      --prior 'sigma_sq=lognormal(-2,1)' --fix tau_sq=0.01
  hxgpu sample --tree T.nwk --traits C.csv --trait mass,length --json > summary.json
  hxgpu sample --tree T.nwk --traits C.csv --trait mass --model ou --regimes factor=habitat
  hxgpu sample --tree trees.nex --tree-index 3 --traits traits.nex --traits-index 5 --trait 1,2
  hxgpu sample --tree posterior.trees --tree-index all:10 --burnin-trees 25% --traits C.csv \
      --trait mass --out set
  hxgpu sample --tree T.nwk --traits birds.csv --taxon-column binomial --trait log_mass,length \
      --errors sd_mass,se_length
  hxgpu sample --model kunita --tree T.nwk --traits shapes.tps --align \
      --edge-lengths unit --root normal=0.1 --out shapes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout, c.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			c.flags, c.changed = cmd.Flags(), cmd.Flags().Changed
			return c.run(cmd.Context())
		},
	}
	c.addFlags(cmd)
	return cmd
}

func (c *sampleCommand) addFlags(cmd *cobra.Command) {
	c.files.add(cmd)
	cmd.Flags().Lookup("tree-index").Usage = "the `number` of the tree, from 1, in a file that has several; or several, as in\n1,5,10-100:10, or all, whose draws are pooled"
	c.model.add(cmd)
	c.shapes.add(cmd)
	c.priors.add(cmd)
	c.device.add(cmd)
	c.algorithmFlags.add(cmd)
	f := cmd.Flags()
	f.IntVar(&c.chains, "chains", 4, "number of chains")
	f.IntVar(&c.warmup, "warmup", 1000, "transitions of adaptation per chain, not kept (hmc: 500, kunita: 300)")
	f.IntVar(&c.draws, "draws", 4000, "draws per chain (kunita by a path: 1500, by other bridges: 200; each of several trees: 1000)")
	f.Uint64Var(&c.seed, "seed", 1, "seed of the random numbers; equal seeds give equal draws")
	f.IntVar(&c.stateDraws, "state-draws", 1000, "draws behind the ancestors' states, over all chains; 0 for none")
	f.StringVar(&c.out, "out", "", "`folder` for draws, summary and states")
	f.StringVar(&c.resume, "resume", "", "go on with the run in this `folder`, with its own settings; --draws may be larger")
	f.BoolVar(&c.saveWarmup, "save-warmup", false, "keep the transitions of the warm-up too")
	f.BoolVar(&c.saveNoise, "save-noise", false, "keep the whole position of every draw, where the noise is sampled (positions.bin),\nnot only of as many as --state-draws asks for")
	f.DurationVar(&c.checkpointEvery, "checkpoint-every", 5*time.Second, "the longest time of sampling that a crash can lose")
	f.StringVar(&c.burninTrees, "burnin-trees", "0", "with --tree-index all: leave out this many of the file's first trees, or a share\nof them, such as 25%")
	f.StringVar(&c.schedule, "schedule", "auto", "how a gradient is cut into dispatches: slab (one per statement and depth of\nthe tree), tree (one in all) or auto; the numbers are the same")
	f.BoolVar(&c.overwrite, "overwrite", false, "replace the run that --out holds")
	f.BoolVar(&c.json, "json", false, "print the summary as JSON, the rest to standard error")
	f.StringVar(&c.progressMode, "progress", "auto", "how progress is shown: table (by chain, redrawn in place), lines (now and then), none\nor auto: table on a terminal, lines into files, pipes and where CI is set")
	f.BoolVar(&c.quiet, "quiet", false, "print the summary and warnings only")
}

// check finds mistakes before any file is read.
func (c *sampleCommand) check() error {
	if err := c.files.check(); err != nil {
		return err
	}
	if err := c.model.check(c.files.tree != ""); err != nil {
		return err
	}
	if err := c.shapes.check(c.model.model); err != nil {
		return err
	}
	c.defaults()
	if err := c.algorithmFlags.check(); err != nil {
		return err
	}
	if err := c.device.check(); err != nil {
		return err
	}
	if _, err := progress.ParseMode(c.progressMode); err != nil {
		return usagef("--progress %s: use auto, table, lines or none", c.progressMode)
	}
	if _, err := plan.ParseSchedule(c.schedule); err != nil {
		return usagef("--schedule %s: use auto, slab or tree", c.schedule)
	}
	const most = 100_000_000
	switch {
	case c.chains < 1 || c.chains > 100_000:
		return usagef("--chains %d: it must be 1 to 100000", c.chains)
	case c.warmup < 0 || c.warmup > most:
		return usagef("--warmup %d: it must be 0 to %d", c.warmup, most)
	case c.draws < 4 || c.draws > most:
		return usagef("--draws %d: it must be 4 (the fewest that R-hat can judge) to %d", c.draws, most)
	case c.chains*c.draws > most:
		return usagef("--chains %d, --draws %d: more than %d draws in all; ask for fewer", c.chains, c.draws, most)
	case c.superchains > 0 && c.chains%c.superchains != 0:
		return usagef("--chains %d, --superchains %d: the one must be a multiple of the other", c.chains, c.superchains)
	case c.stateDraws < 0:
		return usagef("--state-draws %d: it must be 0 or more", c.stateDraws)
	case c.overwrite && c.out == "":
		return usagef("--overwrite goes with --out DIR")
	case c.saveWarmup && c.out == "":
		return usagef("--save-warmup goes with --out DIR")
	case c.saveNoise && c.out == "":
		return usagef("--save-noise goes with --out DIR")
	case c.checkpointEvery <= 0:
		return usagef("--checkpoint-every %v: it must be positive, such as 5s", c.checkpointEvery)
	}
	return nil
}

// defaults fills in what depends on the model and the algorithm. Shapes that are
// guided along a path mix well by HMC with unit masses for the noise; with the other
// bridges their chains are shorter, and transitions have 63 steps at most.
func (c *sampleCommand) defaults() {
	shapes := c.model.model == shapeModel
	byPath := shapes && c.shapes.bridge == bffg.PathBridge.String()
	if c.algorithm == "auto" {
		c.algorithm = nuts.HMC.String()
		if shapes && !byPath {
			c.algorithm = nuts.NUTS.String()
		}
	}
	unless := func(flag string, set func()) {
		if !c.changed(flag) {
			set()
		}
	}
	if c.algorithm == nuts.HMC.String() {
		unless("warmup", func() { c.warmup = 500 })
		unless("target-accept", func() { c.targetAccept = 0.9 })
	}
	if byPath {
		unless("steps", func() { c.shapes.steps = 25 })
		unless("step-spacing", func() { c.shapes.spacing = bffg.ShorteningSteps.String() })
	}
	if byPath && c.algorithm != nuts.RandomWalk.String() {
		unless("target-accept", func() { c.targetAccept = 0.8 })
		unless("unit-noise", func() { c.unitNoise = true })
		unless("warmup", func() { c.warmup = 300 })
		unless("draws", func() { c.draws = 1500 })
		if c.algorithm == nuts.HMC.String() {
			unless("path-length", func() { c.pathLength = 1.5 }) // a quarter turn of the noise
		}
	}
	if shapes && !byPath && c.algorithm != nuts.RandomWalk.String() {
		unless("warmup", func() { c.warmup = 200 })
		unless("draws", func() { c.draws = 200 })
		unless("max-treedepth", func() { c.maxTreeDepth = 6 })
		unless("max-steps", func() { c.maxSteps = 63 })
	}
}
