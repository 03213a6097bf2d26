package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// LookPath finds the file of a command as the process itself would: in its own PATH, relative to its own directory.
func LookPath(command, searchPath, dir string) (string, error) {
	if strings.ContainsRune(command, '/') {
		if !filepath.IsAbs(command) {
			command = filepath.Join(dir, command)
		}
		if isExecutable(command) {
			return command, nil
		}
		return "", fmt.Errorf("the command %q is not an executable file", command)
	}
	for _, folder := range filepath.SplitList(searchPath) {
		if file := filepath.Join(folder, command); isExecutable(file) {
			return file, nil
		}
	}
	return "", fmt.Errorf("the command %q is in none of the directories of PATH (%s)", command, searchPath)
}

func isExecutable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
