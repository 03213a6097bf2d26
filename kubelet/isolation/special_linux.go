package isolation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// What of /proc shows or steers the machine instead of the container.
var (
	procReadOnly = []string{"bus", "fs", "irq", "sys", "sysrq-trigger"}
	procHidden   = []string{"kcore", "keys", "key-users", "kmsg", "kpagecount", "kpageflags", "sched_debug", "timer_list", "latency_stats"}
)

func makeProc(stage string) error {
	at := filepath.Join(stage, "proc")
	if err := os.Mkdir(at, 0o555); err != nil {
		return err
	}
	if err := unix.Mount("proc", at, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("/proc: %w", err)
	}
	for _, name := range procReadOnly {
		path := filepath.Join(at, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := unix.Mount(path, path, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("/proc/%s: %w", name, err)
		}
		if err := unix.MountSetattr(unix.AT_FDCWD, path, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: readOnlyAttr}); err != nil {
			return fmt.Errorf("/proc/%s: %w", name, err)
		}
	}
	for _, name := range procHidden {
		path := filepath.Join(at, name)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := unix.Mount(os.DevNull, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("/proc/%s: %w", name, err)
		}
	}
	return nil
}

var devices = []string{"full", "null", "random", "tty", "urandom", "zero"}

var deviceLinks = map[string]string{
	"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
}

func makeDev(stage string) error {
	at := filepath.Join(stage, "dev")
	for _, dir := range []string{at, filepath.Join(at, "pts"), filepath.Join(at, "shm")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	for _, name := range devices {
		path := filepath.Join(at, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+name, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("/dev/%s: %w", name, err)
		}
	}
	for name, to := range deviceLinks {
		if err := os.Symlink(to, filepath.Join(at, name)); err != nil {
			return err
		}
	}
	if err := unix.Mount("devpts", filepath.Join(at, "pts"), "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620"); err != nil {
		return fmt.Errorf("/dev/pts: %w", err)
	}
	return unix.Mount("shm", filepath.Join(at, "shm"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=1777,size=64m")
}

// makeEtc writes what names the container itself, unless a volume is mounted there.
func makeEtc(stage string, p *Plan) error {
	for _, dir := range []string{"etc", "run", "var"} {
		if err := os.MkdirAll(filepath.Join(stage, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Symlink(Temp, filepath.Join(stage, "var", "tmp")); err != nil && !os.IsExist(err) {
		return err
	}
	if slices.ContainsFunc(p.Mounts, func(m Mount) bool { return m.Target == "/etc" }) {
		return nil
	}
	files := map[string]string{
		"passwd":   fmt.Sprintf("root:x:0:0:root:/:/bin/false\nrig:x:%d:%d:rig:%s:/bin/sh\n", p.UID, p.GID, Home),
		"group":    fmt.Sprintf("root:x:0:\nrig:x:%d:\n", p.GID),
		"hostname": p.Hostname + "\n",
		"hosts":    fmt.Sprintf("127.0.0.1\tlocalhost %s\n::1\tlocalhost\n", p.Hostname),
	}
	for name, text := range files {
		if err := createFile(filepath.Join(stage, "etc", name), text); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return nil
}

// createFile follows no link that a neighbour may have left.
func createFile(path, text string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
