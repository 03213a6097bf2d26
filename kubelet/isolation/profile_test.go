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

func TestTheProfileForMacOSIsThePlan(t *testing.T) {
	c := Container{
		ImageDirectories: []string{"/Users/rig/runtime"}, Hidden: []string{"/Users/rig/runtime/data", "/secret"},
		Volumes: []Volume{
			{Source: "/data/volumes/work", Target: "/work"},
			{Source: "/data/volumes/objects", SubPath: "git", Target: "/objects", ReadOnly: true},
			{Source: `/data/volumes/a "name"`, Target: "/token", Content: true},
		},
	}
	golden(t, "testdata/network.sb", Profile(plan(t, c)))
	c.LoopbackOnly = true
	golden(t, "testdata/loopback.sb", Profile(plan(t, c)))
}

func TestTheProfileRefusesWhatItDoesNotName(t *testing.T) {
	text := Profile(plan(t, Container{LoopbackOnly: true}))
	if !strings.HasPrefix(text, "(version 1)\n(deny default)\n") || strings.Contains(text, "(allow network*)\n") || strings.Contains(text, "/Users") {
		t.Error(text)
	}
}
