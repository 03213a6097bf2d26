// Package cgroup limits and measures containers with control groups, version 2 or 1, where this process may make them.
//
// Each attempt of a container has a group of its own, so that its counters begin at nothing. What a container needs to
// enter its group travels to its first process as a Placement; a Cgroup can be saved as JSON and used by a later kubelet.
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Limits are those of one container. Zero means no limit.
type Limits struct {
	MemoryBytes int64
	// CPUMillis is the most it may use, CPURequestMillis its share when processors are scarce; 1000 are one processor.
	CPUMillis, CPURequestMillis int64
	// Processes counts threads too, as the kernel does.
	Processes int64
}

// Stats are what a group used so far (CPU, faults) or uses now (the rest, in bytes).
type Stats struct {
	CPU                          time.Duration
	MemoryUsage, WorkingSet, RSS uint64
	PageFaults, MajorPageFaults  uint64
	Processes                    uint64
}

// Cgroup is the group of one container.
type Cgroup struct {
	Version int `json:"version"`
	// Dirs has one directory per controller in version 1, and one, named "", in version 2.
	Dirs map[string]string `json:"dirs"`
}

// Placement is where the first process of a container has to put itself, before it starts anything.
type Placement struct {
	Procs []string `json:"procs,omitempty"`
}

// Enter moves the calling process, with all that it starts from now on, into its groups.
func (p Placement) Enter() error {
	for _, file := range p.Procs {
		if err := write(file, "0"); err != nil {
			return fmt.Errorf("the container cannot enter its control group: %w", err)
		}
	}
	return nil
}

// Placement lets a process enter the group by itself. A nil group asks for nothing.
func (c *Cgroup) Placement() Placement {
	if c == nil {
		return Placement{}
	}
	p := Placement{}
	for _, dir := range c.dirs() {
		p.Procs = append(p.Procs, filepath.Join(dir, "cgroup.procs"))
	}
	return p
}

// AddProcess moves a process into the group; what it started before stays where it is.
func (c *Cgroup) AddProcess(pid int) error {
	for _, file := range c.Placement().Procs {
		if err := write(file, strconv.Itoa(pid)); err != nil {
			return err
		}
	}
	return nil
}

// Processes lists who is in the group.
func (c *Cgroup) Processes() []int {
	for _, file := range c.Placement().Procs {
		var pids []int
		for _, line := range strings.Fields(read(file)) {
			if pid, err := strconv.Atoi(line); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
		return pids
	}
	return nil
}

// Stats measures the group now.
func (c *Cgroup) Stats() (Stats, error) {
	if c.Version == 2 {
		return c.statsV2()
	}
	return c.statsV1()
}

// OOMKilled says whether the kernel ended a process of the group because the group was at its memory limit.
func (c *Cgroup) OOMKilled() bool {
	if c == nil {
		return false
	}
	if c.Version == 2 {
		return keyed(filepath.Join(c.Dirs[""], "memory.events"))["oom_kill"] > 0
	}
	return keyed(filepath.Join(c.Dirs["memory"], "memory.oom_control"))["oom_kill"] > 0
}

const (
	removeTries = 50
	removeRetry = 20 * time.Millisecond
)

// Remove ends whoever is left in the group and deletes it. Calling it again, or for a nil group, does nothing.
func (c *Cgroup) Remove() error {
	if c == nil {
		return nil
	}
	for try := 1; ; try++ {
		var errs []error
		for _, dir := range c.dirs() {
			if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
				errs = append(errs, fmt.Errorf("%s: %w", dir, err))
			}
		}
		if len(errs) == 0 || try == removeTries {
			return errors.Join(errs...)
		}
		for _, pid := range c.Processes() {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		time.Sleep(removeRetry)
	}
}

func (c *Cgroup) dirs() []string {
	var dirs []string
	for _, name := range []string{"", "memory", "cpu", "cpuacct", "pids"} {
		if dir, ok := c.Dirs[name]; ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func write(file, text string) error {
	// Never created: a control file that is missing is a controller that is missing.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func read(file string) string {
	data, _ := os.ReadFile(file)
	return strings.TrimSpace(string(data))
}

func number(file string) uint64 {
	value, _ := strconv.ParseUint(read(file), 10, 64)
	return value
}

// keyed reads lines of the form "name value".
func keyed(file string) map[string]uint64 {
	values := map[string]uint64{}
	for _, line := range strings.Split(read(file), "\n") {
		name, text, _ := strings.Cut(line, " ")
		if value, err := strconv.ParseUint(text, 10, 64); err == nil {
			values[name] = value
		}
	}
	return values
}
