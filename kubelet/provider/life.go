package provider

import (
	"encoding/json"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
)

// life is what is kept on the disk of one attempt, for a kubelet that starts after this one.
type life struct {
	Started bool                         `json:"started,omitempty"`
	Ready   bool                         `json:"ready,omitempty"`
	Ended   *v1.ContainerStateTerminated `json:"ended,omitempty"`
}

func lifePath(attempt string) string { return filepath.Join(attempt, "life.json") }

// readLife returns the zero life when none was kept.
func readLife(attempt string) life {
	var l life
	if data, err := os.ReadFile(lifePath(attempt)); err == nil {
		_ = json.Unmarshal(data, &l)
	}
	return l
}

// keep writes the life of the container's attempt. A failure costs the next kubelet knowledge, not this one.
func (c *container) keep() {
	i := c.instance
	i.mu.Lock()
	l := life{Started: c.started, Ready: c.ready, Ended: c.state.Terminated}
	file := lifePath(attemptDir(i.dir, c.name, c.attempt))
	i.mu.Unlock()
	data, err := json.Marshal(l)
	if err == nil {
		err = os.WriteFile(file+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil && !os.IsNotExist(err) {
		klog.ErrorS(err, "The state of a container could not be kept", "pod", klog.KRef(i.namespace, i.name), "container", c.name)
	}
}
