package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

func (c *Cgroup) limitV2(l Limits) error {
	dir := c.Dirs[""]
	settings := map[string]string{}
	if l.MemoryBytes > 0 {
		settings["memory.max"] = strconv.FormatInt(l.MemoryBytes, 10)
	}
	if l.CPURequestMillis > 0 {
		settings["cpu.weight"] = strconv.FormatInt(weight(l.CPURequestMillis), 10)
	}
	if l.CPUMillis > 0 {
		settings["cpu.max"] = fmt.Sprintf("%d %d", quota(l.CPUMillis), cpuPeriodMicros)
	}
	if l.Processes > 0 {
		settings["pids.max"] = strconv.FormatInt(l.Processes, 10)
	}
	for name, value := range settings {
		// Only memory is promised: the other controllers may not be delegated.
		if err := write(filepath.Join(dir, name), value); err != nil && (name == "memory.max" || !os.IsNotExist(err)) {
			return err
		}
	}
	if l.MemoryBytes > 0 {
		// A container ends as a whole, as under the upstream kubelet, and does not swap instead. Old kernels lack these.
		_ = write(filepath.Join(dir, "memory.oom.group"), "1")
		_ = write(filepath.Join(dir, "memory.swap.max"), "0")
	}
	return nil
}

func (c *Cgroup) statsV2() (Stats, error) {
	dir := c.Dirs[""]
	if _, err := os.Stat(dir); err != nil {
		return Stats{}, err
	}
	stat := keyed(filepath.Join(dir, "memory.stat"))
	s := Stats{
		MemoryUsage: number(filepath.Join(dir, "memory.current")),
		RSS:         stat["anon"],
		PageFaults:  stat["pgfault"], MajorPageFaults: stat["pgmajfault"],
		CPU:       time.Duration(keyed(filepath.Join(dir, "cpu.stat"))["usage_usec"]) * time.Microsecond,
		Processes: number(filepath.Join(dir, "pids.current")),
	}
	s.WorkingSet = less(s.MemoryUsage, stat["inactive_file"])
	return s, nil
}

// weight maps version 1's shares, 2 to 262144, onto version 2's weights, 1 to 10000, as container runtimes do.
// https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/2254-cgroup-v2
func weight(millis int64) int64 { return 1 + (shares(millis)-2)*9999/262142 }
