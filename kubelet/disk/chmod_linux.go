package disk

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// chmodNoFollow changes a directory, never what a link in its place points to. Only kernels from 6.6 on have a call for that.
func chmodNoFollow(parent int, name string, mode uint32) error {
	fd, err := unix.Openat(parent, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode)
}
