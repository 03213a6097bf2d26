package logs

import (
	"bufio"
	"errors"
	"io"
	"os"
	"slices"
)

// openAll opens the files of a log, the oldest first. Opened from the newest on, none slips away while it is being
// rotated; one that is met twice is taken once.
func openAll(path string) ([]*os.File, error) {
	return openSince(path, nil)
}

// openSince opens the files that came after the one that is last, the oldest first; all of them when it is nil.
func openSince(path string, last os.FileInfo) ([]*os.File, error) {
	var files []*os.File
	var before os.FileInfo
	// Between two steps of a rotation one place is empty.
	for n, missing := 0, 0; missing < 2; n++ {
		file, err := os.Open(Rotated(path, n))
		if os.IsNotExist(err) {
			missing++
			continue
		}
		if err != nil {
			closeAll(files)
			return nil, err
		}
		missing = 0
		info, err := file.Stat()
		if err != nil || before != nil && os.SameFile(before, info) {
			file.Close()
			continue
		}
		if last != nil && os.SameFile(last, info) {
			file.Close()
			break
		}
		files, before = append(files, file), info
	}
	slices.Reverse(files)
	return files, nil
}

// Paths lists the files of the log at path that exist now, the newest first.
func Paths(path string) []string {
	var paths []string
	for n, missing := 0, 0; missing < 2; n++ {
		if _, err := os.Stat(Rotated(path, n)); err != nil {
			missing++
			continue
		}
		paths, missing = append(paths, Rotated(path, n)), 0
	}
	return paths
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// eachLine visits the whole lines of a file from where it stands and returns the beginning of one still being written.
func eachLine(reader *bufio.Reader, begun []byte, visit func([]byte) error) ([]byte, error) {
	for {
		part, err := reader.ReadBytes('\n')
		begun = append(begun, part...)
		if errors.Is(err, io.EOF) {
			return begun, nil
		}
		if err != nil {
			return nil, err
		}
		if err := visit(begun); err != nil {
			return nil, err
		}
		begun = nil
	}
}
