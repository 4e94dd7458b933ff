// Package progress shows how far sampling is: on a terminal a table by chain, drawn
// over itself at most four times a second; into pipes and files a line now and then,
// at growing intervals.
package progress
