package nuts

import (
	"context"
	"errors"

	"github.com/hxgpu/hxgpu/device"
)

// relayGroup is a number of chains whose warm-up the host makes, because they adapt
// together or to more than the sampler on the device knows, and whose draws the
// device makes.
type relayGroup struct {
	*hostGroup              // until its chains have finished their warm-up
	after      *deviceGroup // nil before that
	dev        device.Device
	target     Recordable
}

func (s *sampling) newRelayGroup(ctx context.Context, dev device.Device, e Recordable, dim, first, end int) (group, error) {
	g := &relayGroup{dev: dev, target: e}
	if r := s.options.Resume; r != nil && !r.onHost(first, end) {
		var err error
		if g.after, err = s.newDeviceGroup(ctx, dev, e, dim, first, end); err != nil {
			return nil, err
		}
		return g, nil
	}
	g.hostGroup = s.newHostGroup([]opened{{gradient: e}}, dim, first, end, s.options.Warmup)
	return g, nil
}

func (g *relayGroup) run(ctx context.Context) error {
	if g.after == nil {
		if err := g.hostGroup.run(ctx); err != nil {
			return err
		}
		if g.sampling.options.Draws == 0 {
			return nil
		}
		if err := g.handOver(ctx); err != nil {
			return err
		}
	}
	return g.after.run(ctx)
}

// handOver puts the chains on the device.
func (g *relayGroup) handOver(ctx context.Context) error {
	s := g.sampling
	after, err := s.newDeviceGroup(ctx, g.dev, g.target, s.dim, g.first, g.first+len(g.chains))
	if err != nil {
		return err
	}
	after.number = g.number
	if err := after.take(g.chains); err != nil {
		return errors.Join(err, after.close())
	}
	s.saving.mutex.Lock() // a checkpoint may be under way
	defer s.saving.mutex.Unlock()
	g.after = after
	return nil
}

func (g *relayGroup) now() group {
	if g.after != nil {
		return g.after
	}
	return g.hostGroup
}

func (g *relayGroup) firstChain() int           { return g.now().firstChain() }
func (g *relayGroup) progress() []ChainProgress { return g.now().progress() }

func (g *relayGroup) save(r *record, transitions []int) error { return g.now().save(r, transitions) }

func (g *relayGroup) collect(run *Run) { g.now().collect(run) }

func (g *relayGroup) close() error { return g.now().close() }
