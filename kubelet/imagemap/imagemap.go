// Package imagemap says which directory and command of this machine stand for a container image.
package imagemap

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// Image is what the node runs in place of a container image.
type Image struct {
	// Directory is the absolute path that plays the image's root: the default working directory.
	Directory string `json:"directory"`
	// Command is the entry point, used when the container names no command of its own.
	Command []string `json:"command,omitempty"`
	// Env is set before anything the pod sets.
	Env map[string]string `json:"env,omitempty"`
	// Path holds directories searched for commands before the system's.
	Path []string `json:"path,omitempty"`
	// Readable holds further directories that an isolated container of this image may read, tool chains for example. It
	// reads Directory, those of Path and that of its command anyway.
	Readable []string `json:"readable,omitempty"`
}

// Map is the content of the file, `images:` by name. A name is an exact image reference or `name:*` for any
// tag or digest; the exact one wins.
type Map struct {
	Images map[string]Image `json:"images"`
}

// Load reads the file (YAML or JSON). A file that others than its owner may write is refused: whoever
// writes it decides what runs on the machine.
func Load(file string) (*Map, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("the image map cannot be read: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("the image map %s may be written by others than its owner (mode %o): chmod 600 it", file, info.Mode().Perm())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the image map cannot be read: %w", err)
	}
	m := &Map{}
	if err := yaml.UnmarshalStrict(data, m); err != nil {
		return nil, fmt.Errorf("the image map %s is not valid: %w", file, err)
	}
	for name, image := range m.Images {
		if !filepath.IsAbs(image.Directory) {
			return nil, fmt.Errorf("the image map %s: the directory of %q must be an absolute path", file, name)
		}
		for _, dir := range append(append([]string{}, image.Path...), image.Readable...) {
			if !filepath.IsAbs(dir) {
				return nil, fmt.Errorf("the image map %s: %q of %q must be an absolute path", file, dir, name)
			}
		}
	}
	return m, nil
}

// Find returns the image of a reference, and whether there is one.
func (m *Map) Find(reference string) (Image, bool) {
	if image, ok := m.Images[reference]; ok {
		return image, true
	}
	image, ok := m.Images[repository(reference)+":*"]
	return image, ok
}

// repository cuts tag and digest off; a colon before the last slash belongs to the registry's port.
func repository(reference string) string {
	name, _, _ := strings.Cut(reference, "@")
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		return name[:colon]
	}
	return name
}
