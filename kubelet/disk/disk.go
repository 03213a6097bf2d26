package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// measureTries: who closes a directory between a look at it and the next is not trying to hide anything yet.
const measureTries = 3

// Used is what a directory takes.
type Used struct{ Bytes, Inodes uint64 }

// Measure is the space that a directory takes on the disk, as du counts it: each file once however many names it has, no link
// followed. What goes away meanwhile does not count. It fails, with what it found so far, where it cannot see everything.
func Measure(dir string) (Used, error) {
	var used Used
	var err error
	for range measureTries {
		if used, err = measure(dir); !errors.Is(err, fs.ErrPermission) {
			break
		}
	}
	return used, err
}

func measure(dir string) (Used, error) {
	type identity struct{ device, inode uint64 }
	seen := map[identity]bool{}
	var used Used
	visit := func(info *unix.Stat_t) {
		if info.Nlink > 1 && uint32(info.Mode)&unix.S_IFMT != unix.S_IFDIR {
			id := identity{uint64(info.Dev), info.Ino}
			if seen[id] {
				return
			}
			seen[id] = true
		}
		used.Bytes += uint64(info.Blocks) * 512
		used.Inodes++
	}
	err := walk{visit: visit, needs: 0o500}.at(unix.AT_FDCWD, dir, 0)
	return used, err
}

// Remove removes a directory with all that is in it, also what its owner may not write.
func Remove(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	open := walk{visit: func(*unix.Stat_t) {}, needs: 0o700, forGood: true}.at(unix.AT_FDCWD, dir, 0)
	if err := os.RemoveAll(dir); err != nil {
		return errors.Join(err, open)
	}
	return nil
}

// Write replaces a file, private to its owner, in one step: whenever the machine stops, it is the old one or the new one, whole.
func Write(file string, data []byte) error {
	fresh, err := os.OpenFile(file+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fresh.Write(data)
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return fmt.Errorf("%s cannot be written: %w", file, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// SetAside keeps a damaged file for people to look at, out of the way.
func SetAside(file string) error { return os.Rename(file, file+".damaged") }
