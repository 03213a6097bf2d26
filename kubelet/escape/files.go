//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

func fileAttempts(t *targets) []attempt {
	var list []attempt
	for name, path := range t.Files {
		list = append(list, attempt{name: "read the " + name, try: func(t *targets) error { return readSecret(path, t.Secret) }})
	}
	for name, path := range t.Private {
		list = append(list, attempt{name: "read the " + name, try: func(*targets) error { return nonEmpty(path) }})
	}
	for name, dir := range t.Directories {
		list = append(list, attempt{name: "write into the " + name, try: func(*targets) error { return create(filepath.Join(dir, "escaped")) }})
	}
	slices.SortFunc(list, func(a, b attempt) int { return strings.Compare(a.name, b.name) })
	return append(list,
		attempt{name: "write /usr/local/bin", try: func(*targets) error { return touch("/usr/local/bin/rig-escaped") }},
		attempt{name: "write /etc", try: func(*targets) error { return touch("/etc/rig-escaped") }},
		attempt{name: "write a system program", try: func(*targets) error { return openToWrite("/bin/sh") }},
		attempt{name: "replace the program of its init", try: func(*targets) error { return openToWrite("/proc/1/exe") }},
		attempt{name: "write its own image", try: func(*targets) error { return touch(filepath.Join(filepath.Dir(os.Args[0]), "rig-escaped")) }},
		attempt{name: "find a mount writable that is not its own", try: writableMount},
		attempt{name: "write a read-only mount", try: func(t *targets) error { return touch(filepath.Join(t.ReadOnly, "escaped")) }},
		attempt{name: "follow a symbolic link in the shared volume", try: throughSymlink},
		attempt{name: "swap a directory for a symbolic link while a file is opened", try: raceSymlink},
		attempt{name: "hard-link a secret into the shared volume", try: hardLink},
		attempt{name: "rename a secret into the shared volume", try: func(t *targets) error {
			return os.Rename(t.Files["other worktree"], filepath.Join(t.Shared, "stolen"))
		}, harmful: true},
		attempt{name: "find secrets anywhere in the file system", try: search},
		attempt{name: "open a file by its handle", try: byHandle},
		attempt{name: "leave through an inherited descriptor", try: inherited},
		attempt{name: "open a disk", try: openAny("/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/loop-control")},
		attempt{name: "open kernel memory", try: openAny("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/kmsg")},
		attempt{name: "make a device", try: makeDevice},
		attempt{name: "read the neighbour's shared memory", try: func(t *targets) error { return readSecret("/dev/shm/rig-"+t.Secret, t.Secret) }},
		attempt{name: "write a control group", try: controlGroup},
		attempt{name: "become root by a setuid program in a volume", try: setuidProgram},
	)
}

// writableMount asks what each is mounted as: a write may be refused for another reason as well.
func writableMount(t *targets) error {
	for _, path := range []string{"/", "/usr", "/etc/ssl", "/proc/sys", filepath.Dir(os.Args[0]), t.ReadOnly} {
		var info unix.Statfs_t
		if err := unix.Statfs(path, &info); err == nil && info.Flags&unix.ST_RDONLY == 0 {
			return nil
		}
	}
	return errors.New("all are read-only")
}

func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// touch works when a file can be made, and takes it away again.
func touch(path string) error { return errors.Join(create(path), removeMade(path)) }

