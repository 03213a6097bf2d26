package isolation

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const readOnlyAttr = unix.MOUNT_ATTR_RDONLY

// enterRoot builds the container's file system on an empty one and makes it the only one there is.
func enterRoot(p *Plan, dir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	stage := stageOf(dir)
	if err := unix.Mount("rig", stage, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755,size=1m"); err != nil {
		return err
	}
	root, err := unix.Open(stage, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(root)
	for _, make := range []func(string) error{makeProc, makeDev} {
		if err := make(stage); err != nil {
			return err
		}
	}
	for _, m := range p.Mounts {
		if err := place(root, p, m, dir); err != nil {
			return fmt.Errorf("%s: %w", m.Target, err)
		}
	}
	if err := hide(root, p); err != nil {
		return err
	}
	if err := makeEtc(stage, p); err != nil {
		return err
	}
	if err := pivot(stage); err != nil {
		return err
	}
	return unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: readOnlyAttr})
}

// pivot makes stage the root and lets go of the machine's.
func pivot(stage string) error {
	if err := os.Chdir(stage); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	// The old root now lies on top of the new one.
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return err
	}
	return os.Chdir("/")
}

// place mounts one part of the machine beneath root.
func place(root int, p *Plan, m Mount, dir string) error {
	source := m.Source
	switch m.Kind {
	case Scratch:
		source = scratchOf(dir, m)
	case System, Image:
		if _, err := os.Lstat(source); os.IsNotExist(err) {
			return nil
		} else if err != nil {
			return err
		}
		if isRootLink(m) {
			return placeLink(root, source)
		}
	}
	from, err := openSource(p, m, source)
	if err != nil {
		if os.IsNotExist(err) && m.Kind == System {
			return nil
		}
		return err
	}
	defer unix.Close(from)
	if err := own(p, m, from); err != nil {
		return err
	}
	return bind(root, from, m)
}

func placeLink(root int, source string) error {
	to, err := os.Readlink(source)
	if err != nil {
		return err
	}
	return unix.Symlinkat(to, root, filepath.Base(source))
}

// openSource opens what is to be mounted. What lies in a volume was perhaps made by a neighbour: no link is followed.
func openSource(p *Plan, m Mount, source string) (int, error) {
	fd, err := unix.Open(source, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil || m.SubPath == "" {
		return fd, err
	}
	defer unix.Close(fd)
	return descend(fd, m.SubPath, func(made int) error { return ownDirectory(p, made) })
}

func bind(root, from int, m Mount) error {
	var info unix.Stat_t
	if err := unix.Fstat(from, &info); err != nil {
		return err
	}
	to, err := makeTarget(root, m.Target, info.Mode&unix.S_IFMT == unix.S_IFDIR)
	if err != nil {
		return err
	}
	defer unix.Close(to)
	tree, err := unix.OpenTree(from, "", unix.AT_EMPTY_PATH|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("open_tree: %w", err)
	}
	defer unix.Close(tree)
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV, Propagation: unix.MS_PRIVATE}
	if m.ReadOnly {
		attr.Attr_set |= readOnlyAttr
	}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, attr); err != nil {
		return fmt.Errorf("mount_setattr: %w", err)
	}
	return unix.MoveMount(tree, "", to, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}
