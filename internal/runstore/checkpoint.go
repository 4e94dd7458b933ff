package runstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// CheckpointFile is where the state of all chains is kept, from which a run goes
// on.
const CheckpointFile = "checkpoint.bin"

// A checkpoint is a file of magic, version (uint32), length of the state (uint64),
// the state, and a checksum (CRC-32C) of all before it, little-endian.
const (
	checkpointMagic   = "hxgpuCKP"
	checkpointVersion = 1
	checkpointPrefix  = len(checkpointMagic) + 12
)

// WriteCheckpoint puts a state in the place of the one before it. Whatever happens,
// the folder has the old state or the new one.
func (f *Folder) WriteCheckpoint(state []byte) error {
	return f.WriteDurably(CheckpointFile, func(w io.Writer) error {
		_, err := w.Write(encodeCheckpoint(state))
		return err
	})
}

// ReadCheckpoint reads the last state. The error is fs.ErrNotExist if there is
// none, and a *[DamagedError] if it is not what was written.
func (f *Folder) ReadCheckpoint() ([]byte, error) {
	text, err := os.ReadFile(f.Path(CheckpointFile))
	if err != nil {
		return nil, err
	}
	state, err := decodeCheckpoint(text)
	if err != nil {
		return nil, &DamagedError{f.Path(CheckpointFile), err.Error()}
	}
	return state, nil
}

func encodeCheckpoint(state []byte) []byte {
	text := make([]byte, 0, checkpointPrefix+len(state)+4)
	text = append(text, checkpointMagic...)
	text = binary.LittleEndian.AppendUint32(text, checkpointVersion)
	text = binary.LittleEndian.AppendUint64(text, uint64(len(state)))
	text = append(text, state...)
	return binary.LittleEndian.AppendUint32(text, crc32.Checksum(text, castagnoli))
}

func decodeCheckpoint(text []byte) ([]byte, error) {
	if !bytes.HasPrefix(text, []byte(checkpointMagic)) {
		return nil, fmt.Errorf("it is no checkpoint")
	}
	if len(text) < checkpointPrefix+4 {
		return nil, fmt.Errorf("the checkpoint is cut short")
	}
	if v := binary.LittleEndian.Uint32(text[len(checkpointMagic):]); v != checkpointVersion {
		return nil, fmt.Errorf("the checkpoint has version %d of the format; this hxgpu reads version %d", v, checkpointVersion)
	}
	n, have := binary.LittleEndian.Uint64(text[len(checkpointMagic)+4:]), uint64(len(text)-checkpointPrefix-4)
	end := len(text) - 4
	switch {
	case n > have:
		return nil, fmt.Errorf("the checkpoint is cut short")
	case n < have:
		return nil, fmt.Errorf("the checkpoint is longer than it says")
	case crc32.Checksum(text[:end], castagnoli) != binary.LittleEndian.Uint32(text[end:]):
		return nil, fmt.Errorf("the checkpoint is damaged")
	}
	return text[checkpointPrefix:end], nil
}
