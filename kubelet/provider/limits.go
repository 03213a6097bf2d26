package provider

import (
	"encoding/json"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/cgroup"
	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/stats"
)

const (
	reasonOOMKilled = "OOMKilled"
	exitKilled      = 128 + 9
)

func groupPath(attempt string) string { return filepath.Join(attempt, "cgroup.json") }

// groupOf reads the control group of an attempt; nil when it has none.
func groupOf(attempt string) *cgroup.Cgroup {
	data, err := os.ReadFile(groupPath(attempt))
	if err != nil {
		return nil
	}
	group := &cgroup.Cgroup{}
	if json.Unmarshal(data, group) != nil {
		return nil
	}
	return group
}

// limitsOf are what the container's author and the node's administrator set.
func (p *Provider) limitsOf(spec *v1.Container) cgroup.Limits {
	limits := cgroup.Limits{
		MemoryBytes:      spec.Resources.Limits.Memory().Value(),
		CPUMillis:        spec.Resources.Limits.Cpu().MilliValue(),
		CPURequestMillis: spec.Resources.Requests.Cpu().MilliValue(),
		Processes:        p.MaxProcesses,
	}
	return limits
}

// furnish adds to what runs what the container's author says of its input, and confines it.
func (c *container) furnish(attempt int, spec *process.Spec) error {
	wanted := c.spec()
	spec.Stdin, spec.StdinOnce, spec.TTY = wanted.Stdin, wanted.StdinOnce, wanted.TTY
	return c.confine(attempt, spec)
}

// confine gives an attempt a control group, where this node has them, and has its init enter it. It is saved before
// the container starts, so that no kubelet loses sight of it.
func (c *container) confine(attempt int, spec *process.Spec) error {
	i := c.instance
	if i.provider.Cgroups == nil {
		return nil
	}
	group, err := i.provider.Cgroups.Create(string(i.uid), c.name, attempt, i.provider.limitsOf(c.spec()))
	if err != nil {
		return err
	}
	dir := attemptDir(i.dir, c.name, attempt)
	data, err := json.Marshal(group)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(groupPath(dir), data, 0o600)
	}
	if err != nil {
		_ = group.Remove()
		return err
	}
	spec.Placement = group.Placement()
	return nil
}

// release gives the attempt's control group back once its process is gone, and says so when its limit ended it.
func (c *container) release(attempt int, ended *v1.ContainerStateTerminated) {
	i := c.instance
	group := groupOf(attemptDir(i.dir, c.name, attempt))
	i.mu.Lock()
	overLimit := c.overLimit
	c.overLimit = false
	i.mu.Unlock()
	if ended != nil && ended.ExitCode == exitKilled && (group.OOMKilled() || overLimit) {
		ended.Reason = reasonOOMKilled
		ended.Message = "The container used more memory than its limit."
	}
	if err := group.Remove(); err != nil {
		klog.ErrorS(err, "A control group could not be removed", "pod", klog.KRef(i.namespace, i.name), "container", c.name)
	}
}

// Targets lists what runs, for measuring.
func (p *Provider) Targets() []stats.Target {
	var targets []stats.Target
	for _, i := range p.all() {
		i.mu.Lock()
		for c := range i.all() {
			if c.current == nil {
				continue
			}
			dir := attemptDir(i.dir, c.name, c.attempt)
			t := stats.Target{
				Namespace: i.namespace, Pod: i.name, UID: i.uid, Container: c.name, PID: c.current.PID,
				Started: c.current.StartedAt, Cgroup: groupOf(dir), PodDir: i.dir, LogFiles: logs.Paths(process.LogPath(dir)),
				MemoryLimit: containerOf(i.pod, c.name).Resources.Limits.Memory().Value(),
			}
			if i.pod.Status.StartTime != nil {
				t.PodStarted = i.pod.Status.StartTime.Time
			}
			targets = append(targets, t)
		}
		i.mu.Unlock()
	}
	return targets
}

// EndOverLimit kills a container that was measured to use more memory than it may, where the system does not do so.
func (p *Provider) EndOverLimit(t stats.Target) {
	i := p.byUID(t.UID)
	if i == nil {
		return
	}
	i.mu.Lock()
	c := i.find(t.Container)
	var current *process.Container
	if c != nil && c.current != nil && c.current.PID == t.PID {
		current, c.overLimit = c.current, true
	}
	i.mu.Unlock()
	if current != nil {
		current.Kill()
	}
}
