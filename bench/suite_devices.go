package bench

import (
	"context"
	"errors"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
)

// devicesSuite measures the same few cases on every engine of the processor and every
// other device, cut into dispatches by each schedule.
func (s *session) devicesSuite(ctx context.Context) error {
	cases := []Case{{Leaves: 16, Chains: 1}, {Leaves: 16, Chains: 16}, {Leaves: 16, Chains: 64}, {Leaves: 16, Chains: 1024}, {Leaves: 1024, Chains: 1}, {Leaves: 1024, Chains: 64}}
	if s.Quick {
		cases = []Case{{Leaves: 16, Chains: 4}, {Leaves: 16, Chains: 64}, {Leaves: 16, Chains: 1024}, {Leaves: 1024, Chains: 4}}
	}
	precision := device.Float64
	if s.Precision == "f32" {
		precision = device.Float32
	}
	for _, dev := range s.devices {
		if dev.Info().Name != "cpu" {
			if err := s.schedules(ctx, dev, cases); err != nil {
				return err
			}
			continue
		}
		for _, engine := range Engines() {
			o := engine.Options
			o.Precision = precision
			opened, err := cpu.Open(o)
			if err != nil {
				return err
			}
			if err := errors.Join(s.schedules(ctx, opened, cases), opened.Close()); err != nil {
				return err
			}
		}
	}
	return nil
}

// schedules measures cases on one device by each schedule.
func (s *session) schedules(ctx context.Context, dev device.Device, cases []Case) error {
	for _, schedule := range []plan.Schedule{plan.Slab, plan.Tree} {
		for _, c := range cases {
			c.Tree, c.Traits = Balanced, 1
			if err := s.gradient(ctx, dev, c, Options{Schedule: schedule}); err != nil {
				return err
			}
		}
	}
	return nil
}
