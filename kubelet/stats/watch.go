package stats

import (
	"context"
	"time"
)

const watchEvery = time.Second

// WatchMemory looks every second at the containers that have a memory limit and no control group, and hands those that
// use more to over. It returns when ctx ends.
func (c *Collector) WatchMemory(ctx context.Context, over func(Target)) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, target := range overLimit(c.Source.Targets(), look) {
				over(target)
			}
		}
	}
}

func overLimit(targets []Target, look func() *forest) []Target {
	var found []Target
	var trees *forest
	for _, target := range targets {
		if target.Cgroup != nil || target.MemoryLimit <= 0 {
			continue
		}
		if trees == nil {
			trees = look()
		}
		var u usage
		trees.sum(target.PID, &u)
		// Files of programs and libraries, which others may have mapped too, are not held against it.
		if u.rss+u.shmem > uint64(target.MemoryLimit) {
			found = append(found, target)
		}
	}
	return found
}
