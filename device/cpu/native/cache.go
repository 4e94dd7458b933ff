package native

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"math"
	"sync"

	"github.com/hxgpu/hxgpu/shaders"
)

// mostCached is how many bytes of machine code are kept for kernels that are compiled
// again; with one more all are forgotten.
const mostCached = 16 << 20

// cache keeps code by what it was made of.
type cache[C any] struct {
	mutex sync.Mutex
	codes map[fingerprint]*C
	bytes int
}

var (
	laneCodes  cache[Code]
	arrayCodes cache[ArrayCode]
)

// get is the code of a kernel, compiled if it is not there. Two goroutines may compile
// the same kernel at once.
func (c *cache[C]) get(k *shaders.Kernel, bits int, wide bool, compile func() (code *C, size int, err error)) (*C, error) {
	key := fingerprintOf(k, bits, wide)
	c.mutex.Lock()
	known := c.codes[key]
	c.mutex.Unlock()
	if known != nil {
		return known, nil
	}
	code, size, err := compile()
	if err != nil {
		return nil, err
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.bytes += size; c.bytes > mostCached || c.codes == nil {
		c.codes, c.bytes = map[fingerprint]*C{}, size
	}
	c.codes[key] = code
	return code, nil
}

// fingerprint is a digest of all that code depends on.
type fingerprint [sha256.Size]byte

func fingerprintOf(k *shaders.Kernel, bits int, wide bool) fingerprint {
	var b []byte
	number := func(x int) { b = binary.AppendVarint(b, int64(x)) }
	text := func(s string) { number(len(s)); b = append(b, s...) }
	text(k.Name)
	number(bits)
	if wide {
		number(1)
	} else {
		number(0)
	}
	number(k.Chains)
	number(k.Lanes)
	number(len(k.Buffers))
	for _, x := range k.Buffers {
		text(x.Name)
		b = append(b, byte(x.Type), byte(x.Access))
	}
	number(len(k.Shared))
	for _, x := range k.Shared {
		text(x.Name)
		number(x.Size)
	}
	number(len(k.Instructions))
	for i := range k.Instructions {
		x := &k.Instructions[i]
		b = append(b, byte(x.Op), byte(x.Type), byte(x.Reduction))
		number(int(x.A))
		number(int(x.B))
		number(int(x.C))
		number(x.Buffer)
		number(x.Int)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x.Float))
	}
	if k.Arrays == nil {
		return sha256.Sum256(b)
	}
	h := sha256.New()
	h.Write(b)
	if err := gob.NewEncoder(h).Encode(k.Arrays); err != nil {
		panic(err) // numbers and slices of them have an encoding
	}
	return fingerprint(h.Sum(nil))
}