func removeMade(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

func openToWrite(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

func openAny(paths ...string) func(*targets) error {
	return func(*targets) error {
		var failures []error
		for _, path := range paths {
			file, err := os.Open(path)
			if err == nil {
				_, err = file.Read(make([]byte, 1))
				file.Close()
			}
			if err == nil {
				return nil
			}
			failures = append(failures, err)
		}
		return errors.Join(failures...)
	}
}

func throughSymlink(t *targets) error {
	link := filepath.Join(t.Shared, "link")
	defer os.Remove(link)
	if err := os.Symlink(t.Files["other worktree"], link); err != nil {
		return err
	}
	return readSecret(link, t.Secret)
}

func raceSymlink(t *targets) error {
	secret := t.Private["kubelet's key"]
	at, aside := filepath.Join(t.Shared, "race"), filepath.Join(t.Shared, "aside")
	defer os.RemoveAll(at)
	defer os.RemoveAll(aside)
	if err := errors.Join(os.Mkdir(at, 0o755), os.Symlink(filepath.Dir(secret), aside)); err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = unix.Renameat2(unix.AT_FDCWD, at, unix.AT_FDCWD, aside, unix.RENAME_EXCHANGE)
			}
		}
	}()
	var err error
	for range 300 {
		if _, err = os.ReadFile(filepath.Join(at, filepath.Base(secret))); err == nil {
			return nil
		}
	}
	return err
}

func hardLink(t *targets) error {
	link := filepath.Join(t.Shared, "hard")
	defer os.Remove(link)
	if err := os.Link(t.Files["other worktree"], link); err != nil {
		return err
	}
	return readSecret(link, t.Secret)
}

// maxEntries of the file system are looked at.
const maxEntries = 100_000

var notSearched = []string{"/proc", "/sys", "/usr", "/dev", "/nix"}

// search looks through everything that can be seen for a file with the secret, what lies near the root first.
func search(t *targets) error {
	looked := 0
	for dirs := []string{"/"}; len(dirs) > 0 && looked < maxEntries; dirs = dirs[1:] {
		entries, _ := os.ReadDir(dirs[0])
		looked += len(entries)
		for _, entry := range entries {
			path, name := filepath.Join(dirs[0], entry.Name()), entry.Name()
			switch {
			case entry.IsDir() && !slices.Contains(notSearched, path):
				dirs = append(dirs, path)
			case entry.Type().IsRegular() && (strings.HasPrefix(name, "rig-canary") || name == "token"):
				if readSecret(path, t.Secret) == nil {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("none among %d entries", looked)
}

// byHandle opens the root of the file system that a volume lies on, whatever is mounted: inode 2 of ext4.
func byHandle(t *targets) error {
	at, err := unix.Open(t.Shared, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	handle := unix.NewFileHandle(1, []byte{2, 0, 0, 0, 0, 0, 0, 0})
	fd, err := unix.OpenByHandleAt(at, handle, unix.O_RDONLY)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// inherited looks for a file, a socket or a pipe among the descriptors it was given besides the first three; /proc and
// /sys are what its own runtime opens.
func inherited(*targets) error {
	for fd := 3; fd < 256; fd++ {
		path, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
		if err != nil {
			continue
		}
		file := strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/proc") && !strings.HasPrefix(path, "/sys/")
		if file || strings.HasPrefix(path, "socket:") || strings.HasPrefix(path, "pipe:") {
			return nil
		}
	}
	return errors.New("none leads anywhere")
}

func makeDevice(t *targets) error {
	path := filepath.Join(t.Shared, "device")
	defer os.Remove(path)
	// The null device, then the first disk: neither must open.
	if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		return err
	}
	return openToWrite(path)
}

func controlGroup(*targets) error {
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified"} {
		path := filepath.Join(dir, "rig-escaped")
		if os.Mkdir(path, 0o755) == nil {
			return os.Remove(path)
		}
	}
	return errors.New("there is none to write")
}

func setuidProgram(t *targets) error {
	if os.Geteuid() == 0 {
		return nil
	}
	path := filepath.Join(t.Shared, "program")
	defer os.Remove(path)
	if err := os.WriteFile(path, []byte("x"), 0o755); err != nil {
		return err
	}
	if err := unix.Chown(path, 0, 0); err != nil {
		return err
	}
	return unix.Chmod(path, 0o4755)
}

// pointer is for calls whose argument is memory that does not matter.
func pointer(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }
