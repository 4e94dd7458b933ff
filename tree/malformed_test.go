package tree_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// nexusTrees puts commands into a block TREES that begins on line 2.
func nexusTrees(commands string) string { return "#NEXUS\nbegin trees;\n" + commands }

// matrix puts a matrix of two characters behind a head of four lines.
func matrix(format, rows string) string {
	return "#NEXUS\nbegin data;\ndimensions nchar=2;\nformat " + format + "; matrix\n" + rows
}

const continuous = "datatype=continuous"

// malformedTrees are trees that cannot be read, and what is said of them. Those of
// Newick alone stand in TestParseNewickErrors too.
var malformedTrees = []struct{ name, text, want string }{
	{"nothing", "", "1:1: the file holds no tree"},
	{"a table", "taxon,mass\na,1\n", "1:6: ',' outside parentheses"},
	{"a second tree is cut off", "(a,b);\n(c,(d", "2:4: 2 parentheses are not closed"},
	{"a second tree is empty", "(a,b);\n;", "2:1: text follows the ';'"},
	{"text between trees", "(a,b);\nthe tree: (c,d);", `2:5: unexpected text "tree"`},
	{"a bracket between trees", "(a,b);\n](c,d);", "2:1: text follows the ';'"},
	{"duplicate tips in the third tree", "(a,b);(a,b);(a,\na);", `2:1: two tips are named "a"`},
	{"a map that is open", "(a:{0,1:1,b:1);", "1:4: the stochastic map that begins here is not closed"},
	{"a map with a comment", "(a:{0,1[x]:1,1},b:1);", "1:4: the stochastic map that begins here is not closed"},
	{"a map without lengths", "(a:{0},b:1);", `1:5: the segment "0" of a stochastic map`},
	{"a map with a hole", "(a:{0,1::1,1},b:1);", `1:9: the segment "" of a stochastic map`},
	{"a map that ends with a colon", "(a:{0,1:},b:1);", `1:9: the segment "" of a stochastic map`},
	{"a map of endless length", "(a:{0,inf},b:1);", `1:7: the length "inf" of state "0" is not finite`},
	{"a decimal comma", "(a:{0,0,5},b:1);", `1:7: the length "0,5" of state "0" has a decimal comma`},
	{"only the first word of NEXUS", "#NEXUS", "1:1: the NEXUS file has no block TREES"},
	{"no trees", "#NEXUS\nbegin data; end;\n", "2:1: the NEXUS file has no block TREES"},
	{"a block without a tree", nexusTrees("end;"), "2:1: the NEXUS file has a block TREES without a tree"},
	{"text in place of a block", "#NEXUS\ntree t = (a,b);", `2:1: here should be BEGIN and the name of a block, not "tree"`},
	{"punctuation in place of a block", "#NEXUS\n = ;", `2:2: here should be BEGIN and the name of a block, not "="`},
	{"a block without a name", "#NEXUS\nbegin;\n", "2:6: BEGIN has no name of a block"},
	{"a block without a semicolon", "#NEXUS\nbegin trees\ntree t = (a,b);end;", `3:1: here should be ';' after BEGIN TREES, not "tree"`},
	{"an open block", nexusTrees("tree t = (a,b);"), "2:1: the block TREES that begins here is not closed"},
	{"an open block that is not read", "#NEXUS\nbegin paup;\nset x", "2:1: the block that begins here is not closed"},
	{"a block within a block", nexusTrees("tree t = (a,b);\nbegin data;end;"), "4:1: a block begins within the block TREES, which began on line 2: END; is missing"},
	{"END without a semicolon", nexusTrees("tree t = (a,b);end"), "2:1: the block that begins here is not closed"},
	{"text after END", nexusTrees("tree t = (a,b);\nend trees;"), `4:5: here should be ';' after END, not "trees"`},
	{"punctuation in place of a command", nexusTrees(", tree t = (a,b);"), `3:1: here should be a command of the block TREES, or END; not ","`},
	{"a slip in TREE", nexusTrees("tre t = (a,b);"), `3:1: the block TREES has no command "TRE": is it TREE?`},
	{"a slip in TRANSLATE", nexusTrees("TRANSLAT 1 a;"), `3:1: the block TREES has no command "TRANSLAT": is it TRANSLATE?`},
	{"a tree without a name", nexusTrees("tree = (a,b);"), "3:6: the tree has no name"},
	{"a default tree without a name", nexusTrees("tree * = (a,b);"), "3:8: the tree has no name"},
	{"a tree without an equals sign", nexusTrees("tree t (a,b);"), `3:8: here should be '=' after the name of the tree, not "(a"`},
	{"a tree that never begins", nexusTrees("tree t ="), `3:6: the tree "t" ends before it begins`},
	{"an empty tree", nexusTrees("tree t = ;"), "3:10: the tree is empty"},
	{"a tree without a semicolon", nexusTrees("tree t = (a,b)\nend;"), "2:1: the block TREES that begins here is not closed"},
	{"an open parenthesis", nexusTrees("tree t = ((a,b);\nend;"), "3:10: the parenthesis that opens here is not closed"},
	{"a bad length", nexusTrees("tree t = (a:1,b:1.2.3);\nend;"), `3:17: the edge length "1.2.3" is not a number`},
	{"an open comment", nexusTrees("tree t = [&R (a,b);\nend;"), "3:10: the comment that begins here is not closed"},
	{"an open quote", nexusTrees("tree 't = (a,b);\nend;"), "3:6: the label that begins here has no closing quote on its line"},
	{"an open double quote", nexusTrees("tree \"t = (a,b);\nend;"), "3:6: the text that begins here has no closing quote on its line"},
	{"a quote within a name", nexusTrees("tree t's = (a,b);\nend;"), `3:7: a quote within the word "t"`},
	{"a bracket in place of a name", nexusTrees("tree ] = (a,b);\nend;"), "3:6: ']' without '[' before it"},
	{"a control character", nexusTrees("tree \x01 = (a,b);\nend;"), "3:6: the byte 0x01 does not belong in a text file"},
	{"a control character in double quotes", nexusTrees("tree \"a\x01\" = (a,b);\nend;"), "3:8: the byte 0x01 does not belong in a text file"},
	{"a label twice in TRANSLATE", nexusTrees("translate 1 a,\n1 b;"), `4:1: TRANSLATE has "1" twice, the other for the taxon at line 3, column 13`},
	{"no comma in TRANSLATE", nexusTrees("translate 1 a\n2 b;"), `4:1: here should be ',' after the taxon "a"`},
	{"no taxon in TRANSLATE", nexusTrees("translate 1 a, 2;"), `3:17: TRANSLATE pairs a label with a taxon, as in 1 Homo_sapiens, 2 Pan_paniscus; and here is ";"`},
	{"no label in TRANSLATE", nexusTrees("translate ,"), `3:11: TRANSLATE pairs a label with a taxon, as in 1 Homo_sapiens, 2 Pan_paniscus; and here is ","`},
	{"an empty taxon in TRANSLATE", nexusTrees("translate 1 '';"), `3:13: TRANSLATE pairs a label with a taxon, as in 1 Homo_sapiens, 2 Pan_paniscus; and here is ""`},
	{"a tip that is not in TRANSLATE", nexusTrees("translate 1 a;\ntree t = (1,2);end;"), `4:13: the tip "2" does not stand in TRANSLATE`},
	{"two labels of one taxon", nexusTrees("translate 1 a, 2 a;\ntree t = (1,2);end;"), `4:13: two tips are named "a", the other at line 4, column 11`},
	{"too few taxa", "#NEXUS\nbegin taxa; dimensions ntax=3;\ntaxlabels a b;", "3:14: TAXLABELS has 2 taxa and NTAX is 3"},
	{"a taxon twice", "#NEXUS\nbegin taxa;\ntaxlabels a b\na;", `4:1: two taxa are named "a", the other at line 3, column 11`},
	{"a taxon without a name", "#NEXUS\nbegin taxa;\ntaxlabels a '' b;", "3:13: a taxon without a name"},
	{"commas between taxa", "#NEXUS\nbegin taxa;\ntaxlabels a, b;", `3:12: "," between taxa`},
	{"taxa that are no number", "#NEXUS\nbegin taxa;\ndimensions ntax=many;", `3:17: "many" is no number of taxa`},
	{"unknown dimensions", "#NEXUS\nbegin taxa;\ndimensions size=3;", `3:12: DIMENSIONS has NTAX and NCHAR, not "size"`},
	{"a taxon's number that is too large", "#NEXUS\nbegin taxa; taxlabels a b;end;\nbegin trees; tree t = (1,3);end;", `3:26: the tip "3" is no number of a taxon, which run from 1 to 2`},
}

// malformedTables are tables that cannot be read.
var malformedTables = []struct{ name, text, want string }{
	{"nothing", "", "1:1: the file is empty"},
	{"a tree", "(a:1,b:2);", "1:1: the table has a header and no rows"},
	{"one column", "taxon\na\n", "1:1: the table has one column"},
	{"spaces between cells", "taxon mass\na 1\n", "1:1: the table has one column"},
	{"semicolons", "taxon;mass\na;1\n", "1:1: the cells are separated by semicolons"},
	{"a header only", "taxon,x\n", "1:1: the table has a header and no rows"},
	{"a short row", "taxon,x,y\na,1\n", "2:1: the row has 2 cells and the header 3"},
	{"a long row", "taxon,x\na,1\nb,1,2\n", "3:1: the row has 3 cells and the header 2"},
	{"no head of the taxa", "x\ty\na\t1\t2\n", "2:1: the row has 3 cells and the header 2: name the column of the taxa"},
	{"an open quote", "taxon,x\na,1\nb,\"2\nc,3\n", "3:3: the quoted cell that begins here is not closed"},
	{"text after a quote", "taxon,x\n\"a\" ,1\n", "2:4: text follows the quote"},
	{"a quote within a cell", "taxon,x\na\"b,1\n", "2:2: a quote within a cell"},
	{"a column twice", "taxon,x,x\na,1,2\n", `1:9: columns 2 and 3 are both named "x"`},
	{"a column without a name", "taxon,,x\na,1,2\n", "1:7: column 2 has no name"},
	{"a taxon twice", "taxon,x\na,1\nb,2\na,3\n", `4:1: the taxon "a" has a row already, on line 2`},
	{"a taxon without a name", "x,taxon\n1,a\n2,\n", "3:3: the taxon has no name"},
	{"binary", "taxon,x\na,\x002\n", "2:3: the byte 0x00"},
	{"UTF-16", "\xff\xfet\x00", "1:1: the file is in UTF-16"},
	{"a word for a number", "taxon,x\na,1\nb,two\n", `3:3: taxon "b", column "x": "two" is not a number`},
	{"a decimal comma", "taxon\tx\na\t1,5\n", `2:3: taxon "a", column "x": "1,5" has a decimal comma`},
	{"an infinite number", "taxon,x\na,-Inf\n", `2:3: taxon "a", column "x": "-Inf" is not finite`},
	{"a number that is too large", "taxon,x\n\"a\",1e999\n", `2:5: taxon "a", column "x": "1e999" is too large`},
	{"a unit", "taxon,x\na,\"5 kg\"\n", `2:3: taxon "a", column "x": "5 kg" is not a number`},
	{"no matrix", "#NEXUS\nbegin trees; tree t = (a,b);end;", "2:1: the NEXUS file has no block DATA or CHARACTERS"},
	{"a block without a matrix", "#NEXUS\nbegin data; dimensions nchar=1;end;", "2:1: the block DATA has no MATRIX"},
	{"an open block", "#NEXUS\nbegin data; dimensions nchar=1;", "2:1: the block DATA that begins here is not closed"},
	{"no number of characters", "#NEXUS\nbegin data;\nformat datatype=continuous;\nmatrix a 1;end;", "4:1: the block DATA has no DIMENSIONS NCHAR=n before its MATRIX"},
	{"two matrices in a block", matrix(continuous, "a 1 2\n;matrix b 1 2\n;end;"), "6:2: the block DATA has a second MATRIX"},
	{"two blocks", matrix(continuous, "a 1 2\n;end;begin data; dimensions nchar=1; matrix a 1\n;end;"), "6:6: the file has 2 matrices, 1: CONTINUOUS of 2 characters; 2: STANDARD of 1 characters: choose one by its number, 1 to 2"},
	{"molecules", matrix("datatype=dna", "a AC\n;end;"), "4:1: the matrix is of data type DNA"},
	{"mixed data", matrix("datatype=mixed(standard:1,continuous:2)", "a AC\n;end;"), "4:17: DATATYPE=MIXED is not read"},
	{"a data type without a value", matrix("datatype", "a 1 2\n;end;"), "4:8: FORMAT has DATATYPE without a value"},
	{"a missing symbol without a value", matrix("missing=", "a 1 2\n;end;"), "4:16: FORMAT has no value after MISSING="},
	{"a slip in FORMAT", matrix("mising=?", "a 1 2\n;end;"), `4:8: FORMAT with "MISING" is not read`},
	{"a slip in MATRIX", "#NEXUS\nbegin data;\ndimensions nchar=1;\nmatrx a 1;end;", `4:1: the block DATA has no command "MATRX": is it MATRIX?`},
	{"another INTERLEAVE", matrix("interleave=maybe", "a 1 2\n;end;"), `4:19: INTERLEAVE is YES or NO, not "maybe"`},
	{"matched characters", matrix("matchchar=.", "a 1 2\n;end;"), "4:8: FORMAT with MATCHCHAR is not read"},
	{"taxa without names", matrix("labels=no", "a 1 2\n;end;"), "4:8: FORMAT with LABELS is not read"},
	{"equated symbols", matrix("equate=\"a=1\"", "a 1 2\n;end;"), "4:8: FORMAT with EQUATE is not read"},
	{"a transposed matrix", matrix("transpose", "a 1 2\n;end;"), `4:8: FORMAT with "TRANSPOSE" is not read`},
	{"several items a cell", matrix("datatype=continuous items=(average se)", "a 1 2\n;end;"), "4:34: ITEMS=(average se) is not read"},
	{"states as counts", matrix("statesformat=count", "a 1 2\n;end;"), "4:21: STATESFORMAT=count is not read"},
	{"an empty matrix", matrix(continuous, ";end;"), "5:1: the matrix has no rows"},
	{"a row that is too short", matrix(continuous, "a 1\nb 1 2\n;end;"), `6:1: taxon "a", character 2: "b" is not a number`},
	{"a last row that is too short", matrix(continuous, "a 1 2\nb 1;end;"), `6:4: the taxon "b" has characters 1 to 1 and NCHAR is 2`},
	{"a row that is too long", matrix(continuous, "a 1 2 3\nb 1 2\n;end;"), `5:7: the taxon "a" has more characters than NCHAR, 2`},
	{"a row of symbols that is too long", matrix("symbols=\"01\"", "a 011\n;end;"), `5:5: the taxon "a" has more characters than NCHAR, 2`},
	{"a symbol that is none", matrix("symbols=\"01\"", "a 02\n;end;"), `5:4: taxon "a", character 2: the symbol "2" is not in SYMBOLS="01"`},
	{"an open set of states", matrix("symbols=\"01\"", "a 0{01\n;end;"), `5:4: taxon "a": the set of states that begins here is not closed: add '}'`},
	{"a comma among symbols", matrix("symbols=\"01\"", "a 0,1\n;end;"), `5:4: taxon "a": here should be symbols of states, not ","`},
	{"a word in a matrix", matrix(continuous, "a 1 two\n;end;"), `5:5: taxon "a", character 2: "two" is not a number: write a decimal number such as 0.5 or 1e-3; a missing value is ?`},
	{"a decimal comma in a matrix", matrix(continuous, "a 1 2,5\n;end;"), `5:5: taxon "a", character 2: "2,5" has a decimal comma`},
	{"a matrix's taxon twice", matrix(continuous, "a 1 2\na 1 2\n;end;"), `6:1: the taxon "a" has a row already, on line 5`},
	{"a matrix's taxon without a name", matrix(continuous, "'' 1 2\n;end;"), `5:1: here should be the name of a taxon, not ""`},
	{"punctuation for a taxon", matrix(continuous, "= 1 2\n;end;"), `5:1: here should be the name of a taxon, not "="`},
	{"too few rows", "#NEXUS\nbegin data; dimensions ntax=2 nchar=1; format datatype=continuous; matrix\na 1\n;end;", "4:1: the matrix has 1 taxa and NTAX is 2"},
	{"fewer rows than taxa", "#NEXUS\nbegin taxa; taxlabels a b c;end;begin characters; dimensions nchar=1; format datatype=continuous; matrix\na 1\nb 2\n;end;", "5:1: the matrix has 2 taxa and NTAX is 3"},
	{"an open matrix", matrix(continuous, "a 1 2\n"), "2:1: the block that begins here is not closed"},
	{"an open comment in a matrix", matrix(continuous, "a 1 [2\n;end;"), "5:5: the comment that begins here is not closed"},
	{"a section without a taxon", matrix("interleave "+continuous, "a 1\nb 1\na 2\n;end;"), `8:1: the matrix ends before the taxon "b" in its last section`},
	{"a section that ends early", matrix("interleave "+continuous, "a 1\nb 1\na 2\na 3\nb 2\n;end;"), `8:1: a section of the interleaved matrix ends before the taxon "b"`},
	{"a section in another order", matrix("interleave "+continuous, "a 1\nb 1\nc 1\na 2\nc 2\nb 2\n;end;"), `9:1: the taxon "c" stands out of turn, as number 2 of its section`},
	{"a section with a new taxon", matrix("interleave "+continuous, "a 1\nb 1\na 2\nc 2\n;end;"), `8:1: the taxon "c" stands out of turn`},
	{"sections that are too short", matrix("interleave "+continuous, "a 1\nb 1\n;end;"), `5:1: the taxon "a" has characters 1 to 1 and NCHAR is 2`},
	{"characters with one name", "#NEXUS\nbegin data; dimensions nchar=2; format datatype=continuous;\ncharlabels x x; matrix a 1 2\n;end;", `3:14: characters 1 and 2 are both named "x"`},
	{"a character named by another's number", "#NEXUS\nbegin data; dimensions nchar=2; format datatype=continuous;\ncharlabels 2; matrix a 1 2\n;end;", `3:15: characters 1 and 2 are both named "2"`},
	{"a control character in a set of states", "#NEXUS\nbegin data; dimensions nchar=3;\nmatrix a 0(\x10)0;\nend;", "3:12: the byte 0x10 does not belong in a text file"},
	{"too many names", "#NEXUS\nbegin data; dimensions nchar=1; format datatype=continuous;\ncharlabels x y; matrix a 1\n;end;", `3:14: "y" names character 2 and NCHAR is 1`},
	{"names before their number", "#NEXUS\nbegin data;\ncharlabels x y;", "3:12: names of characters before DIMENSIONS NCHAR=n"},
	{"a name without a number", "#NEXUS\nbegin data; dimensions nchar=1;\ncharstatelabels mass;", `3:17: "mass" is no number of a character`},
	{"a name with a space", "#NEXUS\nbegin data; dimensions nchar=1;\ncharstatelabels 1 wing length;", `3:24: here should be ',' or '/' after the name "wing", not "length"`},
	{"characters that are no number", "#NEXUS\nbegin data; dimensions nchar=0;", `2:30: "0" is no number of characters`},
}

// TestMalformed: every file that cannot be read is told by its file, line and column
// and what to do; nothing panics.
func TestMalformed(t *testing.T) {
	require.GreaterOrEqual(t, len(malformedTrees)+len(malformedTables), 100)
	check := func(t *testing.T, want string, err error) {
		t.Helper()
		require.Error(t, err)
		require.True(t, strings.HasPrefix(err.Error(), "f:"+want), "%v", err)
		var syntax *tree.SyntaxError
		require.True(t, errors.As(err, &syntax))
		require.True(t, strings.HasPrefix(err.Error(), fmt.Sprintf("f:%d:%d: ", syntax.Line, syntax.Column)))
		require.Positive(t, syntax.Column)
	}
	for _, c := range malformedTrees {
		t.Run("tree/"+c.name, func(t *testing.T) {
			trees, err := tree.ParseTrees("f", []byte(c.text))
			check(t, c.want, err)
			require.Nil(t, trees)
		})
	}
	for _, c := range malformedTables {
		t.Run("table/"+c.name, func(t *testing.T) {
			table, err := tree.ParseTable("f", []byte(c.text))
			if err == nil { // the cells are read when they are asked for
				_, err = table.Numbers("x")
			} else {
				require.Nil(t, table)
			}
			check(t, c.want, err)
		})
	}
}
