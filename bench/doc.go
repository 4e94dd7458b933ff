// Package bench measures gradients and draws per second on a device, for the
// command hxgpu bench, and holds the measurements that the README quotes and the
// slow tests that hold the project to its promises. Run the tests with
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
