// Package landmarks reads, aligns, summarises and draws configurations of
// landmarks: n points in m = 2 or 3 dimensions for every taxon.
//
// Files are tables with a column for every coordinate, headed x1,y1,x2,y2,... or
// 1.X,1.Y,2.X,2.Y,..., or are in the TPS format of Rohlf's programs.
//
// [Align] is generalised Procrustes analysis (Gower 1975, Psychometrika 40; Rohlf &
// Slice 1990, Systematic Zoology 39): every shape is centred, scaled to centroid
// size 1 and turned to fit the mean shape, and the mean is taken anew until it
// rests. The centroid size of a shape X (n,m) with mean row c is
// sqrt(sum_i |X_i - c|^2). The rotation that takes X closest to M is U V' of the
// singular value decomposition X'M = U S V', with the sign of the last column such
// that its determinant is 1: shapes are not mirrored.
package landmarks
