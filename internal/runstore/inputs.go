package runstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// InputsFolder holds, within a run's folder, copies of the files that the run was
// given, so that it can go on although those change.
const InputsFolder = "inputs"

// InputFile is the copy of a file that a run was given.
type InputFile struct {
	Flag   string `json:"flag"`  // that named it, without dashes
	Given  string `json:"given"` // the path as it was given
	Copy   string `json:"copy"`  // within the run's folder, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Alone says that the copy holds one tree alone, of a file with several.
	Alone bool `json:"alone,omitempty"`
}

// NewInputFile describes a file by what it holds.
func NewInputFile(flag, given string, text []byte) InputFile {
	sum := sha256.Sum256(text)
	name := safeName(given)
	if !strings.HasPrefix(name, flag+"-") { // as a copy is called already that another run is given
		name = flag + "-" + name
	}
	return InputFile{Flag: flag, Given: given, Copy: InputsFolder + "/" + name, Bytes: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
}

// safeName keeps of a path's last element what every file system takes, and its
// ending, by which formats are told.
func safeName(path string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		}
		return '_'
	}, filepath.Base(path))
	const most = 80
	if n := utf8.RuneCountInString(name); n > most { // of single bytes by now
		name = name[n-most:]
	}
	return strings.TrimRight(name, ".") // Windows drops dots at the end
}

// WriteInput copies an input, byte by byte. It does not take the place of another
// file.
func (f *Folder) WriteInput(in InputFile, text []byte) error {
	folder, path := f.Path(InputsFolder), f.Path(filepath.FromSlash(in.Copy))
	switch there, err := os.ReadFile(path); {
	case err == nil && bytes.Equal(there, text):
		return nil
	case err == nil:
		return fmt.Errorf("%s is there already, and is not the copy of --%s %s that is to be made: name another folder", path, in.Flag, in.Given)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return &WriteError{folder, cause(err)}
	}
	return f.WriteDurably(filepath.FromSlash(in.Copy), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// CheckInput checks that the copy of an input is what was copied, and returns its
// path.
func (f *Folder) CheckInput(in InputFile) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(in.Copy)) {
		return "", &DamagedError{f.Path(RunFile), fmt.Sprintf("the copy of --%s is said to be %q, which is not in the folder", in.Flag, in.Copy)}
	}
	path := f.Path(filepath.FromSlash(in.Copy))
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the copy of --%s %s is missing: %w", in.Flag, in.Given, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("%s: cannot be read: %w", path, cause(err))
	}
	if hex.EncodeToString(sum.Sum(nil)) != in.SHA256 {
		return "", &DamagedError{path, fmt.Sprintf("it is not the copy of --%s that the run made: put the file with SHA-256 %s there, which was %s", in.Flag, in.SHA256, in.Given)}
	}
	return path, nil
}
