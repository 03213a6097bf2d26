package stats

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"rig.dashecorp.com/kubelet/disk"
)

// diskEvery is how old the measurement of a directory may be: walking a large one takes seconds.
const diskEvery = 30 * time.Second

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
	// What cannot be measured has no limit here; where there is one, it is over it.
	used, _ := disk.Measure(dir)
	found.bytes, found.inodes = used.Bytes, used.Inodes
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
