package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// command runs the program in this process.
func command(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	code = run(context.Background(), args, &out, &errors)
	return code, out.String(), errors.String()
}

// badFiles are what the cases read; cases name them by file name.
var badFiles = map[string]string{
	"t.nwk": "(a:1,(b:1,c:1):1);", "start.csv": "chain,sigma_sq,tau_sq\nall,-1,0.5\n",
	"c.csv":    "taxon,x,y,s\na,1,2,q\nb,2,,w\nc,3,4,e\n",
	"two.nex":  "#NEXUS\nbegin data; dimensions nchar=1; matrix a 1\n;end;\nbegin data; dimensions nchar=1; matrix a 1\n;end;\n",
	"open.nwk": "(a:1,(b:1,c:1);", "negative.nwk": "(a:1,(b:-1,c:1):1);", "nolength.nwk": "(a,(b:1,c:1):1);", "empty.nwk": "",
	"nexus.nwk": "#NEXUS\n", "twice.nwk": "(a:1,a:1);", "word.nwk": "(a:1,b:x);", "two.nwk": "(a:1,b:1);(c:1,d:1);",
	"quote.nwk": "('a:1,b:1);", "zero.nwk": "(a:0,b:1);", "cut.nwk": "(a:1,b:1)", "nameless.nwk": "(a:1,:1);", "huge.nwk": "(a:1,b:1e999);",
	"twice.csv": "taxon,x\na,1\na,2\n", "ragged.csv": "taxon,x\na,1,3\n", "strangers.csv": "taxon,x\nzz,1\nyy,2\n", "empty.csv": "",
	"columns.csv": "taxon,x,x\na,1,2\n", "infinite.csv": "taxon,x\na,inf\n", "missing.csv": "taxon,x\na,\nb,\n", "quote.csv": "taxon,x\na,\"1\n",
	"header.csv": "taxon,x\n", "nofactor.csv": "taxon,x,h\na,1,\nb,2,\nc,3,\n", "strange.csv": "taxon,x,h\na,1,\nb,2,?\nc,3,NA\nd,4,q\n",
	"part.nwk": "(a:{q,1},b:1);", "some.nwk": "(a[&r=1]:1,(b[&r=2]:1,c:1)[&r=1]:1);", "rootonly.nwk": "(a[&r=1]:1,(b[&r=2]:1,c[&r=1]:1)[&r=1]:1)[&r=z];",
	"shapes.csv": "taxon,x1,y1,x2,y2,x3,y3\na,0,0,1,0,0,1\nb,0,0,1.1,0,0,1\nc,0,0,1,0.1,0,1.2\n", "bad.tps": "LM=3\n1 2\n",
	"part.csv": "taxon,x1,y1,x2,y2,x3,y3\na,0,NA,1,0,0,1\n", "two.csv": "taxon,x1,y1,x2,y2\na,0,0,1,0\n", "hole.csv": "taxon,x1,y1,x2,y2,x3,y3\na,NA,NA,1,0,0,1\nb,0,0,1.1,0,0,1\nc,0,0,1,0.1,0,1.2\n",
}

