package nuts

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

func pool(draws [][]float64) []float64 {
	return slices.Concat(draws...)
}

// sortedQuantile interpolates linearly between order statistics (type 7).
func sortedQuantile(sorted []float64, probability float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	if len(sorted) == 1 {
		return sorted[0]
	}
	// The order of operations is SciPy's mquantiles, which ArviZ uses: the tail
	// diagnostics count draws up to a quantile, so its last bit matters.
	n := float64(len(sorted))
	at := n*probability + (1 - probability) // counted from 1
	low := math.Floor(min(max(at, 1), n-1))
	share := min(max(at-low, 0), 1)
	return (1-share)*sorted[int(low)-1] + share*sorted[int(low)]
}

// ranking is numbers in ascending order, and where each of them stood.
type ranking struct {
	values []float64
	places []uint32
}

// rank sorts the numbers of some slices, none of them NaN, as if they were one: by
// their bits, a byte at a time from the last, which takes eight passes however many
// they are.
func rank(draws [][]float64) ranking {
	n := 0
	for _, x := range draws {
		n += len(x)
	}
	keys, places := make([]uint64, 0, n), make([]uint32, n)
	var counts [8][256]int
	for _, x := range draws {
		for _, v := range x {
			key := math.Float64bits(v)
			key ^= uint64(int64(key)>>63) | 1<<63 // ordered as the numbers are
			keys = append(keys, key)
			for b := range counts {
				counts[b][byte(key>>(8*b))]++
			}
		}
	}
	for i := range places {
		places[i] = uint32(i)
	}
	nextKeys, nextPlaces := make([]uint64, n), make([]uint32, n)
	for b := range counts {
		at := 0
		for digit, count := range counts[b] {
			counts[b][digit], at = at, at+count
		}
		for i, key := range keys {
			to := &counts[b][byte(key>>(8*b))]
			nextKeys[*to], nextPlaces[*to] = key, places[i]
			*to++
		}
		keys, nextKeys, places, nextPlaces = nextKeys, keys, nextPlaces, places
	}
	values := make([]float64, n)
	for i, key := range keys {
		values[i] = math.Float64frombits(key ^ (^uint64(int64(key)>>63) | 1<<63))
	}
	return ranking{values, places}
}

// inHalves is the ranking of the halves of chains of n draws, of that of all draws.
func (r ranking) inHalves(n int) ranking {
	if n%2 == 0 {
		return r
	}
	var halves ranking
	middle := uint32(n / 2)
	for i, place := range r.places {
		chain, draw := place/uint32(n), place%uint32(n)
		switch {
		case draw == middle:
			continue
		case draw > middle:
			place--
		}
		halves.values, halves.places = append(halves.values, r.values[i]), append(halves.places, place-chain)
	}
	return halves
}

// folded is the ranking of the distances from a number.
func (r ranking) folded(centre float64) ranking {
	f := ranking{make([]float64, 0, len(r.values)), make([]uint32, 0, len(r.values))}
	right := sort.SearchFloat64s(r.values, centre)
	for left := right - 1; left >= 0 || right < len(r.values); {
		if right == len(r.values) || left >= 0 && math.Abs(r.values[left]-centre) <= math.Abs(r.values[right]-centre) {
			f.values, f.places = append(f.values, math.Abs(r.values[left]-centre)), append(f.places, r.places[left])
			left--
			continue
		}
		f.values, f.places = append(f.values, math.Abs(r.values[right]-centre)), append(f.places, r.places[right])
		right++
	}
	return f
}

// normalScore is the normal quantile of a rank, counted from 1, of so many (Vehtari et
// al. 2021, equation 14).
func normalScore(rank float64, size int) float64 {
	return distuv.UnitNormal.Quantile((rank - 0.375) / (float64(size) + 0.25))
}

// normalScores are the normal quantiles of the ranks where no two numbers are equal.
func normalScores(size int) []float64 {
	scores := make([]float64, size)
	for i := range scores {
		scores[i] = normalScore(float64(i+1), size)
	}
	return scores
}

// normalized are the normal quantiles of the ranks, in place of the numbers and cut
// into chains of n; ties share their mean rank.
func (r ranking) normalized(scores []float64, n int) [][]float64 {
	z := make([]float64, len(r.values))
	for start := 0; start < len(z); {
		end := start + 1
		for end < len(z) && r.values[end] == r.values[start] {
			end++
		}
		score := scores[start]
		if end > start+1 {
			score = normalScore(float64(start+end+1)/2, len(z))
		}
		for _, i := range r.places[start:end] {
			z[i] = score
		}
		start = end
	}
	var chains [][]float64
	for ; len(z) > 0; z = z[n:] {
		chains = append(chains, z[:n])
	}
	return chains
}
