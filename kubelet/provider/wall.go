package provider

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/imagemap"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/machine"
	"rig.dashecorp.com/kubelet/volumes"
)

// LoopbackOnly is the annotation of a pod that names, by commas, the containers which are to have no network but loopback.
const LoopbackOnly = "rig.dashecorp.com/loopback-only"

// Wall is how this node isolates containers from each other and from itself.
type Wall struct {
	isolation.Result
	// OwnUID and OwnGID are what the node's user looks like inside a user namespace.
	OwnUID, OwnGID int
	IDs            *isolation.IDs
	// Hidden are files of the kubelet that no container may see, wherever they lie.
	Hidden []string
	// CanMount: volumes are found at their mount path, not beneath a root of the container.
	CanMount bool
}

func (w *Wall) mounts() bool { return w != nil && w.Isolated && w.CanMount }

// plan decides what a container sees. It is nil on a node that does not isolate.
func (w *Wall) plan(pod *v1.Pod, container *v1.Container, image imagemap.Image, mounts []volumes.Mount, at places, dir string, maxProcesses int64) (*isolation.Plan, error) {
	if w == nil || !w.Isolated {
		return nil, nil
	}
	c := isolation.Container{
		Hostname: pod.Name, UserNamespace: w.UserNamespace, UID: w.OwnUID, GID: w.OwnGID, LoopbackOnly: isLoopbackOnly(pod, container.Name),
		ImageDirectories: visible(image), Hidden: w.Hidden, MaxProcesses: maxProcesses,
	}
	if !w.UserNamespace {
		var err error
		if c.UID, c.GID, err = w.IDs.Of(dir, container.Name); err != nil {
			return nil, err
		}
	}
	for _, m := range mounts {
		c.Volumes = append(c.Volumes, isolation.Volume{Source: m.Source, SubPath: m.SubPath, Target: m.Path, ReadOnly: m.ReadOnly, Content: m.Content})
	}
	if !w.CanMount {
		c.Volumes = append(c.Volumes, at.volumes()...)
	}
	return isolation.New(c)
}

// visible are the directories in which an image's programs lie.
func visible(image imagemap.Image) []string {
	dirs := append([]string{image.Directory}, image.Path...)
	if len(image.Command) > 0 && filepath.IsAbs(image.Command[0]) {
		dirs = append(dirs, filepath.Dir(image.Command[0]))
	}
	return append(dirs, image.Readable...)
}

func isLoopbackOnly(pod *v1.Pod, container string) bool {
	return slices.Contains(loopbackOnlyNames(pod), container)
}

func loopbackOnlyNames(pod *v1.Pod) []string {
	return strings.FieldsFunc(pod.Annotations[LoopbackOnly], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// onlyOwnNames refuses an annotation that names no container of the pod: whoever was meant would have the machine's network.
func onlyOwnNames(pod *v1.Pod) error {
	var own []string
	for container := range containersOf(pod) {
		own = append(own, container.Name)
	}
	for _, name := range loopbackOnlyNames(pod) {
		if !slices.Contains(own, name) {
			return &refusalError{"NotSupported", fmt.Sprintf("The annotation %s names %q, which is no container of this pod: it has %s.", LoopbackOnly, name, strings.Join(own, ", "))}
		}
	}
	return nil
}

// refuse is why a pod must not run here although nothing else is against it: it was not asked whether it may do without a wall.
func (w *Wall) refuse(pod *v1.Pod) error {
	if w == nil || w.Isolated || toleratesTaint(pod, &machine.UnisolatedTaint) {
		return nil
	}
	return &refusalError{"UnisolatedNotTolerated", "This node does not isolate containers, and the pod does not tolerate that: " + w.Message}
}

func tolerates(pod *v1.Pod) bool { return toleratesTaint(pod, &machine.HostProcessTaint) }

func toleratesTaint(pod *v1.Pod, taint *v1.Taint) bool {
	for n := range pod.Spec.Tolerations {
		if pod.Spec.Tolerations[n].ToleratesTaint(klog.Background(), taint, false) {
			return true
		}
	}
	return false
}
