package cpu

import "github.com/hxgpu/hxgpu/shaders"

// index is an integer of a kernel that is mostly a sum of the item and the chain: every
// index that a kernel of this project computes is, so that integers cost next to
// nothing and most loads turn out to be contiguous.
type index struct{ shaders.Affine }

// uniform reports whether all lanes of a grid have the same value.
func (x index) uniform(chains int) bool {
	return x.Items == 0 && x.Loaded == shaders.NoValue && (x.Chains == 0 || chains == 1)
}

// contiguous reports whether the value is constant + lane.
func (x index) contiguous(chains int) bool {
	switch {
	case x.Loaded != shaders.NoValue:
		return false
	case chains == 1:
		return x.Items == 1
	}
	return x.Items == chains && x.Chains == 1
}

// varying is the part that differs between lanes.
func (x index) varying() index {
	x.Constant = 0
	return x
}

// indices finds the form of every integer of a kernel. A sum or product that has
// another form stands for itself, like a load.
func indices(k *shaders.Kernel) []index {
	forms := make([]index, len(k.Instructions))
	for v, form := range shaders.AffineForms(k) {
		forms[v] = index{form}
	}
	return forms
}
