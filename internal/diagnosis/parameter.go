package diagnosis

import (
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/nuts"
)

// Parameter is what is known of one quantity.
type Parameter struct {
	Name string
	nuts.Statistics
	// Odd is the chain, from 1, without which the others agree; 0 if there is no
	// such chain.
	Odd int
	// Constant is set where all draws are one number.
	Constant bool
}

// DescribeParameter summarises draws [chain][draw].
func DescribeParameter(name string, draws [][]float64) Parameter {
	p := Parameter{Name: name, Statistics: nuts.Describe(draws)}
	p.Constant = isConstant(draws)
	if p.Rhat > grossRhat && len(draws) > 2 && len(draws) <= mostOdd {
		p.Odd = odd(draws)
	}
	return p
}

// The chains of a run are compared one by one where R-hat is gross and they are not
// too many.
const (
	grossRhat = 1.05
	mostOdd   = 64
)

// odd finds the chain without which R-hat is least, if that is within the limit.
func odd(draws [][]float64) int {
	least, chain := math.Inf(1), 0
	for c := range draws {
		rest := append(slices.Clone(draws[:c]), draws[c+1:]...)
		if r := nuts.Rhat(rest); r < least {
			least, chain = r, c+1
		}
	}
	if least > MaxRhat {
		return 0
	}
	return chain
}

func isConstant(draws [][]float64) bool {
	seen := 0
	for _, chain := range draws {
		for _, x := range chain {
			if x != draws[0][0] {
				return false
			}
			seen++
		}
	}
	return seen > 1
}
