package nuts

import "fmt"

// What can go wrong with a chain; the sampler on the host and the one on the
// device say it in the same words.

func errBadStart(chain int) error {
	return fmt.Errorf("nuts: the log density at the starting position of chain %d or its gradient is not finite; start elsewhere", chain+1)
}

func errNoStart(chain int) error {
	return fmt.Errorf("nuts: chain %d found no starting position with a finite log density and gradient in %d tries, uniform on (-2,2) on the unconstrained scale; check priors and data, or give starting positions", chain+1, initialTries)
}

func errTooLarge(chain int) error {
	return fmt.Errorf("nuts: chain %d accepts steps of any size: the log density is flat or improper in some direction", chain+1)
}

func errTooSmall(chain int) error {
	return fmt.Errorf("nuts: chain %d accepts no step however small: the log density may be discontinuous, or its gradient wrong", chain+1)
}
