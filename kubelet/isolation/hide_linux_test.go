package isolation

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes files and directories (those that end in a slash) in a new directory, and a link to it beside it.
func tree(t *testing.T, paths ...string) (dir, link string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, link = filepath.Join(base, "real"), filepath.Join(base, "link")
	for _, path := range paths {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(path, "/") {
			err = os.WriteFile(full, nil, 0o600)
		} else {
			err = os.MkdirAll(full, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	return dir, link
}

// withPrivateDirs gives the machine these instead of its own.
func withPrivateDirs(t *testing.T, dirs ...string) {
	was := privateDirs
	t.Cleanup(func() { privateDirs = was })
	privateDirs = dirs
}

func TestWhatIsHiddenIsCoveredByWhateverNameItAndTheImageAreCalled(t *testing.T) {
	withPrivateDirs(t)
	dir, link := tree(t, "image/data/key", "image/program")
	for name, c := range map[string]struct {
		image, hidden string
		want          []string
	}{
		"both by their own names":       {dir + "/image", dir + "/image/data", []string{dir + "/image/data"}},
		"the hidden one by a link":      {dir + "/image", link + "/image/data", []string{dir + "/image/data"}},
		"the image by a link":           {link + "/image", dir + "/image/data", []string{link + "/image/data"}},
		"an image in what is hidden":    {link + "/image", dir, []string{link + "/image"}},
		"a file in a hidden directory":  {dir + "/image", dir + "/image/data/key", nil},
		"a neighbour with such a name":  {dir + "/image", dir + "/image-data", nil},
		"neither in the other's way":    {dir + "/image/data", dir + "/image/program", nil},
		"what is not there, outside it": {dir + "/image", dir + "/absent/deep", nil},
	} {
		hidden := []string{c.hidden}
		if name == "a file in a hidden directory" {
			hidden, c.want = append(hidden, dir+"/image/data"), []string{dir + "/image/data/key", dir + "/image/data"}
		}
		got, err := coversOf(plan(t, Container{ImageDirectories: []string{c.image}, Hidden: hidden}))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestWhatCannotStayHiddenInAnImageRefusesTheContainer(t *testing.T) {
	dir, link := tree(t, "image/key", "outside/")
	if err := os.Symlink(dir+"/image/later", dir+"/outside/dangling"); err != nil {
		t.Fatal(err)
	}
	for hidden, says := range map[string]string{
		dir + "/image/key":              "is no directory",
		link + "/image/not/there/yet":   "is no directory",
		dir + "/outside/dangling":       "symbolic link to nothing",
		dir + "/outside/dangling/below": "symbolic link to nothing",
	} {
		_, err := coversOf(plan(t, Container{ImageDirectories: []string{dir + "/image"}, Hidden: []string{hidden}}))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", hidden, err)
		}
	}
}

func TestTheKeysOfTheMachinesServicesAreCoveredWhereTheMachineHasThem(t *testing.T) {
	dir, link := tree(t, "etc/ssl/private/", "etc/ssl/certs/")
	withPrivateDirs(t, link+"/etc/ssl/private", dir+"/etc/pki/tls/private")
	got, err := coversOf(plan(t, Container{ImageDirectories: []string{dir + "/etc/ssl"}}))
	if err != nil || !slices.Equal(got, []string{dir + "/etc/ssl/private"}) {
		t.Errorf("%v %v", got, err)
	}
}
