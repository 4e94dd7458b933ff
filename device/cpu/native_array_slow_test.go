//go:build slow

package cpu

import "testing"

// TestNativeManyRandomArrays is [TestNativeRandomArrays] with 10,000 programs more, in
// both precisions and for both kinds of processor.
func TestNativeManyRandomArrays(t *testing.T) { compareRandomArrays(t, 500, 10500) }
