package disk

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody runs the calling test again as an ordinary user, when this one is root, who may enter every directory.
func asNobody(t *testing.T) (itself bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		return true
	}
	program := filepath.Join(os.TempDir(), fmt.Sprintf("rig-disk-test-%d", os.Getpid()))
	data, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(program, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(program) })
	again := exec.Command(program, "-test.run=^"+t.Name()+"$")
	again.Dir = "/"
	again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
	return false
}

// fill makes a file of a mebibyte in a directory beneath dir, which then gets the mode.
func fill(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	at := filepath.Join(dir, fmt.Sprintf("closed-%o", mode), "below")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, "file"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{at, filepath.Dir(at)} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}

var closed = []os.FileMode{0, 0o100, 0o300, 0o400, 0o500, 0o555, 0o600}

func TestWhatADirectoryHidesFromItsOwnerIsMeasuredAndItStaysAsItWas(t *testing.T) {
	if !asNobody(t) {
		return
	}
	dir := t.TempDir()
	t.Cleanup(func() { _ = Remove(dir) })
	for _, mode := range closed {
		fill(t, dir, mode)
	}
	used, err := Measure(dir)
	if err != nil || used.Bytes < uint64(len(closed))<<20 || used.Inodes != uint64(1+3*len(closed)) {
		t.Errorf("%+v %v", used, err)
	}
	for _, mode := range closed {
		if info, err := os.Lstat(filepath.Join(dir, fmt.Sprintf("closed-%o", mode))); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%o became %v %v", mode, info, err)
		}
	}
}

func TestWhatADirectoryKeepsFromItsOwnerIsRemoved(t *testing.T) {
	if !asNobody(t) {
		return
	}
	dir := filepath.Join(t.TempDir(), "d")
	for _, mode := range closed {
		fill(t, dir, mode)
	}
	if err := Remove(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// nest makes directories in each other by steps, as no path could name them.
func nest(t *testing.T, dir string, levels int, name string) {
	t.Helper()
	at, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range levels {
		if err := unix.Mkdirat(at, name, 0o755); err != nil {
			t.Fatal(err)
		}
		next, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(at)
		at = next
	}
	defer unix.Close(at)
	fd, err := unix.Openat(at, "file", unix.O_CREAT|unix.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "file")
	defer file.Close()
	if _, err := file.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
}

func TestAFileBeyondTheLongestPathIsMeasured(t *testing.T) {
	dir := t.TempDir()
	nest(t, dir, 50, strings.Repeat("n", 200))
	if used, err := Measure(dir); err != nil || used.Bytes < 1<<20 {
		t.Errorf("%+v %v", used, err)
	}
}

func TestADirectoryNestedTooDeepIsNotMeasuredButSaidToBe(t *testing.T) {
	dir := t.TempDir()
	nest(t, dir, maxDepth+1, "n")
	if _, err := Measure(dir); !errors.Is(err, errTooDeep) {
		t.Error(err)
	}
}

func TestAFileOfTwoNamesCountsOnceAndALinkIsNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	fill(t, outside, 0o755)
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "one"), make([]byte, 1<<20), 0o600), os.Link(filepath.Join(dir, "one"), filepath.Join(dir, "two")),
		os.Symlink(outside, filepath.Join(dir, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if used, err := Measure(dir); err != nil || used.Bytes < 1<<20 || used.Bytes >= 2<<20 || used.Inodes != 3 {
		t.Errorf("%+v %v", used, err)
	}
	if used, err := Measure(filepath.Join(dir, "absent")); err != nil || used != (Used{}) {
		t.Errorf("%+v %v", used, err)
	}
}

func TestAFileIsReplacedWholeAndPrivately(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"one", "two"} {
		if err := Write(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
		info, _ := os.Stat(file)
		if data, err := os.ReadFile(file); err != nil || string(data) != text || info.Mode().Perm() != 0o600 {
			t.Errorf("%s %v %v", data, info, err)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
		t.Errorf("left beside it: %v", entries)
	}
}
