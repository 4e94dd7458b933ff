package bffg

import (
	"math"
	"strconv"

	"github.com/hxgpu/hxgpu/bffg/prior"
)

// Default priors take their scale from the data, so that units do not matter: a
// log-normal of a rate or a variance has its median at the value that would make all
// of the tips' variance.

// labels name the elements of a parameter by trait; one trait needs no label.
func labels(traits []string) []string {
	if len(traits) == 1 {
		return []string{""}
	}
	return traits
}

// typicalVariance is the mean variance of the traits over the tips, or 1.
func typicalVariance(data Data) float64 {
	sum := 0.0
	for k := range data.Values {
		_, variance, _ := data.Moments(k)
		sum += variance
	}
	if sum <= 0 {
		return 1
	}
	return sum / float64(len(data.Values))
}

// typicalRate is the variance per unit of edge length that makes the typical variance
// over the height of the tree.
func typicalRate(data Data) float64 {
	height := data.Height()
	if height <= 0 {
		return 1
	}
	return typicalVariance(data) / height
}

// heightOrOne is the height of the tree, or 1 where all edges have length 0.
func heightOrOne(data Data) float64 {
	if height := data.Height(); height > 0 {
		return height
	}
	return 1
}

// roundedLogNormal is a log-normal prior with its median near scale.
func roundedLogNormal(scale, sd float64) prior.Distribution {
	return prior.LogNormal(math.Round(10*math.Log(scale))/10, sd)
}

func tipNoise(traits []string, data Data) Parameter {
	return Parameter{Name: TipNoise, Labels: labels(traits), Prior: roundedLogNormal(typicalVariance(data)/10, 2),
		About:   "variance of the tips around their lineage: measurement error and variation within a taxon",
		Default: "its median is a tenth of the traits' variance over the tips"}
}

const locationDefault = "around the mean of the tips, five of their standard deviations wide"

// locationPrior is a prior of the traits' states: normal around the mean of the data,
// five standard deviations wide. Traits share it, so that it spans their means too.
func locationPrior(data Data) prior.Distribution {
	center, width := 0.0, 0.0
	for k := range data.Values {
		mean, variance, _ := data.Moments(k)
		center += mean / float64(len(data.Values))
		width = max(width, math.Sqrt(variance))
	}
	for k := range data.Values {
		mean, _, _ := data.Moments(k)
		width = max(width, math.Abs(mean-center))
	}
	if width <= 0 {
		width = 1
	}
	return prior.Normal(roundTo(center), roundTo(5*width))
}

// EstimateRoot makes the root's state a parameter, with a prior that is normal around
// the mean of the data and five standard deviations wide.
func (m *Model) EstimateRoot(data Data) {
	m.Root = RootEstimated
	m.Parameters = append(m.Parameters, Parameter{Name: RootValue, Labels: labels(m.Traits), Prior: locationPrior(data), About: "the state of the root", Default: locationDefault})
}

// wideRoot gives the root a normal prior around the mean of each trait, five standard
// deviations wide, as a model needs that may forget its root.
func (m *Model) wideRoot(data Data) {
	m.Root, m.RootMean, m.RootSD = RootNormal, make([]float64, len(m.Traits)), make([]float64, len(m.Traits))
	for k := range data.Values {
		mean, variance, _ := data.Moments(k)
		m.RootMean[k], m.RootSD[k] = roundTo(mean), roundTo(5*math.Sqrt(variance))
		if m.RootSD[k] <= 0 {
			m.RootSD[k] = 1
		}
	}
}

// roundTo keeps two significant digits, so that default priors read well.
func roundTo(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 2, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}
