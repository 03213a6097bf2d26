package isolation

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// own gives a volume to the pod's group, as fsGroup does: every container of a pod is in it, and no other is. What the
// kubelet writes stays its own and becomes readable for the group. In a user namespace everything has one owner.
func own(p *Plan, m Mount, fd int) error {
	if p.UserNamespace {
		return nil
	}
	switch m.Kind {
	case Shared:
		// Beneath a SubPath the owner was set when it was made.
		if m.SubPath == "" {
			return ownShared(p, fd)
		}
	case Content:
		return ownContent(p, m.Source)
	}
	return nil
}

// ownShared gives a file to the container alone, a directory to its pod.
func ownShared(p *Plan, fd int) error {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT == unix.S_IFREG {
		return unix.Fchownat(fd, "", p.UID, p.GID, unix.AT_EMPTY_PATH)
	}
	return ownDirectory(p, fd)
}

// ownDirectory lets the pod's group write, and passes the group on to what is made inside.
func ownDirectory(p *Plan, fd int) error {
	if p.UserNamespace {
		return nil
	}
	self := fmt.Sprintf("/proc/self/fd/%d", fd)
	if err := os.Chown(self, 0, p.GID); err != nil {
		return err
	}
	return unix.Chmod(self, 0o2770)
}

// ownContent lets the pod's group read. New files inherit the group from their directory.
func ownContent(p *Plan, dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if err := os.Lchown(path, 0, p.GID); err != nil {
			return err
		}
		if entry.IsDir() {
			return unix.Chmod(path, 0o2750)
		}
		owners := uint32(info.Mode().Perm()) & 0o500
		return unix.Chmod(path, uint32(info.Mode().Perm())|owners>>3)
	})
}