// badInputs are command lines that must fail, each with a part of its message.
// @ stands for --tree t.nwk --traits c.csv.
var badInputs = []struct {
	code int
	args string
	want string
}{
	{2, "sampel", `there is no command "sampel" (did you mean sample?)`},
	{2, "sample --chians 3", "sample has no flag --chians (did you mean --chains?)"},
	{2, "sample extra", `sample takes flags only, not "extra"`},
	{2, "sample --chains 0", "--chains 0: it must be 1 to 100000"},
	{2, "sample --chains -1", "--chains -1: it must be 1 to 100000"},
	{2, "sample --chains x", "--chains x: it must be a whole number"},
	{2, "sample --warmup -1", "--warmup -1: it must be 0 to"},
	{2, "sample --draws -5", "--draws -5: it must be 4"},
	{2, "sample --model foo", "there is no such model (did you mean ou?); use bm, trend, eb, lambda"},
	{2, "sample --model kunita --kernel cosine", "--kernel cosine: there is no kernel"},
	{2, "sample --model kunita --bridge long", `--bridge long: there is no bridge "long"; use path, discrete, continuous or none`},
	{2, "sample --model kunita --steps 0", "--steps 0: it must be 1 to"},
	{2, "sample --model kunita --step-length -1", "--step-length -1: it must be positive"},
	{2, "sample --model kunita --rounds 0", "--rounds 0: it must be 1 to 100"},
	{2, "sample --model kunita --root here", "--root here: for shapes use mean"},
	{2, "sample --model kunita --root normal=-1", `"-1" is not a positive number`},
	{1, "sample --model kunita --root file=nofile.csv", "--root: open nofile.csv: no such file"},
	{1, "sample --model kunita --root file=shapes.csv", "shapes.csv has 3 shapes of 3 landmarks"},
	{2, "sample --model kunita --no-tip-noise", "model kunita observes shapes with noise"},
	{2, "sample --model kunita --tree t.nwk --traits shapes.csv --trait x1", "--trait does not go with --model kunita"},
	{1, "sample --model kunita --tree t.nwk --traits c.csv", "c.csv:1:7: there are no columns of landmarks"},
	{1, "sample --model kunita --tree t.nwk --traits bad.tps", "bad.tps:3:1: the shape that begins on line 1 has fewer rows"},
	{1, "sample --model kunita --tree t.nwk --traits part.csv", `landmark 1 of taxon "a" has some of its coordinates`},
	{1, "sample --model kunita --tree t.nwk --traits two.csv", "there are 2 landmarks; a shape needs at least 3"},
	{1, "sample --model kunita --tree t.nwk --traits hole.csv --align", `--align: hole.csv:2: landmark 1 of taxon "a" is missing`},
	{2, "loglik --model kunita", "use hxgpu sample"},
	{2, "simulate --model kunita --tips 4 --out s", "simulate makes traits, not shapes"},
	{2, "sample --algorithm split", "--algorithm split: use auto, hmc, nuts or rw"},
	{2, "sample --algorithm rw --sampler device", "--sampler device: algorithm rw runs on the host"},
	{2, "sample --metric dense --sampler device", "--sampler device: metric dense runs on the host"},
	{2, "sample --integrator euler", "--integrator euler: use auto, leapfrog or rotation"},
	{2, "sample --metric full", "--metric full: use variance, dense, gradient or unit"},
	{2, "sample --algorithm nuts --path-length 2", "only --algorithm hmc has paths of a set length"},
	{2, "sample --algorithm hmc --path-length -2", "--path-length -2: it must be positive"},
	{2, "sample --algorithm hmc --max-steps 0", "--max-steps 0: it must be 1 to"},
	{2, "sample --start here", "--start here: use uniform, prior, ascent or file=F"},
	{1, "sample --start file=nofile.csv", "--start: open nofile.csv: no such file"},
	{1, "sample --start file=c.csv", "--start: c.csv has 3 rows; it needs one for all chains, or one for each of the 4"},
	{1, "sample --chains 3 --start file=c.csv", `--start: c.csv: no column "sigma_sq"`},
	{1, "sample --start file=start.csv", "--start: start.csv:2: sigma_sq = -1 is outside the support of its prior"},
	{2, "sample --superchains 3", "--chains 4, --superchains 3: the one must be a multiple of the other"},
	{2, "sample --superchains -1", "--superchains -1: it must be 0 or more"},
	{2, "sample --step-jitter 2", "--step-jitter 2: it must lie between 0 and 1"},
	{2, "sample --edge-lengths double", "--edge-lengths double: use raw or unit"},
	{2, "sample --tree-index 2", "--tree-index goes with --tree"},
	{2, "sample @ --tree-index -1 --trait x", "--tree-index -1: trees are numbered from 1"},
	{2, "sample @ --traits-index -1 --trait x", "--traits-index -1: matrices are numbered from 1"},
	{2, "sample --errors auto", "--traits-index, --taxon-column and --errors go with --traits"},
	{2, "simulate --tips 4 --tree-index 2 --out s", "--tree-index 2: trees are numbered from 1, in the file of --tree"},
	{1, "simulate --tree two.nwk --out s --set sigma_sq=1", "two.nwk:1:11: the file has more than one tree: choose one by its number, 1 to 2, by --tree-index"},
	{1, "sample @ --tree-index 2 --trait x", "--tree-index: t.nwk:1:1: there is no tree 2: the file has 1"},
	{1, "sample @ --traits-index 2 --trait x", "c.csv:1:1: there is no matrix 2"},
	{1, "sample --tree t.nwk --traits two.nex --trait 1", "--traits: two.nex:4:1: the file has 2 matrices, 1: STANDARD of 1 characters; 2: STANDARD of 1 characters: choose one by its number, 1 to 2, by --traits-index"},
	{1, "sample --tree t.nwk --traits two.nex --traits-index 3 --trait 1", "--traits-index: two.nex:4:1: there is no matrix 3: the file has 2"},
	{1, "sample @ --taxon-column q --trait x", `--traits: c.csv:1:1: there is no column "q" for the taxa: the columns are "x", "y", "s", "taxon"`},
	{1, "sample --tree t.nwk --traits two.nex --taxon-column q --trait x", "two.nex:1:1: the file is a NEXUS file"},
	{1, "sample @ --errors auto --trait x", "--errors auto: c.csv has no column se_x, nor sd_x and n_x"},
	{2, "sample @ --errors y,y --trait x", "--errors y,y: 2 columns for 1 trait"},
	{2, "sample @ --errors , --trait x", `--errors "," has an empty name`},
	{1, "sample @ --errors se_x --trait x", `--errors: c.csv: no column "se_x"`},
	{1, "sample @ --errors y --trait x", `--errors: c.csv:3:5: taxon "b" has a value of "x" and none of "y"`},
	{2, "sample --model kunita --tree t.nwk --traits shapes.csv --errors auto", "--errors does not go with --model kunita"},
	{1, "sample @ --errors auto --trait z", `c.csv: no column "z"`},
	{2, "sample --tree t.nwk", "--traits is missing: name the file with the traits"},
	{2, "sample --traits c.csv", "--tree is missing: name the file of the tree"},
	{2, "sample @", "--trait is missing: name one or more columns of c.csv, which has x, y, s"},
	{1, "sample @ --trait z", `c.csv: no column "z": the columns are "x", "y", "s"`},
	{1, "sample --tree nofile.nwk --traits c.csv --trait x", "--tree: open nofile.nwk: no such file"},
	{1, "sample --tree t.nwk --traits nofile.csv --trait x", "--traits: open nofile.csv: no such file"},
	{1, "sample --tree open.nwk --traits c.csv --trait x", "open.nwk:1:1: the parenthesis that opens here is not closed"},
	{1, "sample --tree cut.nwk --traits c.csv --trait x", "cut.nwk:1:"},
	{1, "sample --tree negative.nwk --traits c.csv --trait x", `negative.nwk:1:9: the edge length "-1" is negative`},
	{1, "sample --tree nolength.nwk --traits c.csv --trait x", `1 of 4 edges have no length, above tip "a"`},
	{1, "sample --tree empty.nwk --traits c.csv --trait x", "empty.nwk:1:1: the file holds no tree"},
	{1, "sample --tree nexus.nwk --traits c.csv --trait x", "nexus.nwk:1:1: the NEXUS file has no block TREES"},
	{1, "sample --tree twice.nwk --traits c.csv --trait x", `twice.nwk:1:6: two tips are named "a"`},
	{1, "sample --tree word.nwk --traits c.csv --trait x", `word.nwk:1:8: the edge length "x" is not a number`},
	{1, "sample --tree two.nwk --traits c.csv --trait x", "two.nwk:1:11: the file has more than one tree"},
	{1, "sample --tree quote.nwk --traits c.csv --trait x", "quote.nwk:1:2: the label that begins here has no closing quote"},
	{1, "sample --tree nameless.nwk --traits c.csv --trait x", "nameless.nwk:1:"},
	{1, "sample --tree huge.nwk --traits c.csv --trait x", "huge.nwk:1:8"},
	{1, "sample --tree zero.nwk --traits c.csv --trait x --no-tip-noise", `1 tips with data have an edge of length 0 ("a")`},
	{1, "sample --tree t.nwk --traits twice.csv --trait x", `twice.csv:3:1: the taxon "a" has a row already, on line 2`},
	{1, "sample --tree t.nwk --traits ragged.csv --trait x", "ragged.csv:2:1: the row has 3 cells and the header 2"},
	{1, "sample --tree t.nwk --traits strangers.csv --trait x", "no taxon of the table is a tip of the tree"},
	{1, "sample --tree t.nwk --traits empty.csv --trait x", "empty.csv:1:1: the file is empty"},
	{1, "sample --tree t.nwk --traits header.csv --trait x", "header.csv:"},
	{1, "sample --tree t.nwk --traits columns.csv --trait x", `columns.csv:1:9: columns 2 and 3 are both named "x"`},
	{1, "sample --tree t.nwk --traits infinite.csv --trait x", `infinite.csv:2:3: taxon "a", column "x": "inf" is not finite`},
	{1, "sample --tree t.nwk --traits missing.csv --trait x", `trait "x" has no value at any tip of the tree`},
	{1, "sample --tree t.nwk --traits quote.csv --trait x", "quote.csv:2:3: the quoted cell that begins here is not closed"},
	{1, "sample @ --trait s", `c.csv:2:7: taxon "a", column "s": "q" is not a number`},
	{2, "sample @ --trait x,x", `--trait names "x" twice`},
	{2, "sample @ --trait x --root foo", "--root foo: use flat, pinned=x, normal=mean,sd, estimated"},
	{2, "sample @ --trait x --root pinned", "--root pinned: use flat"},
	{2, "sample @ --trait x --root pinned=a", `--root pinned=a: "a" is not a number`},
	{2, "sample @ --trait x --root pinned=1,2", "2 numbers for 1 trait"},
	{2, "sample @ --trait x --root normal=1", "write mean,sd"},
	{2, "sample @ --trait x --root normal=1,0", "the standard deviation 0 is not positive"},
	{1, "sample @ --trait x --model ou --root flat", "has no proper posterior"},
	{2, "sample --prior foo", "write name=value"},
	{2, "sample --prior foo=normal(0,1)", "model seed has no such parameter; it has sigma_sq, tau_sq"},
	{2, "sample --prior sigma_sq=normal(0,1)", "sigma_sq is positive, and so must its prior be"},
	{2, "sample --prior sigma_sq=norml(0,1)", `there is no distribution "norml"`},
	{2, "sample --prior sigma_sq=lognormal(0)", "lognormal takes 2 numbers"},
	{2, "sample --prior sigma_sq=lognormal(0,-1)", "sd of log is -1; it must be positive"},
	{2, "sample --fix sigma_sq", "write name=value"},
	{2, "sample --fix sigma_sq=-1", "-1 is not positive"},
	{2, "sample --fix foo=1", "has no such parameter"},
	{2, "sample --fix sigma_sq=a", `"a" is not a number`},
	{1, "sample --device vulkan:nosuchadapter", "--device vulkan:nosuchadapter: vulkan: "},
	{2, "sample --device vulkan:", "is missing after the colon"},
	{2, "sample --device cpu:1", "the CPU is one device"},
	{2, "sample --device gpu", "there is no device \"gpu\"; use cpu, vulkan, vulkan:1 or vulkan:NAME (did you mean cpu?)"},
	{2, "bench --leaves 3", "--leaves 3: it must be a power of two"},
	{2, "bench --chains 0", "--chains 0: it must be 1 to 100000"},
	{2, "bench --traits 9", "--traits 9: it must be 1 to 8"},
	{2, "bench --device gpu", "there is no device \"gpu\""},
	{2, "bench --seconds -1", "--seconds -1: it must be above 0"},
	{2, "bench --plot a.txt", "the file must end in .svg, .png or .pdf"},
	{2, "bench --schedule star", "--schedule star: use auto, slab or tree"},
	{2, "bench chain", "there is no suite \"chain\" (did you mean chains?); use seed, scaling,"},
	{2, "bench seed --leaves 16", "--leaves: a suite has its own"},
	{2, "bench all --device gpu", "there is no device \"gpu\""},
	{2, "bench all --seconds 0", "--seconds 0: it must be above 0"},
	{2, "bench --quick", "--quick is for suites: hxgpu bench all --quick"},
	{2, "bench --out a", "--out is for suites"},
	{1, "bench startup --out t.nwk", "--out t.nwk: "},
	{2, "sample --schedule star", "--schedule star: use auto, slab or tree"},
	{2, "sample --sampler gpu", "--sampler gpu: use auto, host or device"},
	{2, "sample --precision f16", "--precision f16: use f64 or f32"},
	{2, "sample --target-accept 2", "it must lie between 0 and 1"},
	{2, "sample --max-treedepth 99", "it must be 1 to 20"},
	{2, "sample --seed -1", "it must be a whole number of 0 or more"},
	{2, "sample --no-tip-noise", "model seed always has tip noise"},
	{2, "sample --state-draws -1", "it must be 0 or more"},
	{1, "sample --out t.nwk/below", "--out: t.nwk/below: "},
	{2, "loglik", "model seed also needs sigma_sq, tau_sq"},
	{2, "loglik @ --trait x --set sigma_sq=1", "model bm also needs tau_sq"},
	{2, "loglik @ --trait x --set sigma_sq=1 --set tau_sq=0", "0 is not positive"},
	{2, "loglik @ --trait x --set sigma_sq=1 --set sigma_sq=2 --set tau_sq=1", "--set gives sigma_sq twice"},
	{2, "loglik @ --trait x --set foo=1", "model bm has no such parameter; it has R, sigma_sq, tau_sq"},
	{2, "loglik @ --trait x,y --set R=[[1,2],[2,1]] --set tau_sq=1", "it is not positive definite"},
	{2, "loglik @ --trait x,y --set R=[[1,.2],[.1,1]] --set tau_sq=1", "it is not symmetric: 0.1 in row 2, column 1"},
	{2, "loglik @ --trait x,y --set R=[[1,.2] --set tau_sq=1", "write a matrix by its rows"},
	{2, "loglik @ --trait x --set R=[[1,2],[2,1]] --set tau_sq=1", "1 by 1 are needed"},
	{2, "loglik @ --trait x --set sigma_sq=nan --set tau_sq=1", `"nan" is not a finite number`},
	{2, "loglik @ --trait x --model ou --set sigma_sq=1 --set tau_sq=1 --set alpha=0 --set theta=1", "--set alpha=0: 0 is not positive"},
	{2, "loglik @ --trait x --model ou --set sigma_sq=1 --set tau_sq=1 --set alpha=1", "model ou also needs theta"},
	{2, "loglik @ --trait x,y --set sigma_sq=1,2,3 --set tau_sq=1", "3 numbers for 2 traits"},
	{2, "models boo", `there is no model "boo" (did you mean bm?); the models are bm, trend`},
	{2, "models bm ou", `models takes the name of one model, not "bm ou"`},
	{2, "models @ --trait x", "name the model whose priors for these data are wanted"},
	{2, "models kunita @ --trait x", "models shows no priors of kunita for data"},
	{2, "models rates @ --trait x", "--model rates needs regimes: add --regimes"},
	{2, "sample --regimes map", "--regimes goes with --tree"},
	{2, "sample @ --trait x --model ou --regimes habitat", "--regimes habitat: use factor=COLUMN, annotation=KEY or map"},
	{2, "sample @ --trait x --model ou --regimes factor=", "--regimes factor=: use factor=COLUMN"},
	{2, "sample @ --trait x --model bm --regimes factor=s", "--regimes: model bm has no regimes; use --model ou, mvou, rates"},
	{2, "sample @ --trait x --model rates", "--model rates needs regimes: add --regimes factor=COLUMN"},
	{1, "sample @ --trait x --model rates --regimes factor=z", `--regimes: c.csv: no column "z"`},
	{1, "sample --tree t.nwk --traits nofactor.csv --trait x --model rates --regimes factor=h", "--regimes: nofactor.csv:1:9: column \"h\" has no value in any row"},
	{1, "sample --tree t.nwk --traits strange.csv --trait x --model rates --regimes factor=h", "--regimes factor=h: tree: every tip's state is missing"},
	{1, "sample @ --trait x --model rates --regimes map", "--regimes map: t.nwk: tree: the tree has no stochastic map"},
	{1, "sample --tree part.nwk --traits c.csv --trait x --model rates --regimes map", `--regimes map: part.nwk: tree: the edge above tip "b" has no stochastic map`},
	{1, "sample @ --trait x --model rates --regimes annotation=r", `--regimes annotation=r: t.nwk: tree: no node has the annotation "r", and none any other`},
	{1, "sample --tree some.nwk --traits c.csv --trait x --model rates --regimes annotation=r", `tree: the edge above tip "c" has no regime`},
	{1, "sample --tree rootonly.nwk --traits c.csv --trait x --model rates --regimes annotation=r", `tree: the root has the regime "z", which no edge has`},
	{2, "sample --model kunita --tree t.nwk --traits shapes.csv --regimes factor=s", "--regimes does not go with --model kunita"},
	{2, "sample @ --trait x --model lambda --prior lambda=uniform(0,2)", "lambda lies between 0 and 1, and so must its prior"},
	{2, "sample @ --trait x --model lambda --prior lambda=normal(0,1)", "lambda lies between 0 and 1, and so must its prior"},
	{2, "sample @ --trait x --model lambda --fix lambda=1.5", "--fix lambda=1.5: 1.5 does not lie between 0 and 1"},
	{2, "sample @ --trait x --model lambda --prior tau_sq=lognormal(0,1)", "model lambda has no tip noise besides the variance that it gives the tips"},
	{2, "sample @ --trait x --model eb --root optimum", "--root optimum: model eb has no optimum"},
	{2, "loglik @ --trait x,y --model lambda --set sigma_sq=1 --set lambda=.1,.2", "--set lambda=.1,.2: 2 numbers: lambda is one"},
	{2, "loglik @ --trait x --model white --set sigma_sq=1 --set tau_sq=1", "--set tau_sq: model white has no tip noise besides"},
	{2, "loglik @ --trait x --model trend --set sigma_sq=1 --set tau_sq=1", "model trend also needs drift"},
	{2, "loglik @ --trait x,y --model mvou --set sigma_sq=1 --set tau_sq=1 --set A=[[1,2]] --set theta=1", "1 has 2 numbers: 2 by 2 are needed"},
	{2, "loglik @ --trait x,y --model mvou --set sigma_sq=1 --set tau_sq=1 --set alpha=1 --set A=[[1,2],[1,2]] --set theta=1", "--set gives both A and alpha, which is the diagonal of A"},
	{2, "loglik @ --trait x,y --model mvou --root stationary --set sigma_sq=1 --set tau_sq=1 --set A=[[1,2],[2,1]] --set theta=1", "an eigenvalue of A has the real part -1"},
	{2, "loglik @ --trait x,y --model rates --regimes factor=s --set sigma_sq=1,2 --set tau_sq=1", "2 numbers for the 6 elements of sigma_sq: give one for each, in the order e,x; e,y; q,x; q,y; w,x; w,y, or one for all"},
	{2, "loglik @ --trait x,y --model rates --regimes factor=s --set sigma_sq=1 --set tau_sq=1 --set C=[[2,0],[0,1]]", "2 in row and column 1: the diagonal of a correlation matrix is 1"},
	{1, "loglik @ --trait x,y --model mvou --set sigma_sq=1 --set tau_sq=1 --set alpha=1e9 --set theta=1 --quiet", "the log likelihood is NaN"},
	{2, "simulate --tips 4 --regimes map --out s", "--regimes goes with --tree"},
	{2, "simulate --tree t.nwk --regimes factor=x --out s", "--regimes factor=x: there are no traits here"},
	{2, "simulate --tree t.nwk --model rates --out s --set sigma_sq=1 --set tau_sq=1", "--model rates needs regimes"},
	{2, "simulate", "simulate needs a tree"},
	{2, "simulate --tips 0 --out o", "--tips 0: it must be 2 to"},
	{2, "simulate --tips 5 --height -1 --out o", "--height -1: it must be positive"},
	{2, "simulate --tips 5 --set sigma_sq=1 --root pinned=0", "--out is missing"},
	{2, "simulate --tips 5 --tree t.nwk --set sigma_sq=1 --out o", "use either"},
	{2, "simulate --tips 5 --set sigma_sq=1 --set tau_sq=1 --root flat --out o", "--root flat: simulate draws the root's state from no such prior"},
}

// TestBadInput: each mistake ends with its exit code and a message that names
// what and where; nothing is written, nothing panics.
func TestBadInput(t *testing.T) {
	folder := t.TempDir()
	for name, text := range badFiles {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	t.Chdir(folder)
	for _, c := range badInputs {
		var args []string
		for _, field := range strings.Fields(c.args) {
			if field == "@" {
				args = append(args, "--tree", "t.nwk", "--traits", "c.csv")
				continue
			}
			args = append(args, field)
		}
		code, stdout, stderr := command(t, args...)
		require.Equal(t, c.code, code, "%s\n%s", c.args, stderr)
		require.Contains(t, stderr, c.want, c.args)
		require.True(t, strings.HasPrefix(stderr, "hxgpu: "), c.args)
		require.Empty(t, stdout, c.args)
	}
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, left, len(badFiles), "a failing command leaves nothing behind")
}
