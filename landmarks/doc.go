// Package landmarks reads, aligns, summarises and draws configurations of
// landmarks: n points in m = 2 or 3 dimensions for every taxon.
//
// [ReadFile] reads tables with a column for every coordinate, headed x1,y1,x2,y2,...
// or 1.X,1.Y,2.X,2.Y,..., and the TPS format of Rohlf's programs. [WriteCSV] and
// [WriteTPS] write both.
//
// [Align] is generalised Procrustes analysis (Gower 1975, Psychometrika 40: 33-51;
// Rohlf & Slice 1990, Systematic Zoology 39: 40-59). The centroid size of a shape
// X (n,m) with mean row c is
//
//	size(X) = sqrt(sum_i |X_i - c|^2).
//
// Every shape is centred and divided by its size. With M the mean shape, first the
// first shape and then the mean of all scaled to size 1, every X is replaced by X R,
// R the rotation that makes |X R - M| least, and the mean is taken anew, until it
// rests. Neither step lets the sum of squares around M rise. In the plane, with the
// points as complex numbers, R turns by the angle of sum_i conj(X_i) M_i. In space,
// with the singular value decomposition X'M = U S V', it is U D V', where D is the
// identity but for its last entry, det(U V'): shapes are turned and never mirrored
// (Kabsch 1976, Acta Crystallographica A32: 922-923).
//
// [WriteShapes] summarises draws of the shapes of a tree's nodes; [DrawTree] and
// [DrawFan] draw them.
package landmarks
