package cgroup

import (
	"path/filepath"
	"strings"
)

// mount is where a hierarchy is mounted, and which of its groups appears there.
type mount struct{ point, root string }

// path is the directory of a group as /proc/self/cgroup names it.
func (m mount) path(group string) string {
	if relative, err := filepath.Rel(m.root, group); err == nil && !strings.HasPrefix(relative, "..") {
		return filepath.Join(m.point, relative)
	}
	return m.point
}

// mountsOf maps controllers of version 1 to their mounts, and "" to that of version 2.
// https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
func mountsOf(file string) map[string]mount {
	found := map[string]mount{}
	for _, line := range strings.Split(read(file), "\n") {
		before, after, _ := strings.Cut(line, " - ")
		fields, types := strings.Fields(before), strings.Fields(after)
		if len(fields) < 5 || len(types) < 3 {
			continue
		}
		here := mount{point: fields[4], root: fields[3]}
		switch types[0] {
		case "cgroup2":
			found[""] = here
		case "cgroup":
			for _, option := range strings.Split(types[2], ",") {
				found[option] = here
			}
		}
	}
	return found
}

// groupsOf reads /proc/PID/cgroup: the group of a process by controller, by "" in version 2.
func groupsOf(file string) map[string]string {
	found := map[string]string{}
	for _, line := range strings.Split(read(file), "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) != 3 {
			continue
		}
		for _, name := range strings.Split(parts[1], ",") {
			found[name] = parts[2]
		}
	}
	return found
}
