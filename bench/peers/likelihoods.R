# The largest log-likelihood of a Brownian motion on a tree, as ape's users compute it:
# from independent contrasts, which take time in proportion to the tips, and, for trees
# up to some size, by nlme's generalised least squares with ape's correlation, a dense
# matrix. Prints one JSON object a line.
#
# Rscript likelihoods.R FOLDER DENSE CALLS: tree.nwk and traits.csv in the folder.
suppressMessages({library(ape); library(nlme)})
given <- commandArgs(trailingOnly = TRUE)
folder <- given[1]; dense <- as.integer(given[2]); calls <- as.integer(given[3])
began <- proc.time()[["elapsed"]]
tree <- read.tree(file.path(folder, "tree.nwk"))
table <- read.csv(file.path(folder, "traits.csv"), row.names = 1)
x <- setNames(table$x, rownames(table))[tree$tip.label]
read <- proc.time()[["elapsed"]] - began
n <- length(x)

# Felsenstein (1973): the contrasts are independent, and so is the root's estimate,
# whose variance is that of two resistors in parallel.
contrasts <- function() {
  p <- pic(x, tree, var.contrasts = TRUE, rescaled.tree = TRUE)
  at_root <- p$rescaled.tree$edge.length[p$rescaled.tree$edge[, 1] == n + 1]
  variance <- sum(p$contr[, 1]^2) / n
  -(n * log(2 * pi * variance) + sum(log(p$contr[, 2])) + log(prod(at_root) / sum(at_root)) + n) / 2
}
least_squares <- function() {
  d <- data.frame(x = x, taxon = tree$tip.label)
  as.numeric(logLik(gls(x ~ 1, d, correlation = corBrownian(1, tree, form = ~taxon), method = "ML")))
}

times <- function(f, calls) min(replicate(calls, system.time(f(), gcFirst = FALSE)[["elapsed"]]))
say <- function(what, value, seconds)
  cat(sprintf('{"what": "%s", "log_likelihood": %.15g, "seconds": %.6g, "read_s": %.6g, "tips": %d}\n', what, value, seconds, read, n))
many <- function() for (i in 1:20) contrasts() # a call is shorter than the clock's step
say("contrasts", contrasts(), times(many, calls) / 20)
if (n <= dense) say("least squares", least_squares(), times(least_squares, 1))
