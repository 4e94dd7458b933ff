// Package bench measures gradients and draws per second on a device, for the
// command hxgpu bench, and holds the measurements that the README quotes and the
// slow tests that hold the project to its promises. Run the tests with
//
//	go test -tags slow -v ./bench
//
// and the timings of the parts with
//
//	go test -run xxx -bench . ./bffg ./nuts ./device/cpu
package bench
