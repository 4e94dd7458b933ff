package bench

import "context"

// scalingSuite measures a gradient of one chain on trees of many sizes and kinds.
func (s *session) scalingSuite(ctx context.Context) error {
	var cases []Case
	add := func(kind string, traits int, sizes []int) {
		for _, leaves := range sizes {
			cases = append(cases, Case{Tree: kind, Leaves: leaves, Traits: traits, Chains: 1})
		}
	}
	if s.Quick {
		add(Balanced, 1, []int{1 << 4, 1 << 7, 1 << 10, 1 << 13, 1 << 16, 1 << 18})
		add(Random, 1, powers(4, 16, 6))
		add(Caterpillar, 1, powers(4, 14, 5))
		add(Balanced, 4, powers(4, 10, 6))
	} else {
		add(Balanced, 1, powers(4, 20, 2))
		add(Random, 1, powers(4, 20, 2))
		// Four dispatches a level: 2^20 levels would be a recording of 10 GB.
		add(Caterpillar, 1, powers(4, 18, 2))
		for _, traits := range []int{2, 4, 8} {
			add(Balanced, traits, powers(4, 16, 3))
		}
	}
	for _, dev := range s.fast() {
		for _, c := range cases {
			if err := s.gradient(ctx, dev, c, Options{}); err != nil {
				return err
			}
		}
	}
	return nil
}
