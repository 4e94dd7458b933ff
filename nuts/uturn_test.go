package nuts

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// turnsRecursively is the check of a balanced subtree as Stan's build_tree makes
// it, by recursion over the momenta of its leaves.
func turnsRecursively(inverseMass []float64, p [][]float64) bool {
	if len(p) == 1 {
		return false
	}
	half, last := len(p)/2, len(p)-1
	if turnsRecursively(inverseMass, p[:half]) || turnsRecursively(inverseMass, p[half:]) {
		return true
	}
	goesOn := func(a, b []float64, stretch [][]float64) bool {
		atA, atB := 0.0, 0.0
		for i, m := range inverseMass {
			rho := 0.0
			for _, x := range stretch {
				rho += x[i]
			}
			atA += m * a[i] * rho
			atB += m * b[i] * rho
		}
		return atA > 0 && atB > 0
	}
	return !(goesOn(p[0], p[last], p) && goesOn(p[0], p[half], p[:half+1]) && goesOn(p[half-1], p[last], p[half-1:]))
}

// TestTurningAgainstRecursion: the checkpoints find the same turns as recursion,
// on trajectories of harmonic oscillators.
func TestTurningAgainstRecursion(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	turned := 0
	const trials = 20000
	for range trials {
		dim, leaves := 1+random.IntN(4), 1<<random.IntN(7)
		tree := newTrajectory(newDynamics(newIntegrator(newMetric(dim, nil), span{})), 10)
		amplitude, frequency, shift := make([]float64, dim), make([]float64, dim), make([]float64, dim)
		fastest := 8 * random.Float64() / float64(leaves)
		for i := range dim {
			tree.inverseMass[i] = math.Exp(random.NormFloat64())
			amplitude[i], frequency[i], shift[i] = random.NormFloat64(), fastest*random.Float64(), 2*math.Pi*random.Float64()
		}
		momenta := make([][]float64, leaves)
		for k := range momenta {
			momenta[k] = make([]float64, dim)
			for i := range dim {
				momenta[k][i] = amplitude[i] * math.Cos(shift[i]+frequency[i]*float64(k))
			}
		}
		found := false
		for k, p := range momenta {
			tree.leaf = k
			for i := range p {
				tree.subSum[i] += p[i]
			}
			if found = tree.turning(&phase{p: p}); found {
				break
			}
			copy(tree.last, p)
		}
		require.Equal(t, turnsRecursively(tree.inverseMass, momenta), found)
		if found {
			turned++
		}
	}
	require.Greater(t, turned, trials/10)
	require.Less(t, turned, trials*9/10)
}
