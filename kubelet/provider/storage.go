package provider

import (
	"fmt"
	"path/filepath"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"rig.dashecorp.com/kubelet/disk"
	"rig.dashecorp.com/kubelet/volumes"
)

const (
	reasonEvicted = "Evicted"
	measureEvery  = 10 * time.Second
	// firstMeasure comes sooner, each later one after twice the time: much is written while a pod is young.
	firstMeasure = time.Second
	// measureShare keeps measuring below a twentieth of one processor, however many files a pod has.
	measureShare = 20
)

// allowance is how much of the node's disk some part of a pod may take.
type allowance struct {
	what  string
	limit resource.Quantity
	// dirs are measured together.
	dirs []string
}

// allowances lists what the pod's author limited: emptyDirs by sizeLimit, containers by their ephemeral-storage (logs and
// what lies outside of volumes), and the pod by the sum of these (everything it has on the disk).
func allowances(pod *v1.Pod, dir string) []allowance {
	var list []allowance
	for _, volume := range pod.Spec.Volumes {
		if e := volume.EmptyDir; e != nil && e.SizeLimit != nil && !e.SizeLimit.IsZero() {
			list = append(list, allowance{
				what: fmt.Sprintf("The emptyDir volume %q", volume.Name), limit: *e.SizeLimit, dirs: []string{volumes.Dir(dir, volume.Name)},
			})
		}
	}
	for container := range containersOf(pod) {
		if limit, ok := container.Resources.Limits[v1.ResourceEphemeralStorage]; ok {
			list = append(list, allowance{
				what: fmt.Sprintf("The container %q", container.Name), limit: limit, dirs: []string{filepath.Join(dir, "containers", container.Name)},
			})
		}
	}
	if total := storageLimit(pod); !total.IsZero() {
		list = append(list, allowance{what: "The pod", limit: total, dirs: []string{dir}})
	}
	return list
}

// storageLimit is that of all containers which run at the same time, or of an init container that alone may take more.
func storageLimit(pod *v1.Pod) resource.Quantity {
	var total, alone resource.Quantity
	for _, container := range pod.Spec.Containers {
		total.Add(container.Resources.Limits[v1.ResourceEphemeralStorage])
	}
	for n := range pod.Spec.InitContainers {
		container := &pod.Spec.InitContainers[n]
		limit := container.Resources.Limits[v1.ResourceEphemeralStorage]
		if initRoleOf(container) == sidecarRole {
			total.Add(limit)
		} else if limit.Cmp(alone) > 0 {
			alone = limit
		}
	}
	if alone.Cmp(total) > 0 {
		return alone
	}
	return total
}

// watchStorage evicts the pod once a part of it takes more of the disk than it may. It returns when the pod is over.
func (i *instance) watchStorage() {
	list := allowances(i.snapshot(), i.dir)
	if len(list) == 0 {
		return
	}
	wait := min(firstMeasure, i.provider.MeasureEvery)
	for {
		select {
		case <-time.After(wait):
		case <-i.done:
			return
		}
		begun := time.Now()
		for _, a := range list {
			if message := a.exceeded(); message != "" {
				i.evict(message)
				return
			}
		}
		wait = max(min(2*wait, i.provider.MeasureEvery), measureShare*time.Since(begun))
	}
}

func (a allowance) exceeded() string {
	var used int64
	for _, dir := range a.dirs {
		part, err := disk.Measure(dir)
		if err != nil {
			return fmt.Sprintf("%s cannot be measured, which counts as more of the node's disk than its limit of %s: %v.", a.what, a.limit.String(), err)
		}
		used += int64(part.Bytes)
	}
	if used <= a.limit.Value() {
		return ""
	}
	return fmt.Sprintf("%s takes %s of the node's disk, more than its limit of %s.", a.what, resource.NewQuantity(used, resource.BinarySI), a.limit.String())
}

// evict ends the pod with no more than a last moment. As with the upstream kubelet it is no disruption: a Job that does not
// count those would have the pod outgrow its own limit again and again.
func (i *instance) evict(message string) {
	i.event(v1.EventTypeWarning, reasonEvicted, message)
	i.halt(&verdict{reason: reasonEvicted, message: message}, lastMoment)
}
