package isolation

import (
	"os"
	"strings"
	"testing"
)

// UPDATE_GOLDEN=1 writes the files anew; what changed is then to be read.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); it is now:\n%s", file, err, got)
	}
}

// macPath follows the links that macOS has in its root.
func macPath(path string) string {
	if strings.HasPrefix(path, "/var/") || strings.HasPrefix(path, "/tmp/") {
		return "/private" + path
	}
	return path
}

func TestTheProfileForMacOSIsThePlan(t *testing.T) {
	c := Container{
		ImageDirectories: []string{"/Users/rig/runtime"}, Hidden: []string{"/Users/rig/runtime/data", "/var/db/rig"},
		Volumes: []Volume{
			{Source: "/var/db/rig/volumes/work", Target: "/work"},
			{Source: "/data/volumes/objects", SubPath: "git", Target: "/objects", ReadOnly: true},
			{Source: `/data/volumes/a "name"`, Target: "/token", Content: true},
		},
	}
	golden(t, "testdata/network.sb", Profile(plan(t, c), macPath))
	c.LoopbackOnly = true
	golden(t, "testdata/loopback.sb", Profile(plan(t, c), macPath))
}

func TestTheProfileRefusesWhatItDoesNotName(t *testing.T) {
	text := Profile(plan(t, Container{LoopbackOnly: true}), macPath)
	if !strings.HasPrefix(text, "(version 1)\n(deny default)\n") || strings.Contains(text, "(allow network*)\n") || strings.Contains(text, "/Users") {
		t.Error(text)
	}
}

func TestInAProfileWhatIsHiddenStaysSoInAnImageButNotTheContainersOwnVolumes(t *testing.T) {
	text := Profile(plan(t, Container{
		ImageDirectories: []string{"/rig"}, Hidden: []string{"/rig/data"}, Volumes: []Volume{{Source: "/rig/data/work", Target: "/work"}},
	}), macPath)
	image, hidden := strings.Index(text, `(allow file-read* (subpath "/rig"))`), strings.Index(text, `(deny file-read-data file-write* (subpath "/rig/data"))`)
	volume := strings.Index(text, `(allow file-read* file-write* (subpath "/rig/data/work"))`)
	if image < 0 || hidden < image || volume < hidden {
		t.Errorf("%d %d %d in\n%s", image, hidden, volume, text)
	}
}

func TestAProfileOpensNoUnixSocketButThoseOfTheContainersVolumes(t *testing.T) {
	for _, loopbackOnly := range []bool{true, false} {
		text := Profile(plan(t, Container{LoopbackOnly: loopbackOnly, Volumes: []Volume{{Source: "/v/run", Target: "/run"}}}), macPath)
		_, after, _ := strings.Cut(text, `(allow network-outbound (remote unix-socket (subpath "/v/run")))`)
		if after != "\n" || strings.Contains(text, "(remote unix-socket))") == loopbackOnly {
			t.Error(text)
		}
	}
}
