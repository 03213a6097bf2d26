//go:build !linux

package disk

import "golang.org/x/sys/unix"

// chmodNoFollow changes a directory, never what a link in its place points to.
func chmodNoFollow(parent int, name string, mode uint32) error {
	return unix.Fchmodat(parent, name, mode, unix.AT_SYMLINK_NOFOLLOW)
}
