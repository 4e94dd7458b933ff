package nuts

import "math"

// dualAveraging adapts the logarithm of the step size until the acceptance
// statistic has the target as its mean (Hoffman & Gelman 2014, section 3.2, with
// their constants gamma, t0 and kappa).
type dualAveraging struct {
	Mu             float64 // what the log step size shrinks to
	Count          float64
	ErrorMean      float64
	LogStepMean    float64
	CurrentLogStep float64
}

func (d *dualAveraging) restart(stepSize float64) {
	*d = dualAveraging{Mu: math.Log(10 * stepSize), CurrentLogStep: math.Log(stepSize)}
}

func (d *dualAveraging) update(accept, target float64) {
	const gamma, t0, kappa = 0.05, 10, 0.75
	d.Count++
	weight := 1 / (d.Count + t0)
	d.ErrorMean = (1-weight)*d.ErrorMean + weight*(target-accept)
	d.CurrentLogStep = d.Mu - d.ErrorMean*math.Sqrt(d.Count)/gamma
	decay := math.Exp(-kappa * math.Log(d.Count))
	d.LogStepMean = decay*d.CurrentLogStep + (1-decay)*d.LogStepMean
}

// stepSize is the step size to try next.
func (d *dualAveraging) stepSize() float64 { return math.Exp(d.CurrentLogStep) }

// final is the step size after adaptation, the smoothed one.
func (d *dualAveraging) final() float64 {
	if d.Count == 0 {
		return d.stepSize()
	}
	return math.Exp(d.LogStepMean)
}
