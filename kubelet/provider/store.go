package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/disk"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
)

// podFile is what makes a directory that of a pod.
const podFile = "pod.json"

const killWithin = 10 * time.Second

// save keeps the pod for a kubelet that starts after this one.
func save(dir string, pod *v1.Pod) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(pod)
	if err != nil {
		return err
	}
	return disk.Write(filepath.Join(dir, podFile), data)
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

// erase removes all that this node keeps of the pod, first what a kubelet after this one would take for a pod: that one
// removes what could not be.
func (i *instance) erase() {
	i.disk.Lock()
	defer i.disk.Unlock()
	i.erased = true
	err := os.Remove(filepath.Join(i.dir, podFile))
	if os.IsNotExist(err) {
		err = nil
	}
	if err = errors.Join(err, disk.Remove(i.dir)); err != nil {
		klog.ErrorS(err, "What a pod left on the disk could not be removed; the next start of the kubelet tries again", "dir", i.dir)
	}
}

// restore reads the pods that were saved. A directory without a pod is what is left of one that was never started.
func restore(dir string) ([]*v1.Pod, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var pods []*v1.Pod
	for _, entry := range entries {
		podDir := filepath.Join(dir, entry.Name())
		pod, err := readPod(podDir)
		if os.IsNotExist(err) {
			if err := disk.Remove(podDir); err != nil {
				klog.ErrorS(err, "What an earlier pod left on the disk could not be removed", "dir", podDir)
			}
			continue
		} else if err != nil {
			return nil, err
		}
		if pod != nil {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}

// readPod returns nil for a pod whose file is damaged, which must not keep the others from running. Its containers are ended:
// if it is still in the API, it comes back as a pod whose containers did, and else its directory goes at the next start.
func readPod(podDir string) (*v1.Pod, error) {
	data, err := os.ReadFile(filepath.Join(podDir, podFile))
	if err != nil {
		return nil, err
	}
	pod := &v1.Pod{}
	if err = json.Unmarshal(data, pod); err == nil && string(pod.UID) != filepath.Base(podDir) {
		err = fmt.Errorf("it is that of the pod %q", pod.UID)
	}
	lost := isolation.LostIDs(podDir)
	if lost || err != nil {
		killAll(podDir)
	}
	if lost {
		klog.ErrorS(nil, "The file of a pod's uids is damaged: what runs of the pod is ended, and does not start again", "dir", podDir)
	}
	if err == nil {
		return pod, nil
	}
	klog.ErrorS(err, "A pod's file is damaged: it is set aside, and what runs of the pod is ended", "dir", podDir)
	return nil, disk.SetAside(filepath.Join(podDir, podFile))
}

// killAll ends every container of a pod, whatever their names, and returns once they are gone, or do not go.
func killAll(podDir string) {
	attempts, _ := filepath.Glob(filepath.Join(podDir, "containers", "*", "*"))
	for _, attempt := range attempts {
		if found, ok := process.Adopt(attempt); ok {
			found.Kill()
			select {
			case <-found.Done():
			case <-time.After(killWithin):
			}
		}
	}
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
