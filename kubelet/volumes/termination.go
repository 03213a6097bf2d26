package volumes

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	v1 "k8s.io/api/core/v1"
)

// maxMessage is how much of a termination message counts, as in Kubernetes.
const maxMessage = 4096

func terminationPath(container *v1.Container) string {
	if container.TerminationMessagePath != "" {
		return filepath.Clean("/" + container.TerminationMessagePath)
	}
	return v1.TerminationMessagePathDefault
}

// terminationFile makes the empty file that a container may write its last words to, for a new attempt.
func terminationFile(dir, container string) (string, error) {
	file := filepath.Join(dir, "termination", container)
	if err := os.MkdirAll(filepath.Dir(file), 0o711); err != nil {
		return "", err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	return file, f.Close()
}

// TerminationMessage reads what a container that ended wrote to its terminationMessagePath, at most 4096 bytes; empty
// when it wrote nothing.
func TerminationMessage(dir, container string) string {
	// The container could have put anything in the place of its file on a node that cannot mount.
	root, err := os.OpenRoot(filepath.Join(dir, "termination"))
	if err != nil {
		return ""
	}
	defer root.Close()
	if info, err := root.Lstat(container); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	file, err := root.Open(container)
	if err != nil {
		return ""
	}
	defer file.Close()
	data, _ := io.ReadAll(io.LimitReader(file, maxMessage))
	return Printable(data)
}

// Printable makes text of bytes that a container wrote: statuses are UTF-8, and what was cut off may end amid a letter.
func Printable(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return strings.ToValidUTF8(string(data), "\uFFFD")
}
