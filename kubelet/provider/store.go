package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	v1 "k8s.io/api/core/v1"
)

// save keeps the pod for a kubelet that starts after this one.
func save(dir string, pod *v1.Pod) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(pod)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "pod.json")
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// save does nothing once the pod is erased: a change that comes late must not leave a pod for the next kubelet to find.
func (i *instance) save(pod *v1.Pod) error {
	i.disk.Lock()
	defer i.disk.Unlock()
	if i.erased {
		return nil
	}
	return save(i.dir, pod)
}

// erase removes all that this node keeps of the pod.
func (i *instance) erase() {
	i.disk.Lock()
	defer i.disk.Unlock()
	i.erased = true
	_ = os.RemoveAll(i.dir)
}

// restore reads the pods that were saved. A directory without a pod is what is left of one that was never started.
func restore(dir string) ([]*v1.Pod, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var pods []*v1.Pod
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name(), "pod.json"))
		if os.IsNotExist(err) {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
			continue
		} else if err != nil {
			return nil, err
		}
		pod := &v1.Pod{}
		if err := json.Unmarshal(data, pod); err != nil {
			return nil, fmt.Errorf("%s/pod.json is damaged: %w", entry.Name(), err)
		}
		pods = append(pods, pod)
	}
	return pods, nil
}

func attemptDir(podDir, container string, attempt int) string {
	return filepath.Join(podDir, "containers", container, strconv.Itoa(attempt))
}

// lastAttempt is the number of the container's newest attempt, -1 when there was none.
func lastAttempt(podDir, container string) int {
	entries, _ := os.ReadDir(filepath.Join(podDir, "containers", container))
	last := -1
	for _, entry := range entries {
		if n, err := strconv.Atoi(entry.Name()); err == nil {
			last = max(last, n)
		}
	}
	return last
}
