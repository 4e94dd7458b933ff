package nuts

import "math"

// The two functions below follow fdlibm (Sun Microsystems, 1993) and are exact
// to about one unit in the last place. Library functions are assembly on some
// machines, and a compiler may fuse x*y + z where the machine can; a float64
// conversion forbids that.

func times(a, b float64) float64 { return float64(a * b) }

// logarithm is the natural logarithm of a positive, normal x.
func logarithm(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		l1    = 6.666666666666735130e-01
		l2    = 3.999999999940941908e-01
		l3    = 2.857142874366239149e-01
		l4    = 2.222219843214978396e-01
		l5    = 1.818357216161805012e-01
		l6    = 1.531383769920937332e-01
		l7    = 1.479819860511658591e-01
	)
	// x = 2^k (1+f), sqrt(2)/2 <= 1+f < sqrt(2). No branch: it would be taken half of
	// the time.
	const sqrt2Bits = 0x6a09e667f3bcd // those after the point
	bits := math.Float64bits(x)
	low := bits & (1<<52 - 1)
	up := 1 - (low-sqrt2Bits)>>63 // 1 where the part after the point is at least that
	k := float64(int(bits>>52&0x7ff) - 1023 + int(up))
	f := math.Float64frombits(low|(1023-up)<<52) - 1
	s := f / (2 + f)
	z := times(s, s)
	w := times(z, z)
	odd := times(z, l1+times(w, l3+times(w, l5+times(w, l7))))
	even := times(w, l2+times(w, l4+times(w, l6)))
	half := times(0.5*f, f)
	return times(k, ln2Hi) - ((half - (times(s, half+(odd+even)) + times(k, ln2Lo))) - f)
}

// turn gives cos(2 pi u) and sin(2 pi u) for 0 <= u <= 1.
func turn(u float64) (cos, sin float64) {
	const (
		s1 = -1.66666666666666324348e-01
		s2 = 8.33333333332248946124e-03
		s3 = -1.98412698298579493134e-04
		s4 = 2.75573137070700676789e-06
		s5 = -2.50507602534068634195e-08
		s6 = 1.58969099521155010221e-10
		c1 = 4.16666666666666019037e-02
		c2 = -1.38888888888741095749e-03
		c3 = 2.48015872894767294178e-05
		c4 = -2.75573143513906633035e-07
		c5 = 2.08757232129817482790e-09
		c6 = -1.13596475577881948265e-11
	)
	quarter := int(times(4, u) + 0.5)
	x := times(times(4, u)-float64(quarter), math.Pi/2)
	z := times(x, x)
	r := s2 + times(z, s3+times(z, s4+times(z, s5+times(z, s6))))
	s := x + times(times(z, x), s1+times(z, r))
	r = times(z, c1+times(z, c2+times(z, c3+times(z, c4+times(z, c5+times(z, c6))))))
	half := times(0.5, z)
	w := 1 - half
	c := w + ((1 - w) - half + times(z, r))
	// An odd quarter exchanges the two; the second and third have a negative cosine,
	// the third and fourth a negative sine. Without branches, none of which could be
	// foretold.
	cosine, sine := math.Float64bits(c), math.Float64bits(s)
	exchange := (cosine ^ sine) & -uint64(quarter&1)
	cosine ^= exchange ^ uint64((quarter+1)&2)<<62
	sine ^= exchange ^ uint64(quarter&2)<<62
	return math.Float64frombits(cosine), math.Float64frombits(sine)
}
