package bffg

import (
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/tensor"
)

// Derived is a quantity that follows from the parameters of a model, such as the
// half-life of an attraction. It is reported beside them.
type Derived struct {
	Name string
	// Labels name the elements, as those of a [Parameter] do.
	Labels []string
	// Of are the parameters that it is a function of. Where the model has not all of
	// them, or all are fixed, the quantity is left out.
	Of []string
	// About says in a few words how it is computed, what it means, and its unit.
	About string
	// Value gives one number per label of the parameters and natural fields, which are
	// vectors with one number per label, and of correlations the Cholesky factor.
	Value func(parameter func(name string) tensor.Value) tensor.Value
}

// DerivedQuantities are those of the model's derived quantities that there is something
// to say of: see [Derived.Of].
func (m *Model) DerivedQuantities() []Derived {
	var live []Derived
	for _, d := range m.Derived {
		known, free := true, false
		for _, name := range d.Of {
			i := slices.IndexFunc(m.Parameters, func(p Parameter) bool { return p.Name == name })
			known = known && i >= 0
			free = free || i >= 0 && m.Parameters[i].free() > 0
		}
		if known && free {
			live = append(live, d)
		}
	}
	return live
}

// Reported lists what is reported of a draw: the elements of [Target.Elements], then
// those of the derived quantities, in the order of [Target.OpenReported].
func (t *Target) Reported() []Element {
	elements := t.Elements()
	for _, d := range t.model.DerivedQuantities() {
		elements = append(elements, elementsOf(d.Name, d.Labels)...)
	}
	return elements
}

// halfLife is the time in which an attraction takes a lineage half of the way to its
// optimum.
func halfLife(traits []string) Derived {
	return Derived{Name: "half_life", Labels: labels(traits), Of: []string{"alpha"},
		About: "ln 2 / alpha, phylogenetic half-life: the time of half of the way to the optimum",
		Value: func(parameter func(string) tensor.Value) tensor.Value {
			return tensor.Constant(math.Ln2).Div(parameter("alpha"))
		}}
}

// stationaryVariance is the variance that an Ornstein-Uhlenbeck process settles to.
func stationaryVariance(traits []string) Derived {
	return Derived{Name: "stationary_variance", Labels: labels(traits), Of: []string{"sigma_sq", "alpha"},
		About: "sigma_sq / (2 alpha): variance between lineages that the process settles to",
		Value: func(parameter func(string) tensor.Value) tensor.Value {
			return parameter("sigma_sq").Div(parameter("alpha").Scale(2))
		}}
}

// repeatability is the share of the variance between the tips of a process at rest that
// is their lineages'.
func repeatability(traits []string) Derived {
	return Derived{Name: "repeatability", Labels: labels(traits), Of: []string{"sigma_sq", "alpha", TipNoise},
		About: "stationary_variance / (stationary_variance + tau_sq): the share that is not noise",
		Value: func(parameter func(string) tensor.Value) tensor.Value {
			v := parameter("sigma_sq").Div(parameter("alpha").Scale(2))
			return v.Div(v.Add(parameter(TipNoise)))
		}}
}

// attractedDerived are the stationary variance and the repeatability of a process with
// an attraction matrix: the diagonal of the V for which A V + V A' = R.
func attractedDerived(traits []string) []Derived {
	if len(traits) == 1 {
		return []Derived{halfLife(traits), stationaryVariance(traits), repeatability(traits)}
	}
	variance, share := stationaryVariance(traits), repeatability(traits)
	settled := func(parameter func(string) tensor.Value) tensor.Value {
		return lyapunov(parameter(AttractionMatrix), parameter(RateMatrix)).Diagonal()
	}
	variance.About = "variance that the process settles to: the diagonal of V, A V + V A' = R"
	variance.Value = settled
	share.Value = func(parameter func(string) tensor.Value) tensor.Value {
		v := settled(parameter)
		return v.Div(v.Add(parameter(TipNoise)))
	}
	return []Derived{variance, share}
}

// presentRate is the rate of an early burst at the tip that is furthest from the root.
func presentRate(traits []string, data Data) Derived {
	height := heightOrOne(data)
	return Derived{Name: "present_rate", Labels: labels(traits), Of: []string{"sigma_sq", "b"},
		About: "sigma_sq exp(b T), T the height of the tree: the rate at the end",
		Value: func(parameter func(string) tensor.Value) tensor.Value {
			return parameter("sigma_sq").Mul(parameter("b").Scalar().Scale(height).Exp())
		}}
}

// phylogeneticHeritability is the share of a tip's variance that it owes to evolution
// along the tree (Lynch 1991, Evolution 45(5); Housworth, Martins & Lynch 2004, The
// American Naturalist 163(1)). On a tree whose tips are all at one distance from the
// root it is Pagel's lambda. A tree without length has none.
func phylogeneticHeritability(traits []string, data Data) []Derived {
	distance := data.meanTipDepth()
	if !(distance > 0) {
		return nil
	}
	return []Derived{{Name: "heritability", Labels: labels(traits), Of: []string{"sigma_sq", TipNoise},
		About: "sigma_sq T / (sigma_sq T + tau_sq), T the tips' mean depth: signal, like Pagel's lambda",
		Value: func(parameter func(string) tensor.Value) tensor.Value {
			v := parameter("sigma_sq").Scale(distance)
			return v.Div(v.Add(parameter(TipNoise)))
		}}}
}

// meanTipDepth is the mean distance of the tips from the root.
func (d Data) meanTipDepth() float64 {
	if d.Topology == nil || len(d.Lengths) != d.Topology.Size() {
		return 0 // to be refused elsewhere
	}
	depths, sum := d.Depths(), 0.0
	leaves := d.Topology.Leaves()
	for _, v := range leaves {
		sum += depths[v]
	}
	return sum / float64(len(leaves))
}
