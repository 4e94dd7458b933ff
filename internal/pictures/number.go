package pictures

import (
	"strconv"
	"strings"
)

func fixed(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }

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

// shorten cuts long names.
func shorten(name string, most int) string {
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most-1]) + "\u2026"
	}
	return name
}
