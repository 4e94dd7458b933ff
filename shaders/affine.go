package shaders

// Affine is an integer value of a straight-line kernel in the form
// Constant + Items*item + Chains*chain + Scale*loaded. Loaded is an instruction
// whose result has no such form itself, in most cases the load of an integer;
// it is NoValue, and Scale 0, where there is none.
type Affine struct {
	Constant, Items, Chains int
	Loaded                  Value
	Scale                   int
}

// IsConstant reports whether the value is the same in all lanes of all grids.
func (x Affine) IsConstant() bool { return x.Items == 0 && x.Chains == 0 && x.Loaded == NoValue }

func (x Affine) add(y Affine) (Affine, bool) {
	if x.Loaded != NoValue && y.Loaded != NoValue {
		return Affine{}, false
	}
	sum := Affine{x.Constant + y.Constant, x.Items + y.Items, x.Chains + y.Chains, x.Loaded, x.Scale}
	if y.Loaded != NoValue {
		sum.Loaded, sum.Scale = y.Loaded, y.Scale
	}
	return sum, true
}

func (x Affine) multiply(y Affine) (Affine, bool) {
	if x.IsConstant() {
		x, y = y, x
	}
	if !y.IsConstant() {
		return Affine{}, false
	}
	f := y.Constant
	return Affine{x.Constant * f, x.Items * f, x.Chains * f, x.Loaded, x.Scale * f}, true
}

// AffineForms finds the form of every Int value of a kernel; the entries of
// other instructions are not used. Arithmetic is taken not to wrap around, as it
// does not in an index.
func AffineForms(k *Kernel) []Affine {
	forms := make([]Affine, len(k.Instructions))
	for v, i := range k.Instructions {
		form, fits := Affine{Loaded: NoValue}, true
		switch i.Op {
		case OpConstInt:
			form.Constant = i.Int
		case OpItem:
			form.Items = 1
		case OpChain:
			form.Chains = 1
		case OpAddInt:
			form, fits = forms[i.A].add(forms[i.B])
		case OpMulInt:
			form, fits = forms[i.A].multiply(forms[i.B])
		default:
			fits = false
		}
		if !fits {
			form = Affine{Loaded: Value(v), Scale: 1}
		}
		forms[v] = form
	}
	return forms
}
