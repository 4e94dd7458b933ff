// Package bench measures how fast devices are, for the command hxgpu bench: one case
// ([Measure], [MeasureLandmarks]), what a device could do at best ([MeasureLimits]), and
// suites of cases ([RunSuites]) whose [Report] makes tables, pictures, exponents of
// growth, estimates for GPUs that are not there, and documents.
//
// It also holds the slow tests that hold the project to its promises. Run them with
//
//	go test -tags slow -v ./bench
//
// and the timings of the parts with
//
//	go test -run xxx -bench . ./bench ./bffg ./nuts ./device/cpu
//
// Command bench/compare runs this package's timings of two commits by turns and says
// which became slower or faster; bench/peers measures other programs.
package bench
