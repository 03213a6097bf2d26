package provider

import (
	"context"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"rig.dashecorp.com/kubelet/cgroup"
	"rig.dashecorp.com/kubelet/stats"
)

func limited(uid, script string) *v1.Pod {
	pod := newPod(uid, script)
	pod.Spec.Containers[0].Resources = v1.ResourceRequirements{
		Requests: v1.ResourceList{v1.ResourceCPU: resource.MustParse("100m")},
		Limits:   v1.ResourceList{v1.ResourceMemory: resource.MustParse("64Mi"), v1.ResourceCPU: resource.MustParse("2")},
	}
	return pod
}

func reasonOf(t *testing.T, r *rig) (string, int32) {
	t.Helper()
	end := r.until(t, "failed", inPhase(v1.PodFailed)).Status.ContainerStatuses[0].State.Terminated
	return end.Reason, end.ExitCode
}

func TestWithoutControlGroupsAContainerOverItsLimitIsFoundByLookingAndCalledSo(t *testing.T) {
	pod := limited("1", `x=$(head -c 200m /dev/zero | tr '\0' x); sleep 1000`)
	r := newRig(t, t.TempDir(), pod)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	measures := &stats.Collector{Source: r.provider, Now: time.Now}
	r.create(t, pod)
	go measures.WatchMemory(ctx, r.provider.EndOverLimit)
	if reason, code := reasonOf(t, r); reason != reasonOOMKilled || code != 137 {
		t.Fatalf("%s %d", reason, code)
	}
}

func TestAContainerKilledForAnotherReasonIsNotCalledOutOfMemory(t *testing.T) {
	pod := limited("1", "kill -9 $$$$")
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	if reason, code := reasonOf(t, r); reason != "Error" || code != 137 {
		t.Fatalf("%s %d", reason, code)
	}
}

func TestAContainerRunsInAGroupOfItsOwnWhichIsGoneAfterIt(t *testing.T) {
	manager, err := cgroup.Open()
	if err != nil {
		t.Skipf("no control groups here: %v", err)
	}
	pod := limited("1", "sleep 1000")
	r := newRig(t, t.TempDir(), pod)
	r.provider.Cgroups, r.provider.MaxProcesses = manager, 50
	r.create(t, pod)
	r.until(t, "running", inPhase(v1.PodRunning))
	targets := r.provider.Targets()
	if len(targets) != 1 || targets[0].Cgroup == nil || targets[0].MemoryLimit != 64<<20 {
		t.Fatalf("%+v", targets)
	}
	group := targets[0].Cgroup
	if used, err := group.Stats(); err != nil || used.Processes < 2 {
		t.Fatalf("%+v %v", used, err)
	}
	if err := r.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	if i := r.provider.byUID(pod.UID); i != nil {
		<-i.gone
	}
	if _, err := group.Stats(); err == nil {
		t.Fatal("the group is still there")
	}
}
