package choice_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/choice"
	"github.com/hxgpu/hxgpu/device/vulkan"
)

func ExampleOpen() {
	dev, err := choice.Open(choice.Options{Name: "cpu", Precision: "f32"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dev.Close()
	fmt.Println(dev.Info().Name, dev.Info().Precision == device.Float32)
	// Output: cpu true
}

func TestNames(t *testing.T) {
	for _, name := range []string{"cpu", "vulkan", "vulkan:0", "vulkan:radeon"} {
		require.NoError(t, choice.Options{Name: name}.Check())
	}
	for name, text := range map[string]string{"": `no device ""`, "gpu": `no device "gpu"; use cpu, vulkan`, "cpu:0": "the CPU is one device", "vulkan:": "missing after the colon"} {
		_, err := choice.Open(choice.Options{Name: name})
		require.ErrorContains(t, err, text)
	}
	_, err := choice.Open(choice.Options{Name: "cpu", Precision: "f16"})
	require.ErrorContains(t, err, `no precision "f16"`)
	_, err = choice.Open(choice.Options{Name: "vulkan:no such adapter"})
	require.ErrorContains(t, err, "vulkan: ") // a missing loader, or a missing adapter
}

// Auto never takes a software rasteriser, and says of every adapter what became
// of it.
func TestAuto(t *testing.T) {
	hardware := 0
	adapters, listed := vulkan.List()
	for _, a := range adapters {
		if !a.Software {
			hardware++
		}
	}
	measured := 0
	dev, trials, err := choice.Auto(context.Background(), "", choice.Look(), func(_ context.Context, d device.Device) (time.Duration, error) {
		measured++
		if d.Info().Name == "cpu" {
			return time.Second, nil
		}
		return time.Millisecond, nil
	})
	require.NoError(t, err)
	defer dev.Close()
	if hardware == 0 {
		require.Zero(t, measured, "there is nothing to compare the CPU with")
		require.Equal(t, "cpu", dev.Info().Name)
	} else {
		require.Equal(t, "vulkan", dev.Info().Name)
	}
	require.Contains(t, trials[0].Device, "cpu: ")
	if listed != nil {
		require.Len(t, trials, 2)
		require.Equal(t, listed.Error(), trials[1].Err.Error())
		return
	}
	require.Len(t, trials, 1+len(adapters))
	for i, a := range adapters {
		if a.Software {
			require.ErrorContains(t, trials[i+1].Err, "runs on the processor")
		}
	}
	if hardware > 0 {
		_, _, err = choice.Auto(context.Background(), "", choice.Look(), func(context.Context, device.Device) (time.Duration, error) { return 0, errors.New("no gradient") })
		require.ErrorContains(t, err, "no gradient")
	}
}
