package pictures

import (
	"math"
	"strconv"
	"strings"
)

func decimals(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }

// shortNumber writes a number with three digits at most.
func shortNumber(x float64) string {
	s := strconv.FormatFloat(x, 'g', 3, 64)
	if mantissa, exponent, ok := strings.Cut(s, "e"); ok {
		if n, err := strconv.Atoi(exponent); err == nil {
			return mantissa + "e" + strconv.Itoa(n) // 1e-5, not 1e-05
		}
	}
	return s
}

// intervalText writes a state with the digits that its interval is worth.
func intervalText(s State) string {
	write := shortNumber
	if width := s.High - s.Low; width > 0 && math.Abs(s.Mean) < 1e5 && width > 1e-4 {
		digits := max(0, int(math.Ceil(1.7-math.Log10(width))))
		write = func(x float64) string { return strings.Replace(decimals(x, digits), "-", "\u2212", 1) }
	}
	return write(s.Mean) + " (" + write(s.Low) + ", " + write(s.High) + ")"
}

// shorten cuts long names.
func shorten(name string, most int) string {
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "\u2026"
	}
	return name
}
