// Package disk measures, writes and removes files of containers, whatever these did to keep the kubelet from it: paths longer
// than the system takes, directories that their owner may not enter.
package disk

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// maxDepth bounds the descriptors that a walk holds, one for each directory on the way.
const maxDepth = 1000

const atOnce = 512

var errTooDeep = fmt.Errorf("its directories lie more than %d deep in each other", maxDepth)

// walk visits what lies beneath a directory, itself first. It goes by open directories instead of by paths, and follows no link.
type walk struct {
	visit func(*unix.Stat_t)
	// needs are the rights of the owner without which a directory is given them, for the time it is being walked or for good.
	needs   uint32
	forGood bool
}

func (w walk) at(parent int, name string, depth int) error {
	var info unix.Stat_t
	if err := unix.Fstatat(parent, name, &info, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return unlessGone(err)
	}
	w.visit(&info)
	if uint32(info.Mode)&unix.S_IFMT != unix.S_IFDIR {
		return nil
	}
	if depth == maxDepth {
		return errTooDeep
	}
	dir, err := w.enter(parent, name, uint32(info.Mode)&0o7777)
	if err != nil {
		return unlessGone(err)
	}
	defer dir.leave()
	return w.beneath(dir.File, depth)
}

// entered is an open directory. One that was opened for the walk had the mode was, and has the mode is until its end.
type entered struct {
	*os.File
	was, is uint32
}

func (w walk) enter(parent int, name string, mode uint32) (entered, error) {
	isClosed := mode&w.needs != w.needs && os.Geteuid() != 0
	if isClosed {
		if err := chmodNoFollow(parent, name, mode|w.needs); err != nil {
			return entered{}, err
		}
	}
	fd, err := unix.Openat(parent, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return entered{}, err
	}
	dir := entered{File: os.NewFile(uintptr(fd), name)}
	if isClosed && !w.forGood {
		dir.was, dir.is = mode, mode|w.needs
	}
	return dir, nil
}

func (e entered) leave() {
	defer e.Close()
	var now unix.Stat_t
	// Its owner may have changed it meanwhile.
	if e.was != e.is && unix.Fstat(int(e.Fd()), &now) == nil && uint32(now.Mode)&0o7777 == e.is {
		_ = unix.Fchmod(int(e.Fd()), e.was)
	}
}

func (w walk) beneath(dir *os.File, depth int) error {
	for {
		names, err := dir.Readdirnames(atOnce)
		for _, name := range names {
			if err := w.at(int(dir.Fd()), name, depth+1); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return unlessGone(err)
		}
	}
}

func unlessGone(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil
	}
	return err
}
