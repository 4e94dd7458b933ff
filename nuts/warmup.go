package nuts

// schedule says when the mass matrix is estimated during warm-up: an initial
// phase for the step size alone, windows of doubling length whose draws give the
// variances, and a final phase for the step size alone (Stan reference manual,
// "Automatic parameter tuning").
type schedule struct {
	warmup, start, end int
	closes             map[int]bool // transitions after which a window ends
}

func newSchedule(warmup int) schedule {
	s := schedule{warmup: warmup, closes: map[int]bool{}}
	if warmup < 20 {
		s.start, s.end = warmup, warmup // too short for a mass matrix
		return s
	}
	initial, final, window := 75, 50, 25
	if initial+final+window > warmup {
		initial, final = warmup*15/100, warmup/10
		window = warmup - initial - final
	}
	s.start, s.end = initial, warmup-final
	for at := initial; at < s.end; {
		close := at + window
		// The last window takes what would be too short for one of its own.
		if close+2*window > s.end {
			close = s.end
		}
		s.closes[close-1] = true
		at = close
		window *= 2
	}
	return s
}

// inWindow reports whether the draw of a transition counts for the variances.
func (s schedule) inWindow(transition int) bool {
	return transition >= s.start && transition < s.end
}
