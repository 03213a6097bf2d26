package provider

import (
	"os/exec"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestAPodThatTakesMoreDiskThanItMayIsEvictedAndItsVolumesGo(t *testing.T) {
	quantity := resource.MustParse("1Mi")
	limited := v1.ResourceRequirements{Limits: v1.ResourceList{v1.ResourceEphemeralStorage: quantity}}
	fill := "head -c 3000000 /dev/zero > $CONTAINER_SANDBOX_MOUNT_POINT/work/file; sleep 1000"
	for want, spoil := range map[string]func(*v1.Pod){
		`The emptyDir volume "work" takes`: func(p *v1.Pod) { p.Spec.Volumes[0].EmptyDir.SizeLimit = &quantity },
		`The pod takes`:                    func(p *v1.Pod) { p.Spec.Containers[0].Resources = limited },
		`The container "c" takes`: func(p *v1.Pod) {
			p.Spec.Containers[0].Resources = limited
			// What another one may take on top makes the pod's own limit a larger one.
			roomy := v1.ResourceRequirements{Limits: v1.ResourceList{v1.ResourceEphemeralStorage: resource.MustParse("1Gi")}}
			p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: "d", Image: "sh:1", Args: []string{"sleep 1000"}, Resources: roomy})
			p.Spec.Containers[0].Args = []string{"head -c 3000000 /dev/zero | tr '\\0' '\\n'; sleep 1000"}
		},
	} {
		pod := newPod("1", fill)
		pod.Spec.Volumes = []v1.Volume{{Name: "work", VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}}}
		pod.Spec.Containers[0].VolumeMounts = []v1.VolumeMount{{Name: "work", MountPath: "/work"}}
		spoil(pod)
		dir := t.TempDir()
		r := newRig(t, dir, pod)
		r.create(t, pod)
		end := r.until(t, "evicted", inPhase(v1.PodFailed))
		if end.Status.Reason != "Evicted" || !strings.HasPrefix(end.Status.Message, want) || !strings.HasSuffix(end.Status.Message, "more than its limit of 1Mi.") {
			t.Errorf("%s: %s", end.Status.Reason, end.Status.Message)
		}
		if c := condition(end, v1.DisruptionTarget); c.Type != "" {
			t.Errorf("what a pod did by itself counts as a disruption: %+v", c)
		}
	}
}

func TestWhatCannotBeMeasuredCountsAsMoreThanAnyLimit(t *testing.T) {
	dir := t.TempDir()
	nest := exec.Command("sh", "-c", "n=0; while [ $n -lt 1001 ]; do mkdir d && cd d || exit 1; n=$((n+1)); done")
	nest.Dir = dir
	if err := nest.Run(); err != nil {
		t.Fatal(err)
	}
	a := allowance{what: "The pod", limit: resource.MustParse("1Ti"), dirs: []string{dir}}
	want := "The pod cannot be measured, which counts as more of the node's disk than its limit of 1Ti: its directories lie more than 1000 deep in each other."
	if got := a.exceeded(); got != want {
		t.Error(got)
	}
}

func TestThePodsAllowanceIsThatOfContainersThatRunTogether(t *testing.T) {
	limited := func(name, limit string) v1.Container {
		return v1.Container{Name: name, Resources: v1.ResourceRequirements{Limits: v1.ResourceList{v1.ResourceEphemeralStorage: resource.MustParse(limit)}}}
	}
	side := limited("s", "1Gi")
	side.RestartPolicy = &always
	pod := &v1.Pod{Spec: v1.PodSpec{InitContainers: []v1.Container{limited("i", "2Gi"), side}, Containers: []v1.Container{limited("a", "1Gi"), {Name: "b"}}}}
	if got := storageLimit(pod); got.String() != "2Gi" {
		t.Errorf("%s", got.String())
	}
	pod.Spec.InitContainers[0] = limited("i", "5Gi")
	if got := storageLimit(pod); got.String() != "5Gi" {
		t.Errorf("%s", got.String())
	}
}
