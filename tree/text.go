package tree

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
)

// decode returns the text without a byte-order mark, or an error when it is
// not in UTF-8 or a superset of ASCII of one byte a character.
func decode(name string, text []byte) (string, error) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return "", &SyntaxError{File: name, Line: 1, Column: 1, Message: "the file is in UTF-16: save it as UTF-8"}
	}
	return string(bytes.TrimPrefix(text, []byte("\ufeff"))), nil
}

// readFile reads a file, compressed with gzip or not.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadText(path, file)
}

// ReadText reads everything, and unpacks it where it is compressed with gzip; the name
// stands for the file in errors.
func ReadText(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !bytes.HasPrefix(text, []byte("\x1f\x8b")) {
		return text, nil
	}
	unzip, err := gzip.NewReader(bytes.NewReader(text))
	if err == nil {
		text, err = io.ReadAll(unzip)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot unpack the gzip file, make or fetch it anew: %w", name, err)
	}
	return text, nil
}
