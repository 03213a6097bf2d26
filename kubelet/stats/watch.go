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
		// Memory that may belong to others too is not held against it.
		if u.rss > uint64(target.MemoryLimit) {
			found = append(found, target)
		}
	}
	return found
}
