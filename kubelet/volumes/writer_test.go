package volumes

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	v1 "k8s.io/api/core/v1"
)

func TestContentIsReplacedAsAWholeAndOnlyWhenItChanged(t *testing.T) {
	dir := t.TempDir()
	put := func(files ...File) string {
		t.Helper()
		if err := write(dir, files); err != nil {
			t.Fatal(err)
		}
		data, err := os.Readlink(filepath.Join(dir, dataLink))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	file := func(path, text string) File { return File{Path: path, Data: []byte(text), Mode: 0o600} }
	first := put(file("a", "1"), file("d/b", "2"))
	if again := put(file("a", "1"), file("d/b", "2")); again != first {
		t.Error("written although nothing changed")
	}
	if second := put(file("a", "x"), file("c", "3")); second == first {
		t.Error("not written although something changed")
	}
	if read(t, filepath.Join(dir, "a")) != "x" || read(t, filepath.Join(dir, "c")) != "3" {
		t.Error("the content is not the new one")
	}
	if _, err := os.Lstat(filepath.Join(dir, "d")); !os.IsNotExist(err) {
		t.Errorf("what was removed is there: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 4 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestFilesOfADirectoryWithAGroupAreReadableForIt(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o2750|os.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	if err := write(dir, []File{{Path: "d/run", Mode: 0o700}, {Path: "secret", Mode: 0o400}}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{"d/run": 0o750, "secret": 0o440, "d": 0o750, dataLink: 0o750} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestProjectedSourcesThatThisNodeDoesNotOfferAreNamed(t *testing.T) {
	p := pod(v1.Volume{Name: "v", VolumeSource: v1.VolumeSource{Projected: &v1.ProjectedVolumeSource{
		Sources: []v1.VolumeProjection{{ClusterTrustBundle: &v1.ClusterTrustBundleProjection{Path: "p"}}},
	}}})
	var unsupported *UnsupportedError
	if err := Check(p); !errors.As(err, &unsupported) || unsupported.Source != "clusterTrustBundle" {
		t.Errorf("%v", err)
	}
}
