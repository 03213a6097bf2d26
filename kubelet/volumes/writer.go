package volumes

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// File is one file of a volume; Path is relative to the volume.
type File struct {
	Path string
	Data []byte
	Mode os.FileMode
}

const (
	// dataLink leads to the directory that holds the content now; what a reader sees are links through it.
	dataLink    = "..data"
	newDataLink = "..data.new"
)

// write makes the files the whole content of a volume, all of them in one step: a reader sees the old content or the
// new one. It is laid out as the kubelet does it, so that programs which watch `..data` notice. In a directory that
// passes its group on, which is the pod's, the group may read what the owner may. Nothing happens without a change.
func write(dir string, files []File) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	folders := os.FileMode(0o700)
	if info.Mode()&os.ModeSetgid != 0 {
		folders = 0o750
		files = slices.Clone(files)
		for n := range files {
			files[n].Mode |= files[n].Mode & 0o500 >> 3
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, dataLink))
	if old != "" && isSame(filepath.Join(dir, old), files) {
		return nil
	}
	fresh, err := writeFresh(dir, files, folders)
	if err != nil {
		return err
	}
	if err := turn(dir, fresh); err != nil {
		return err
	}
	if err := linkFirst(dir, files); err != nil {
		return err
	}
	if old != "" {
		return os.RemoveAll(filepath.Join(dir, filepath.Base(old)))
	}
	return nil
}

func writeFresh(dir string, files []File, folders os.FileMode) (string, error) {
	fresh, err := os.MkdirTemp(dir, ".."+time.Now().UTC().Format("2006_01_02_15_04_05.")+"*")
	if err != nil {
		return "", err
	}
	// The mode alone: a chmod would take the group's mark off a directory of another group.
	if err := chmodKeepingGroup(fresh, folders); err != nil {
		return "", err
	}
	for _, file := range files {
		target := filepath.Join(fresh, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(target), folders); err != nil {
			return "", err
		}
		if err := os.WriteFile(target, file.Data, 0o600); err != nil {
			return "", err
		}
		if err := os.Chmod(target, file.Mode); err != nil {
			return "", err
		}
	}
	return filepath.Base(fresh), nil
}

func chmodKeepingGroup(dir string, mode os.FileMode) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return os.Chmod(dir, mode|info.Mode()&os.ModeSetgid)
}

// turn makes fresh the content.
func turn(dir, fresh string) error {
	next := filepath.Join(dir, newDataLink)
	if err := os.Remove(next); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.Symlink(fresh, next); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(dir, dataLink))
}

// linkFirst gives every first component of a path its link through dataLink, and removes those of what is no more.
func linkFirst(dir string, files []File) error {
	wanted := map[string]bool{}
	for _, file := range files {
		first, _, _ := strings.Cut(file.Path, "/")
		wanted[first] = true
	}
	for name := range wanted {
		at, to := filepath.Join(dir, name), filepath.Join(dataLink, name)
		if have, err := os.Readlink(at); err == nil && have == to {
			continue
		}
		if err := os.RemoveAll(at); err != nil {
			return err
		}
		if err := os.Symlink(to, at); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 || wanted[entry.Name()] || entry.Name() == dataLink {
			continue
		}
		if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// isSame compares what a directory holds with the files wanted.
func isSame(dir string, files []File) bool {
	found := 0
	err := filepath.WalkDir(dir, func(_ string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found++
		}
		return err
	})
	if err != nil {
		return false
	}
	distinct := map[string]bool{}
	for _, file := range files {
		distinct[file.Path] = true
		target := filepath.Join(dir, filepath.FromSlash(file.Path))
		info, err := os.Stat(target)
		if err != nil || info.Mode().Perm() != file.Mode.Perm() {
			return false
		}
		if data, err := os.ReadFile(target); err != nil || !bytes.Equal(data, file.Data) {
			return false
		}
	}
	return found == len(distinct)
}

// mode keeps the owner's part of the mode a pod asks for: on a host others are other people.
func mode(item, volume *int32) os.FileMode {
	asked := int32(0o644)
	if volume != nil {
		asked = *volume
	}
	if item != nil {
		asked = *item
	}
	return os.FileMode(asked)&0o700 | 0o400
}
