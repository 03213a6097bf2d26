package stats

import (
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// diskEvery is how old the measurement of a directory may be: walking a large one takes seconds.
const diskEvery = 30 * time.Second

// DirUsage walks a directory and returns the bytes it occupies, as du counts them, and its inodes. What vanishes or
// cannot be read meanwhile does not count. Links are not followed; a file with two names counts once.
func DirUsage(dir string) (bytes, inodes uint64) {
	type identity struct{ device, inode uint64 }
	seen := map[identity]bool{}
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
			return nil
		}
		if stat.Nlink > 1 && !info.IsDir() {
			id := identity{uint64(stat.Dev), stat.Ino}
			if seen[id] {
				return nil
			}
			seen[id] = true
		}
		bytes += uint64(stat.Blocks) * 512
		inodes++
		return nil
	})
	return bytes, inodes
}

type diskUsage struct {
	at            time.Time
	bytes, inodes uint64
}

// diskCache remembers the usage of directories for diskEvery.
type diskCache struct {
	mu    sync.Mutex
	known map[string]diskUsage
}

// of returns the usage of dir, measured at most diskEvery ago, and forgets directories that nobody asks for any more.
func (c *diskCache) of(dir string, now time.Time) diskUsage {
	c.mu.Lock()
	known, ok := c.known[dir]
	c.mu.Unlock()
	if ok && now.Sub(known.at) < diskEvery {
		return known
	}
	found := diskUsage{at: now}
	found.bytes, found.inodes = DirUsage(dir)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]diskUsage{}
	}
	for other, usage := range c.known {
		if now.Sub(usage.at) > 10*diskEvery {
			delete(c.known, other)
		}
	}
	c.known[dir] = found
	return found
}

type fileSystem struct{ capacity, available, inodes, inodesFree uint64 }

func fileSystemOf(dir string) (fileSystem, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return fileSystem{}, err
	}
	size := uint64(s.Bsize)
	return fileSystem{capacity: s.Blocks * size, available: s.Bavail * size, inodes: s.Files, inodesFree: s.Ffree}, nil
}
