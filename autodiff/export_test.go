package autodiff

// GradientEvery is Gradient with a choice of the length of segments, for tests that
// compare choices.
var GradientEvery = gradient
