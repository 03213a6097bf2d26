package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const cpuPeriodMicros = 100_000

func (c *Cgroup) limitV1(l Limits) error {
	memory, cpu, pids := c.Dirs["memory"], c.Dirs["cpu"], c.Dirs["pids"]
	if l.MemoryBytes > 0 {
		limit := strconv.FormatInt(l.MemoryBytes, 10)
		if err := write(filepath.Join(memory, "memory.limit_in_bytes"), limit); err != nil {
			return err
		}
		// Without this a machine with swap would swap instead of ending the container.
		if err := write(filepath.Join(memory, "memory.memsw.limit_in_bytes"), limit); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	if cpu != "" && l.CPURequestMillis > 0 {
		if err := write(filepath.Join(cpu, "cpu.shares"), strconv.FormatInt(shares(l.CPURequestMillis), 10)); err != nil {
			return err
		}
	}
	if cpu != "" && l.CPUMillis > 0 {
		if err := write(filepath.Join(cpu, "cpu.cfs_quota_us"), strconv.FormatInt(quota(l.CPUMillis), 10)); err != nil {
			return err
		}
	}
	if pids != "" && l.Processes > 0 {
		return write(filepath.Join(pids, "pids.max"), strconv.FormatInt(l.Processes, 10))
	}
	return nil
}

func (c *Cgroup) statsV1() (Stats, error) {
	memory := c.Dirs["memory"]
	if _, err := os.Stat(memory); err != nil {
		return Stats{}, err
	}
	stat := keyed(filepath.Join(memory, "memory.stat"))
	s := Stats{
		MemoryUsage: number(filepath.Join(memory, "memory.usage_in_bytes")),
		RSS:         stat["total_rss"],
		PageFaults:  stat["total_pgfault"], MajorPageFaults: stat["total_pgmajfault"],
		CPU:       time.Duration(number(filepath.Join(c.Dirs["cpuacct"], "cpuacct.usage"))),
		Processes: number(filepath.Join(c.Dirs["pids"], "pids.current")),
	}
	s.WorkingSet = less(s.MemoryUsage, stat["total_inactive_file"])
	return s, nil
}

// shares turns a request into version 1's unit, of which one processor is 1024.
func shares(millis int64) int64 { return max(2, min(262144, millis*1024/1000)) }

// quota is the time within one period; the kernel takes no less than a millisecond.
func quota(millis int64) int64 { return max(1000, millis*cpuPeriodMicros/1000) }

func less(a, b uint64) uint64 {
	if b > a {
		return 0
	}
	return a - b
}
