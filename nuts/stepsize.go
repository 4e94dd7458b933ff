package nuts

import "math"

// dualAveraging adapts the logarithm of the step size until the acceptance
// statistic has the target as its mean (Hoffman & Gelman 2014, section 3.2, with
// their constants gamma, t0 and kappa).
type dualAveraging struct {
	target         float64
	mu             float64 // what the log step size shrinks to
	count          float64
	errorMean      float64
	logStepMean    float64
	currentLogStep float64
}

func (d *dualAveraging) restart(stepSize float64) {
	d.mu = math.Log(10 * stepSize)
	d.count, d.errorMean, d.logStepMean = 0, 0, 0
	d.currentLogStep = math.Log(stepSize)
}

func (d *dualAveraging) update(accept float64) {
	const gamma, t0, kappa = 0.05, 10, 0.75
	d.count++
	weight := 1 / (d.count + t0)
	d.errorMean = (1-weight)*d.errorMean + weight*(d.target-accept)
	d.currentLogStep = d.mu - d.errorMean*math.Sqrt(d.count)/gamma
	decay := math.Exp(-kappa * math.Log(d.count))
	d.logStepMean = decay*d.currentLogStep + (1-decay)*d.logStepMean
}

// stepSize is the step size to try next.
func (d *dualAveraging) stepSize() float64 { return math.Exp(d.currentLogStep) }

// final is the step size after adaptation, the smoothed one.
func (d *dualAveraging) final() float64 {
	if d.count == 0 {
		return d.stepSize()
	}
	return math.Exp(d.logStepMean)
}
