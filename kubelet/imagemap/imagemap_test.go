package imagemap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func load(t *testing.T, text string, mode os.FileMode) (*Map, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "images.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
	return Load(file)
}

const images = `
images:
  "localhost:5000/a:1": {directory: /one}
  "localhost:5000/a:*": {directory: /any, command: [node, main.ts], env: {X: y}, path: [/bin]}
`

func TestTheExactNameWinsOverTheWildcard(t *testing.T) {
	m, err := load(t, images, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]string{
		"localhost:5000/a:1": "/one", "localhost:5000/a:2": "/any", "localhost:5000/a": "/any",
		"localhost:5000/a@sha256:00": "/any", "localhost:5000/a:2@sha256:00": "/any",
		"localhost:5000/ab:1": "", "a:1": "", "localhost": "",
	} {
		image, ok := m.Find(reference)
		if ok != (want != "") || image.Directory != want {
			t.Errorf("%s: got %q %v, want %q", reference, image.Directory, ok, want)
		}
	}
}

func TestWhatCannotBeTrustedIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"others may write":   {images, 0o622, "chmod 600"},
		"relative directory": {`{"images":{"a:*":{"directory":"b"}}}`, 0o600, "absolute"},
		"unknown field":      {`{"images":{"a:*":{"directory":"/b","comand":["x"]}}}`, 0o600, "comand"},
		"not yaml":           {`{`, 0o600, "not valid"},
	} {
		if _, err := load(t, c.text, c.mode); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load("/does/not/exist"); err == nil {
		t.Error("a missing file must be an error")
	}
}
