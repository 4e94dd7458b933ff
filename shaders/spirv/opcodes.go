package spirv

// The words of SPIR-V that modules are made of.

const (
	magic     = 0x07230203
	version13 = 0x00010300
)

// Operations.
const (
	opExtension             = 10
	opName                  = 5
	opMemberName            = 6
	opExtInstImport         = 11
	opExtInst               = 12
	opMemoryModel           = 14
	opEntryPoint            = 15
	opExecutionMode         = 16
	opCapability            = 17
	opTypeVoid              = 19
	opTypeBool              = 20
	opTypeInt               = 21
	opTypeFloat             = 22
	opTypeVector            = 23
	opTypeArray             = 28
	opTypeRuntimeArray      = 29
	opTypeStruct            = 30
	opTypePointer           = 32
	opTypeFunction          = 33
	opConstant              = 43
	opSpecConstant          = 50
	opSpecConstantComposite = 51
	opFunction              = 54
	opFunctionEnd           = 56
	opVariable              = 59
	opLoad                  = 61
	opStore                 = 62
	opAccessChain           = 65
	opDecorate              = 71
	opMemberDecorate        = 72
	opCompositeConstruct    = 80
	opCompositeExtract      = 81
	opConvertFToS           = 110
	opConvertSToF           = 111
	opBitcast               = 124
	opFNegate               = 127
	opIAdd                  = 128
	opFAdd                  = 129
	opISub                  = 130
	opFSub                  = 131
	opIMul                  = 132
	opFMul                  = 133
	opUDiv                  = 134
	opFDiv                  = 136
	opUMod                  = 137
	opUMulExtended          = 151
	opLogicalOr             = 166
	opLogicalAnd            = 167
	opLogicalNot            = 168
	opSelect                = 169
	opIEqual                = 170
	opULessThan             = 176
	opSLessThan             = 177
	opFOrdEqual             = 180
	opFOrdLessThan          = 184
	opFOrdLessThanEqual     = 188
	opShiftRightLogical     = 194
	opShiftLeftLogical      = 196
	opBitwiseOr             = 197
	opBitwiseXor            = 198
	opBitwiseAnd            = 199
	opBitCount              = 205
	opControlBarrier        = 224
	opPhi                   = 245
	opLoopMerge             = 246
	opSelectionMerge        = 247
	opLabel                 = 248
	opBranch                = 249
	opBranchConditional     = 250
	opSwitch                = 251
	opReturn                = 253
	glslAbs                 = 4  // FAbs of GLSL.std.450
	glslSqrt                = 31 // Sqrt of GLSL.std.450
)

// Capabilities, modes and decorations.
const (
	capabilityShader          = 1
	capabilityFloat64         = 10
	capabilityPreserveSpecial = 4466 // SignedZeroInfNanPreserve

	addressingLogical  = 0
	memoryGLSL450      = 1
	executionGLCompute = 5
	modeLocalSize      = 17
	modePreserve       = 4461 // SignedZeroInfNanPreserve

	decorationSpecID        = 1
	decorationBlock         = 2
	decorationArrayStride   = 6
	decorationBuiltIn       = 11
	decorationAliased       = 20
	decorationCoherent      = 23
	decorationNonWritable   = 24
	decorationBinding       = 33
	decorationDescriptorSet = 34
	decorationOffset        = 35
	decorationNoContraction = 42

	builtInNumWorkgroups        = 24
	builtInWorkgroupSize        = 25
	builtInWorkgroupID          = 26
	builtInLocalInvocationIndex = 29
)

// Storage classes.
const (
	classInput         = 1
	classWorkgroup     = 4
	classFunction      = 7
	classPushConstant  = 9
	classStorageBuffer = 12
)

// Scope and semantics of a barrier.
const (
	scopeWorkgroup = 2
	// AcquireRelease, UniformMemory and WorkgroupMemory.
	semanticsBarrier = 0x8 | 0x40 | 0x100
)
