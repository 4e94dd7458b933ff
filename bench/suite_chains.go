package bench

import "context"

// chainsSuite measures gradients, and draws on the small tree, for ever more chains.
func (s *session) chainsSuite(ctx context.Context) error {
	sizes, most, step := []int{16, 128}, 16, 2
	if s.Quick {
		sizes, step = []int{16}, 3
	}
	for _, dev := range s.devices {
		for _, leaves := range sizes {
			if s.software(dev) && leaves > 16 {
				continue
			}
			for _, chains := range s.chainCounts(step) {
				o := Options{}
				if chains <= 1024 && !s.Quick {
					o.DrawsUpTo = most
				}
				if err := s.gradient(ctx, dev, Case{Tree: Balanced, Leaves: leaves, Traits: 1, Chains: chains}, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// chainCounts are 1 to 4,096, 64 among them.
func (s *session) chainCounts(step int) []int { return powers(0, 12, step) }
