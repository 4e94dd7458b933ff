package nuts

import (
	"iter"
	"time"
)

// Stats describe one transition.
type Stats struct {
	AcceptProb float64 // mean acceptance probability over the trajectory, or over the blocks
	StepSize   float64 // or scale of the random walk
	TreeDepth  int     // doublings of the trajectory; 0 for RandomWalk
	Leapfrogs  int     // gradients spent, or evaluations
	// Energy is the Hamiltonian of the draw: kinetic energy of its momentum minus
	// the log density; for RandomWalk without kinetic energy.
	Energy     float64
	Divergent  bool
	LogDensity float64 // of the draw, on the unconstrained scale
}

// Draw is one kept draw.
type Draw struct {
	Chain, Number int
	Position      []float64 // the selected coordinates; not to be changed
	Stats         Stats
}

// Run is the result of [Sample].
type Run struct {
	Options   Options       // with defaults filled in
	Positions [][][]float64 // [chain][draw][coordinate]
	Stats     [][]Stats     // [chain][draw]
	// WarmupPositions and WarmupStats are the transitions of the warm-up, with
	// Options.KeepWarmup.
	WarmupPositions [][][]float64
	WarmupStats     [][]Stats
	StepSizes       []float64   // of each chain after warm-up
	InverseMass     [][]float64 // of each chain after warm-up
	Gradients       int64       // of single chains, warm-up included
	Values          int64       // evaluations without a gradient, likewise
	// Acceptance is, for RandomWalk, the share of accepted proposals after warm-up,
	// [chain][block]: of the parameters, if there are any, then of the blocks of
	// noise. WalkScales and CrankNicolson are the steps of each chain then.
	Acceptance                [][]float64
	WalkScales, CrankNicolson []float64
	PathLength                float64 // mean length of HMC's paths after warm-up
	// Ticks and Submissions count, for a sampler on the device, the steps that all
	// chains took together and how many times the host submitted work; of a run that
	// was resumed, since then.
	Ticks, Submissions int64
	CompileTime        time.Duration // opening the target
	WarmupTime         time.Duration // until the last chain had finished its warm-up
	DrawsTime          time.Duration
	Interrupted        bool // the context ended before all draws were there
}

// Draws goes through the kept draws, chain by chain.
func (r *Run) Draws() iter.Seq[Draw] {
	return func(yield func(Draw) bool) {
		for c := range r.Positions {
			for d, q := range r.Positions[c] {
				if !yield(Draw{c, d, q, r.Stats[c][d]}) {
					return
				}
			}
		}
	}
}

// Divergences counts the divergent transitions after warm-up.
func (r *Run) Divergences() int {
	n := 0
	for _, stats := range r.Stats {
		for _, s := range stats {
			if s.Divergent {
				n++
			}
		}
	}
	return n
}

// Coordinate collects one selected coordinate, [chain][draw].
func (r *Run) Coordinate(i int) [][]float64 {
	values := make([][]float64, len(r.Positions))
	for c, draws := range r.Positions {
		values[c] = make([]float64, len(draws))
		for d, q := range draws {
			values[c][d] = q[i]
		}
	}
	return values
}

// Energies collects the energies, [chain][draw].
func (r *Run) Energies() [][]float64 {
	values := make([][]float64, len(r.Stats))
	for c, stats := range r.Stats {
		for _, s := range stats {
			values[c] = append(values[c], s.Energy)
		}
	}
	return values
}
