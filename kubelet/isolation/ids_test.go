package isolation

import (
	"os"
	"path/filepath"
	"testing"
)

func newIDs(t *testing.T, ids Range, dir string) *IDs {
	t.Helper()
	i, err := NewIDs(ids, dir)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func podDir(t *testing.T, dir, name string) string {
	t.Helper()
	pod := filepath.Join(dir, name)
	if err := os.MkdirAll(pod, 0o700); err != nil {
		t.Fatal(err)
	}
	return pod
}

func TestContainersHaveUsersOfTheirOwnAndPodsAGroupAlsoAfterARestart(t *testing.T) {
	dir, seen := t.TempDir(), map[int]bool{}
	i := newIDs(t, DefaultRange, dir)
	of := func(i *IDs, pod, container string) (int, int) {
		uid, gid, err := i.Of(podDir(t, dir, pod), container)
		if err != nil {
			t.Fatal(err)
		}
		return uid, gid
	}
	a, group := of(i, "p", "a")
	b, sameGroup := of(i, "p", "b")
	c, otherGroup := of(i, "q", "a")
	for _, id := range []int{a, b, c, group, otherGroup} {
		if seen[id] || id < DefaultRange.First || id > DefaultRange.Last {
			t.Errorf("%d twice or out of range", id)
		}
		seen[id] = true
	}
	if group != sameGroup {
		t.Errorf("groups %d and %d in one pod", group, sameGroup)
	}
	again := newIDs(t, DefaultRange, dir)
	if uid, gid := of(again, "p", "b"); uid != b || gid != group {
		t.Errorf("after a restart: %d %d", uid, gid)
	}
	if uid, gid := of(again, "r", "a"); seen[uid] || seen[gid] {
		t.Errorf("%d %d are held by others", uid, gid)
	}
}

func TestIDsOfAPodThatIsGoneAreGivenOutAgainAndNoOthers(t *testing.T) {
	dir := t.TempDir()
	i := newIDs(t, Range{2000, 2003}, dir)
	for _, pod := range []string{"p", "q"} {
		if _, _, err := i.Of(podDir(t, dir, pod), "c"); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := i.Of(podDir(t, dir, "r"), "c"); err == nil {
		t.Fatal("more ids than the range has")
	}
	if err := os.RemoveAll(filepath.Join(dir, "p")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := i.Of(podDir(t, dir, "r"), "c"); err != nil {
		t.Fatal(err)
	}
}

func TestRangesOfUids(t *testing.T) {
	if r, err := ParseRange("2000-3000"); err != nil || r != (Range{2000, 3000}) {
		t.Errorf("%v %v", r, err)
	}
	for _, text := range []string{"", "5", "0-70000", "3000-2000", "2000-2001", "2000-4294967295", "a-b"} {
		if _, err := ParseRange(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
