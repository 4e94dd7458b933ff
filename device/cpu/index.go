package cpu

import "github.com/hxgpu/hxgpu/shaders"

// index is an integer value of a kernel in the form
// constant + item*items + chain*chains + scale*loaded, where loaded, if not
// negative, is the load of an integer buffer, or an instruction whose result has
// no such form itself. Every index that a kernel of this project computes has
// this form, so that integers cost next to nothing: most loads turn out to be
// contiguous.
type index struct {
	constant, items, chains int
	loaded                  int // instruction whose result is multiplied by scale, or -1
	scale                   int
}

func (x index) isConstant() bool { return x.items == 0 && x.chains == 0 && x.loaded < 0 }

// uniform reports whether all lanes of a grid have the same value.
func (x index) uniform(chains int) bool {
	return x.items == 0 && x.loaded < 0 && (x.chains == 0 || chains == 1)
}

// contiguous reports whether the value is constant + lane.
func (x index) contiguous(chains int) bool {
	if x.loaded >= 0 {
		return false
	}
	if chains == 1 {
		return x.items == 1
	}
	return x.items == chains && x.chains == 1
}

// varying is the part that differs between lanes.
func (x index) varying() index {
	x.constant = 0
	return x
}

func addIndex(x, y index) (index, bool) {
	if x.loaded >= 0 && y.loaded >= 0 {
		return index{}, false
	}
	sum := index{x.constant + y.constant, x.items + y.items, x.chains + y.chains, x.loaded, x.scale}
	if y.loaded >= 0 {
		sum.loaded, sum.scale = y.loaded, y.scale
	}
	return sum, true
}

func multiplyIndex(x, y index) (index, bool) {
	if x.isConstant() {
		x, y = y, x
	}
	if !y.isConstant() {
		return index{}, false
	}
	f := y.constant
	return index{x.constant * f, x.items * f, x.chains * f, x.loaded, x.scale * f}, true
}

// indices finds the form of every integer of a kernel. A sum or product that has
// another form stands for itself, like a load.
func indices(k *shaders.Kernel) []index {
	forms := make([]index, len(k.Instructions))
	for v, i := range k.Instructions {
		form := index{loaded: -1}
		fits := true
		switch i.Op {
		case shaders.OpConstInt:
			form.constant = i.Int
		case shaders.OpItem:
			form.items = 1
		case shaders.OpChain:
			form.chains = 1
		case shaders.OpLoadInt:
			form.loaded, form.scale = v, 1
		case shaders.OpAddInt:
			form, fits = addIndex(forms[i.A], forms[i.B])
		case shaders.OpMulInt:
			form, fits = multiplyIndex(forms[i.A], forms[i.B])
		}
		if !fits {
			form = index{loaded: v, scale: 1}
		}
		forms[v] = form
	}
	return forms
}
