package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/record"

	"rig.dashecorp.com/kubelet/env"
	"rig.dashecorp.com/kubelet/machine"
	"rig.dashecorp.com/kubelet/objects"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/volumes"
)

// The test binary plays the shim.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && filepath.IsAbs(os.Args[1]) {
		if err := process.RunShim(os.Args[1], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

type rig struct {
	provider *Provider
	client   *fake.Clientset
	changes  chan *v1.Pod
}

func newRig(t *testing.T, dir string, pods ...*v1.Pod) *rig {
	t.Helper()
	r := &rig{client: fake.NewClientset(), changes: make(chan *v1.Pod, 100)}
	for _, pod := range pods {
		if _, err := r.client.CoreV1().Pods(pod.Namespace).Create(context.Background(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	images := filepath.Join(t.TempDir(), "images")
	if err := os.WriteFile(images, []byte(`{"images":{"sh:*":{"directory":"/","command":["/bin/sh","-c"]}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{
		Shim: os.Args[0], Dir: dir, ImageMapFile: images, Client: r.client, Recorder: record.NewFakeRecorder(1000),
		Volumes: &volumes.Manager{Objects: objects.Client{Kube: r.client}, Now: time.Now}, Env: env.Resolver{},
		Pods:         informers.NewSharedInformerFactory(r.client, 0).Core().V1().Pods().Lister(),
		Backoff:      Backoff{First: 10 * time.Millisecond, Longest: 50 * time.Millisecond, ForgottenAfter: time.Hour},
		ContentEvery: 50 * time.Millisecond, MeasureEvery: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	r.provider = p
	p.NotifyPods(context.Background(), func(pod *v1.Pod) { r.changes <- pod })
	return r
}

func newPod(uid, script string) *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n", UID: types.UID("uid-" + uid)},
		Spec: v1.PodSpec{
			RestartPolicy: v1.RestartPolicyNever,
			Tolerations:   []v1.Toleration{{Key: machine.HostProcessTaint.Key, Operator: v1.TolerationOpExists}},
			Containers:    []v1.Container{{Name: "c", Image: "sh:1", Args: []string{script}}},
		},
	}
}

func (r *rig) until(t *testing.T, what string, is func(*v1.Pod) bool) *v1.Pod {
	t.Helper()
	deadline := time.After(20 * time.Second)
	var last v1.PodStatus
	for {
		select {
		case pod := <-r.changes:
			if is(pod) {
				return pod
			}
			last = pod.Status
		case <-deadline:
			t.Fatalf("the pod never was %s; last seen: %s", what, last.String())
		}
	}
}

func inPhase(phase v1.PodPhase) func(*v1.Pod) bool {
	return func(pod *v1.Pod) bool { return pod.Status.Phase == phase }
}

func (r *rig) create(t *testing.T, pod *v1.Pod) {
	t.Helper()
	if err := r.provider.CreatePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if i := r.provider.byUID(pod.UID); i != nil {
			i.remove(0)
			<-i.gone
		}
	})
}

func TestSeveralContainersRunSideBySideAndAllCount(t *testing.T) {
	pod := newPod("1", "exit 0")
	pod.Spec.Containers = append(pod.Spec.Containers, v1.Container{Name: "d", Image: "sh:1", Args: []string{"exit 3"}})
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	got := r.until(t, "failed", inPhase(v1.PodFailed)).Status.ContainerStatuses
	if got[0].State.Terminated.Reason != "Completed" || got[1].State.Terminated.ExitCode != 3 {
		t.Fatalf("%+v", got)
	}
}

func TestACommandThatDoesNotExistIsAStartError(t *testing.T) {
	pod := newPod("1", "")
	pod.Spec.Containers[0].Command = []string{"no-such-command"}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	end := r.until(t, "failed", inPhase(v1.PodFailed)).Status.ContainerStatuses[0].State.Terminated
	if end == nil || end.Reason != "StartError" || end.ExitCode != exitStartError {
		t.Fatalf("%+v", end)
	}
}

func TestPodsThisNodeMustNotRunFailWithTheirReason(t *testing.T) {
	sandboxed, shared := "gvisor", true
	volume := func(source v1.VolumeSource) func(*v1.Pod) {
		return func(p *v1.Pod) { p.Spec.Volumes = []v1.Volume{{Name: "h", VolumeSource: source}} }
	}
	for _, c := range []struct {
		reason, names string
		spoil         func(*v1.Pod)
	}{
		{"ImageNotMapped", `"nginx"`, func(p *v1.Pod) { p.Spec.Containers[0].Image = "nginx" }},
		{"HostProcessNotTolerated", "tolerate", func(p *v1.Pod) { p.Spec.Tolerations = nil }},
		{"VolumeNotSupported", `"h"`, volume(v1.VolumeSource{HostPath: &v1.HostPathVolumeSource{Path: "/"}})},
		{"VolumeNotSupported", "Memory", volume(v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{Medium: v1.StorageMediumMemory}})},
		{"NotSupported", "RestartAllContainers", func(p *v1.Pod) {
			p.Spec.Containers[0].RestartPolicyRules = []v1.ContainerRestartRule{{Action: v1.ContainerRestartRuleActionRestartAllContainers}}
		}},
		{"NotSupported", "SIGUSR1", func(p *v1.Pod) {
			signal := v1.Signal("SIGUSR1")
			p.Spec.Containers[0].Lifecycle = &v1.Lifecycle{StopSignal: &signal}
		}},
		{"NotSupported", "gvisor", func(p *v1.Pod) { p.Spec.RuntimeClassName = &sandboxed }},
		{"NotSupported", "process namespace", func(p *v1.Pod) { p.Spec.ShareProcessNamespace = &shared }},
		{"NotSupported", "hostPID", func(p *v1.Pod) { p.Spec.HostPID = true }},
		{"NotSupported", "sysctls", func(p *v1.Pod) {
			p.Spec.SecurityContext = &v1.PodSecurityContext{Sysctls: []v1.Sysctl{{Name: "kernel.shmmax", Value: "1"}}}
		}},
		{"NotSupported", "privileged", func(p *v1.Pod) { p.Spec.Containers[0].SecurityContext = &v1.SecurityContext{Privileged: &shared} }},
		{"NotSupported", "capabilities", func(p *v1.Pod) {
			p.Spec.Containers[0].SecurityContext = &v1.SecurityContext{Capabilities: &v1.Capabilities{Add: []v1.Capability{"SYS_ADMIN"}}}
		}},
		{"NotSupported", "block devices", func(p *v1.Pod) {
			p.Spec.Containers[0].VolumeDevices = []v1.VolumeDevice{{Name: "h", DevicePath: "/dev/h"}}
		}},
		{"NotSupported", "host aliases", func(p *v1.Pod) { p.Spec.HostAliases = []v1.HostAlias{{IP: "127.0.0.1"}} }},
		{"NotSupported", "resource claims", func(p *v1.Pod) { p.Spec.ResourceClaims = []v1.PodResourceClaim{{Name: "gpu"}} }},
	} {
		pod := newPod("1", "true")
		c.spoil(pod)
		r := newRig(t, t.TempDir(), pod)
		r.create(t, pod)
		if got := r.until(t, "failed", inPhase(v1.PodFailed)).Status; got.Reason != c.reason || !strings.Contains(got.Message, c.names) {
			t.Errorf("%s: got %s: %s", c.names, got.Reason, got.Message)
		}
	}
}

func TestADeletedPodIsTakenOutOfTheAPIAndOffTheDisk(t *testing.T) {
	dir, pod := t.TempDir(), newPod("1", "sleep 1000")
	r := newRig(t, dir, pod)
	r.create(t, pod)
	r.until(t, "running", inPhase(v1.PodRunning))
	if err := r.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	if found, _ := r.provider.GetPod(context.Background(), "n", "p"); found != nil {
		t.Error("a pod on its way out must leave its name free")
	}
	r.until(t, "failed", inPhase(v1.PodFailed))
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if entries, _ := os.ReadDir(dir); len(entries) == 0 {
			break
		}
	}
	verbs := []string{}
	for _, action := range r.client.Actions() {
		verbs = append(verbs, action.GetVerb())
	}
	if !slices.Contains(verbs, "delete") || !slices.Contains(verbs, "update") {
		t.Errorf("status and deletion were not written: %v", verbs)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("left on the disk: %v", entries)
	}
}

func TestAChangeThatComesAfterTheEndLeavesNothingOnTheDisk(t *testing.T) {
	pod := newPod("1", "true")
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	i := r.provider.byUID(pod.UID)
	i.remove(0)
	<-i.gone
	if err := i.update(pod); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(i.dir); !os.IsNotExist(err) {
		t.Fatalf("the next kubelet would find the pod: %v", err)
	}
}

func TestAPodThatIsOverIsNotStartedAgainByTheNextKubelet(t *testing.T) {
	dir, marker := t.TempDir(), filepath.Join(t.TempDir(), "runs")
	pod := newPod("1", "echo run >> "+marker+"; exit 6")
	first := newRig(t, dir, pod)
	if err := first.provider.CreatePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	first.until(t, "failed", inPhase(v1.PodFailed))
	<-first.provider.byUID(pod.UID).done

	second := newRig(t, dir, pod)
	got := second.until(t, "failed", inPhase(v1.PodFailed))
	if code := got.Status.ContainerStatuses[0].State.Terminated.ExitCode; code != 6 {
		t.Errorf("exit code %d", code)
	}
	if data, _ := os.ReadFile(marker); string(data) != "run\n" {
		t.Errorf("it ran: %q", data)
	}
}

func TestStopAllReportsPodsAsTerminatedByTheNode(t *testing.T) {
	pod := newPod("1", "sleep 1000")
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.until(t, "running", inPhase(v1.PodRunning))
	r.provider.StopAll(context.Background(), time.Second)
	stored, err := r.client.CoreV1().Pods("n").Get(context.Background(), "p", metav1.GetOptions{})
	if err != nil || stored.Status.Phase != v1.PodFailed || stored.Status.Reason != "Terminated" {
		t.Fatalf("%v %+v", err, stored.Status)
	}
	// What the node did to the pod is not to count against a Job.
	if c := condition(stored, v1.DisruptionTarget); c.Status != v1.ConditionTrue || c.Reason != v1.PodReasonTerminationByKubelet {
		t.Errorf("%+v", c)
	}
}

func TestAPodThatComesWhileTheNodeShutsDownIsLeftToTheNextKubelet(t *testing.T) {
	pod, dir := newPod("1", "sleep 1000"), t.TempDir()
	first := newRig(t, dir, pod)
	first.provider.StopAll(context.Background(), time.Second)
	first.create(t, pod)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 || len(first.provider.all()) > 0 {
		t.Fatalf("%v %v", err, left)
	}
	second := newRig(t, dir, pod)
	second.create(t, pod)
	second.until(t, "running", inPhase(v1.PodRunning))
}

func TestGracePeriodPrefersTheDeletions(t *testing.T) {
	pod, now, own, asked := &v1.Pod{}, metav1.Now(), int64(7), int64(2)
	if got := gracePeriod(pod); got != 30*time.Second {
		t.Errorf("default: %s", got)
	}
	pod.Spec.TerminationGracePeriodSeconds = &own
	if got := gracePeriod(pod); got != 7*time.Second {
		t.Errorf("own: %s", got)
	}
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &now, &asked
	if got := gracePeriod(pod); got != 2*time.Second {
		t.Errorf("asked: %s", got)
	}
}
