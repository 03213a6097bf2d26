package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	// podsDir, in the kubelet's own group, holds the groups of all containers.
	podsDir = "rig-pods"
	// leafDir takes the kubelet itself: in version 2 a group with members cannot hand controllers to groups within it.
	leafDir = "kubelet"
)

var controllers = []string{"memory", "cpu", "cpuacct", "pids"}

// Manager makes the groups of containers.
type Manager struct {
	version int
	parents map[string]string
	// held are the controllers that containers' groups have.
	held  []string
	mkdir func(string) error
}

// Open finds where this process may make groups: in its own, so that limits of the kubelet as a whole go on to hold.
// The error says why it may not.
func Open() (*Manager, error) { return open("/proc/self/mountinfo", "/proc/self/cgroup", os.Getpid()) }

func open(mountinfo, self string, pid int) (*Manager, error) {
	mounts, own := mountsOf(mountinfo), groupsOf(self)
	if mount, ok := mounts["memory"]; ok {
		return openV1(mounts, own, mount)
	}
	if mount, ok := mounts[""]; ok {
		return openV2(mount.path(own[""]), pid, mkdir)
	}
	return nil, errors.New("this system has no control groups with a memory controller")
}

func mkdir(dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func openV1(mounts map[string]mount, own map[string]string, memory mount) (*Manager, error) {
	m := &Manager{version: 1, parents: map[string]string{}, mkdir: mkdir}
	for _, name := range controllers {
		mount, ok := mounts[name]
		if !ok {
			continue
		}
		parent := filepath.Join(mount.path(own[name]), podsDir)
		err := mkdir(parent)
		if err == nil {
			err = writable(parent)
		}
		if err != nil && name == "memory" {
			return nil, fmt.Errorf("no control group can be made in %s: %w", memory.path(own["memory"]), err)
		}
		if err == nil {
			m.parents[name] = parent
			m.held = append(m.held, name)
		}
	}
	return m, nil
}

// writable says whether this process may make groups below dir: a group of another user may exist already.
func writable(dir string) error {
	probe := filepath.Join(dir, fmt.Sprintf("probe-%d", os.Getpid()))
	if err := os.Mkdir(probe, 0o755); err != nil {
		return err
	}
	return os.Remove(probe)
}

func openV2(own string, pid int, mkdir func(string) error) (*Manager, error) {
	base := own
	if filepath.Base(own) == leafDir {
		base = filepath.Dir(own)
	}
	if !slices.Contains(strings.Fields(read(filepath.Join(base, "cgroup.controllers"))), "memory") {
		return nil, fmt.Errorf("the control group %s has no memory controller: run the kubelet as a service with Delegate=yes", base)
	}
	if err := leave(base, pid, mkdir); err != nil {
		return nil, err
	}
	pods := filepath.Join(base, podsDir)
	if _, err := hand(base); err != nil {
		return nil, err
	}
	if err := mkdir(pods); err != nil {
		return nil, fmt.Errorf("no control group can be made in %s: %w", base, err)
	}
	held, err := hand(pods)
	if err != nil {
		return nil, err
	}
	return &Manager{version: 2, parents: map[string]string{"": pods}, held: held, mkdir: mkdir}, nil
}

// leave moves the kubelet out of base into a group of its own below it, unless it lives there already.
func leave(base string, pid int, mkdir func(string) error) error {
	members := strings.Fields(read(filepath.Join(base, "cgroup.procs")))
	if _, err := os.Stat(filepath.Join(base, "cgroup.type")); err != nil || len(members) == 0 {
		// The root group alone may have members and hand on controllers.
		return nil
	}
	if !slices.Equal(members, []string{fmt.Sprint(pid)}) {
		return fmt.Errorf("the control group %s also holds other processes than the kubelet: run the kubelet as a service with Delegate=yes", base)
	}
	leaf := filepath.Join(base, leafDir)
	if err := mkdir(leaf); err != nil {
		return fmt.Errorf("no control group can be made in %s: %w", base, err)
	}
	return write(filepath.Join(leaf, "cgroup.procs"), fmt.Sprint(pid))
}

// hand lets the groups within dir use the controllers that dir has, and says which these are.
func hand(dir string) (held []string, err error) {
	have := strings.Fields(read(filepath.Join(dir, "cgroup.controllers")))
	for _, name := range controllers {
		if !slices.Contains(have, name) {
			continue
		}
		err := write(filepath.Join(dir, "cgroup.subtree_control"), "+"+name)
		if err != nil && name == "memory" {
			return nil, fmt.Errorf("the control group %s does not hand on its memory controller: %w", dir, err)
		}
		if err == nil {
			held = append(held, name)
		}
	}
	return held, nil
}

// Limits names what the groups of containers limit, and what they do not, since the machine does not let the kubelet have it.
func (m *Manager) Limits() (limited, unlimited []string) {
	for _, c := range []struct{ controller, what string }{{"memory", "memory"}, {"cpu", "processors"}, {"pids", "the number of processes"}} {
		if slices.Contains(m.held, c.controller) {
			limited = append(limited, c.what)
		} else {
			unlimited = append(unlimited, c.what)
		}
	}
	return limited, unlimited
}

// Version is that of the control groups in use, 1 or 2.
func (m *Manager) Version() int { return m.version }

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// Create makes the group of one attempt of a container and sets its limits. A group of that name is used again.
func (m *Manager) Create(podUID, container string, attempt int, limits Limits) (*Cgroup, error) {
	name := notInNames.ReplaceAllString(fmt.Sprintf("%s_%s_%d", podUID, container, attempt), "_")
	c := &Cgroup{Version: m.version, Dirs: map[string]string{}}
	for controller, parent := range m.parents {
		dir := filepath.Join(parent, name)
		if err := m.mkdir(dir); err != nil {
			return nil, errors.Join(err, c.Remove())
		}
		c.Dirs[controller] = dir
	}
	limit := c.limitV1
	if m.version == 2 {
		limit = c.limitV2
	}
	if err := limit(limits); err != nil {
		return nil, errors.Join(fmt.Errorf("the limits of container %s cannot be set: %w", container, err), c.Remove())
	}
	return c, nil
}
