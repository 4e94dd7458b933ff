// Package contrasts computes phylogenetically independent contrasts (Felsenstein 1985,
// The American Naturalist 125(1)) and statistics of them that show where a model of a
// trait fails: those of Arbutus (Pennell, FitzJohn, Cornwell & Harmon 2015, The American
// Naturalist 186(2)), Blomberg's K, and moments of the tips.
package contrasts
