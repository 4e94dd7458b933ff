package bench

import (
	"context"
	"fmt"
)

// shapesSuite measures gradients of landmark models for more landmarks and more steps.
func (s *session) shapesSuite(ctx context.Context) error {
	cases := []LandmarkCase{{4, 100, 1}, {8, 100, 1}, {16, 100, 1}, {32, 100, 1}, {64, 100, 1},
		{4, 25, 1}, {8, 25, 1}, {16, 25, 1}, {32, 25, 1}, {64, 25, 1},
		{4, 400, 1}, {8, 400, 1}, {16, 400, 1}, {32, 400, 1}, {64, 400, 1}}
	if s.Quick {
		cases = []LandmarkCase{{4, 25, 1}, {16, 25, 1}, {64, 25, 1}, {4, 100, 1}, {16, 100, 1}, {4, 400, 1}, {16, 400, 1}}
	}
	for _, dev := range s.fast() {
		for _, c := range cases {
			what := fmt.Sprintf("%d landmarks, %d steps an edge, %d chains", c.Landmarks, c.Steps, c.Chains)
			err := s.result(ctx, dev, what, func() (Result, error) { return MeasureLandmarks(ctx, dev, c, Options{AtLeast: s.AtLeast}) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}
