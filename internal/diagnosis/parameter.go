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
	// NestedRhat is that of superchains, where there are some; else 0.
	NestedRhat float64
	// Constant is set where all draws are one number.
	Constant bool
}

// DescribeParameter summarises draws [chain][draw], of chains that began together in
// a number of superchains, or each by itself if that is 0.
func DescribeParameter(name string, draws [][]float64, superchains int) Parameter {
	p := Parameter{Name: name, Statistics: nuts.Describe(draws)}
	if superchains > 0 && len(draws) > 0 {
		p.NestedRhat = nuts.NestedRhat(draws, superchains)
	}
	p.Constant = isConstant(draws)
	if p.Rhat > grossRhat && len(draws) > 2 && len(draws) <= mostOdd {
		p.Odd = odd(draws)
	}
	return p
}

// rhat is the R-hat that the chains are judged by: where they began in superchains
// each of them may be too short to be judged by itself.
func (p Parameter) rhat() float64 {
	if p.NestedRhat != 0 {
		return p.NestedRhat
	}
	return p.Rhat
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
