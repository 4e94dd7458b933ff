package main

import (
	"bytes"
	"os"

	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/tree"
)

// inputFiles reads the files that flags name, each once, and keeps what they held:
// what is copied into a run's folder is what was read, from pipes too.
type inputFiles struct {
	copies map[string]string    // by flag: the copy to read instead
	given  map[string]inputFile // by flag: what has been read already, to take instead
	alone  bool                 // what is read for --tree holds the one tree alone
	read   []inputFile
}

type inputFile struct {
	runstore.InputFile
	text []byte
}

// text reads the file that a flag names, and unpacks it.
func (f *inputFiles) text(flag, path string) ([]byte, error) {
	if given, ok := f.given[flag]; ok {
		f.read = append(f.read, given)
		return tree.ReadText(path, bytes.NewReader(given.text))
	}
	from := path
	if copy, ok := f.copies[flag]; ok {
		from = copy
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	f.read = append(f.read, inputFile{runstore.NewInputFile(flag, path, text), text})
	return tree.ReadText(path, bytes.NewReader(text))
}

// records are the files as run.json has them.
func (f *inputFiles) records() []runstore.InputFile {
	var records []runstore.InputFile
	for _, file := range f.read {
		records = append(records, file.InputFile)
	}
	return records
}

// copyTo puts the files into a run's folder.
func (f *inputFiles) copyTo(folder *runstore.Folder) error {
	for i := range f.read {
		if err := folder.WriteInput(f.read[i].InputFile, f.read[i].text); err != nil {
			return err
		}
		f.read[i].text = nil
	}
	return nil
}
