package isolation

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// descend opens a path beneath a directory, makes what is missing and refuses symbolic links: with a link in a shared
// volume, one container could have another one's files mounted, or the machine's. made sees every new directory.
func descend(from int, below string, made func(fd int) error) (int, error) {
	at, err := unix.Dup(from)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(at)
	parts := strings.Split(strings.Trim(path.Clean("/"+below), "/"), "/")
	for n, part := range parts {
		last := n == len(parts)-1
		next, err := step(at, part, last, made)
		unix.Close(at)
		if err != nil {
			return -1, fmt.Errorf("%s: %w", part, err)
		}
		at = next
	}
	return at, nil
}

func step(at int, part string, last bool, made func(fd int) error) (int, error) {
	open := func() (int, error) {
		return unix.Openat(at, part, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	}
	fd, err := open()
	if errors.Is(err, unix.ENOENT) {
		if err := unix.Mkdirat(at, part, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
			return -1, err
		}
		if fd, err = open(); err == nil && made != nil {
			err = made(fd)
		}
	}
	if err != nil {
		return -1, err
	}
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		unix.Close(fd)
		return -1, err
	}
	switch kind := info.Mode & unix.S_IFMT; {
	case kind == unix.S_IFDIR, kind == unix.S_IFREG && last, kind == unix.S_IFSOCK && last:
		return fd, nil
	}
	unix.Close(fd)
	return -1, errors.New("it is not a directory; symbolic links are not followed here")
}

// makeTarget opens the place of a mount beneath root and makes it when it is missing.
func makeTarget(root int, target string, isDirectory bool) (int, error) {
	if isDirectory {
		return descend(root, target, nil)
	}
	parent := root
	if dir := path.Dir(target); dir != "/" {
		fd, err := descend(root, dir, nil)
		if err != nil {
			return -1, err
		}
		defer unix.Close(fd)
		parent = fd
	}
	name := path.Base(target)
	if fd, err := unix.Openat(parent, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644); err == nil {
		unix.Close(fd)
	}
	return step(parent, name, true, nil)
}
