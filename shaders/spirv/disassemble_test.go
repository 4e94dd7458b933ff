package spirv_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// syntax is the name of an operation and its operands: t the type of the result,
// r the result, i an id, n a number, s a string, p a number and an id; a star
// repeats the one before.
type syntax struct{ name, operands string }

var operations = map[uint32]syntax{
	5: {"Name", "is"}, 6: {"MemberName", "ins"}, 10: {"Extension", "s"}, 11: {"ExtInstImport", "rs"}, 12: {"ExtInst", "trini*"},
	14: {"MemoryModel", "nn"}, 15: {"EntryPoint", "nisi*"}, 16: {"ExecutionMode", "inn*"}, 17: {"Capability", "n"},
	19: {"TypeVoid", "r"}, 20: {"TypeBool", "r"}, 21: {"TypeInt", "rnn"}, 22: {"TypeFloat", "rn"}, 23: {"TypeVector", "rin"},
	28: {"TypeArray", "rii"}, 29: {"TypeRuntimeArray", "ri"}, 30: {"TypeStruct", "ri*"}, 32: {"TypePointer", "rni"}, 33: {"TypeFunction", "ri*"},
	43: {"Constant", "trn*"}, 50: {"SpecConstant", "trn*"}, 51: {"SpecConstantComposite", "tri*"},
	54: {"Function", "trni"}, 56: {"FunctionEnd", ""}, 59: {"Variable", "trn"}, 61: {"Load", "tri"}, 62: {"Store", "ii"}, 65: {"AccessChain", "tri*"},
	71: {"Decorate", "inn*"}, 72: {"MemberDecorate", "innn*"}, 80: {"CompositeConstruct", "tri*"}, 81: {"CompositeExtract", "trin*"},
	110: {"ConvertFToS", "tri"}, 111: {"ConvertSToF", "tri"}, 124: {"Bitcast", "tri"}, 127: {"FNegate", "tri"},
	128: {"IAdd", "trii"}, 129: {"FAdd", "trii"}, 130: {"ISub", "trii"}, 131: {"FSub", "trii"}, 132: {"IMul", "trii"}, 133: {"FMul", "trii"},
	134: {"UDiv", "trii"}, 136: {"FDiv", "trii"}, 137: {"UMod", "trii"}, 151: {"UMulExtended", "trii"},
	166: {"LogicalOr", "trii"}, 167: {"LogicalAnd", "trii"}, 168: {"LogicalNot", "tri"}, 169: {"Select", "triii"}, 170: {"IEqual", "trii"},
	176: {"ULessThan", "trii"}, 177: {"SLessThan", "trii"}, 180: {"FOrdEqual", "trii"}, 184: {"FOrdLessThan", "trii"}, 188: {"FOrdLessThanEqual", "trii"},
	194: {"ShiftRightLogical", "trii"}, 196: {"ShiftLeftLogical", "trii"}, 197: {"BitwiseOr", "trii"}, 198: {"BitwiseXor", "trii"},
	199: {"BitwiseAnd", "trii"}, 205: {"BitCount", "tri"}, 224: {"ControlBarrier", "iii"}, 245: {"Phi", "tri*"},
	246: {"LoopMerge", "iin"}, 247: {"SelectionMerge", "in"}, 248: {"Label", "r"}, 249: {"Branch", "i"}, 250: {"BranchConditional", "iii"},
	251: {"Switch", "iip*"}, 253: {"Return", ""},
}

// disassemble lists a module, one instruction a line.
func disassemble(t *testing.T, module []uint32) string {
	require.Greater(t, len(module), 5)
	var b strings.Builder
	fmt.Fprintf(&b, "; magic %#x version %#x bound %d\n", module[0], module[1], module[3])
	for at := 5; at < len(module); {
		length, op := int(module[at]>>16), module[at]&0xffff
		require.True(t, length > 0 && at+length <= len(module), "the length of the instruction at word %d", at)
		s, ok := operations[op]
		require.True(t, ok, "operation %d at word %d is not in the table", op, at)
		b.WriteString(line(t, s, module[at+1:at+length]))
		at += length
	}
	return b.String()
}

func line(t *testing.T, s syntax, words []uint32) string {
	var result, operands string
	next := func() uint32 {
		require.NotEmpty(t, words, "an operand of %s is missing", s.name)
		word := words[0]
		words = words[1:]
		return word
	}
	for place := 0; place < len(s.operands); place++ {
		kind := s.operands[place]
		if kind == '*' {
			if len(words) == 0 {
				break
			}
			place--
			kind = s.operands[place]
		} else if place+1 < len(s.operands) && s.operands[place+1] == '*' && len(words) == 0 {
			break
		}
		switch kind {
		case 'r':
			result = fmt.Sprintf("%%%d = ", next())
		case 't', 'i':
			operands += fmt.Sprintf(" %%%d", next())
		case 'n':
			operands += fmt.Sprintf(" %d", next())
		case 'p':
			operands += fmt.Sprintf(" %d:%%%d", next(), next())
		case 's':
			operands += fmt.Sprintf(" %q", text(next))
		}
	}
	require.Empty(t, words, "%s has operands left over", s.name)
	return fmt.Sprintf("%10s%s%s\n", result, s.name, operands)
}

// text reads a string up to the word with its final zero.
func text(next func() uint32) string {
	var b strings.Builder
	for {
		word := next()
		for range 4 {
			if word&0xff == 0 {
				return b.String()
			}
			b.WriteByte(byte(word))
			word >>= 8
		}
	}
}
