package volumes

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Usage is the space that a directory takes on the disk, in bytes, each file once however many names it has. What
// cannot be read, or goes away meanwhile, does not count.
func Usage(dir string) int64 {
	type identity struct{ device, inode uint64 }
	seen := map[identity]bool{}
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return nil
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			total += info.Size()
			return nil
		}
		if stat.Nlink > 1 && !entry.IsDir() {
			id := identity{uint64(stat.Dev), uint64(stat.Ino)}
			if seen[id] {
				return nil
			}
			seen[id] = true
		}
		total += int64(stat.Blocks) * 512
		return nil
	})
	return total
}

// Dir is where the content of a volume lies, under the directory of its pod.
func Dir(dir, volume string) string { return path(dir, volume) }

// Remove deletes what containers saw of the volumes of a pod that is over: secrets and space do not outlive it.
func Remove(dir string) error {
	for _, folder := range []string{"volumes", "roots", "termination"} {
		if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
			return err
		}
	}
	return nil
}
