package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWhatTheKubeletWasHandedByItsStarterReachesNoContainer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Inherited by whatever this process starts, as one is that a shell left open.
	fd, err := unix.Open(file, unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	c, dir := start(t, "for fd in /dev/fd/*; do case ${fd##*/} in 0|1|2) ;; *) readlink $fd;; esac; done; echo end")
	wait(t, c)
	log, err := os.ReadFile(LogPath(dir))
	if err != nil || !strings.Contains(string(log), "end") || strings.Contains(string(log), "secret") || strings.Contains(string(log), "pipe:") {
		t.Errorf("%v %s", err, log)
	}
}
