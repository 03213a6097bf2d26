package provider

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
)

var always = v1.ContainerRestartPolicyAlways

func shell(name, script string) v1.Container {
	return v1.Container{Name: name, Image: "sh:1", Args: []string{script}}
}

func sidecar(name, script string) v1.Container {
	c := shell(name, script)
	c.RestartPolicy = &always
	return c
}

// diary is a file to which containers write what they do, in order.
type diary string

func newDiary(t *testing.T) diary { return diary(filepath.Join(t.TempDir(), "diary")) }

func (d diary) note(word string) string { return "echo " + word + " >> " + string(d) + "; " }

// stays notes its start and, on SIGTERM, its end.
func (d diary) stays(name string) string {
	return "trap '" + d.note(name+"-ends") + "exit 0' TERM; " + d.note(name) + "while :; do sleep 0.02; done"
}

func (d diary) read(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(string(d))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(data)), " ")
}

func (d diary) until(t *testing.T, word string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(d.read(t), word) {
			return
		}
	}
	t.Fatalf("the diary never held %s: %s", word, d.read(t))
}

func condition(pod *v1.Pod, kind v1.PodConditionType) v1.PodCondition {
	for _, c := range pod.Status.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return v1.PodCondition{}
}

func TestInitContainersRunOneAfterAnotherBeforeTheOthers(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{shell("a", "sleep 0.1; "+d.note("a")), shell("b", d.note("b"))}
	pod.Spec.Containers[0].Args = []string{d.note("main")}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	early := r.until(t, "initializing", func(p *v1.Pod) bool {
		return len(p.Status.InitContainerStatuses) > 0 && p.Status.InitContainerStatuses[0].State.Running != nil
	})
	if c := condition(early, v1.PodInitialized); early.Status.Phase != v1.PodPending || c.Status != v1.ConditionFalse || c.Message != "containers with incomplete status: [a b]" {
		t.Errorf("%s %+v", early.Status.Phase, c)
	}
	if s := early.Status.ContainerStatuses[0]; s.State.Waiting == nil || s.State.Waiting.Reason != "PodInitializing" {
		t.Errorf("%+v", s)
	}
	end := r.until(t, "over", inPhase(v1.PodSucceeded))
	if got := d.read(t); got != "a b main" {
		t.Errorf("order: %s", got)
	}
	for _, s := range end.Status.InitContainerStatuses {
		if !s.Ready || s.State.Terminated == nil || s.State.Terminated.Reason != "Completed" {
			t.Errorf("%+v", s)
		}
	}
}

func TestAnInitContainerThatFailsEndsThePodOnlyUnderNever(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{shell("a", d.note("a")+"exit 3"), shell("b", d.note("b"))}
	pod.Spec.Containers[0].Args = []string{d.note("main")}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	end := r.until(t, "over", inPhase(v1.PodFailed))
	if got := d.read(t); got != "a" || end.Status.InitContainerStatuses[0].State.Terminated.ExitCode != 3 {
		t.Errorf("%s %+v", got, end.Status.InitContainerStatuses)
	}

	again := newPod("2", "")
	d = newDiary(t)
	again.Spec.RestartPolicy = v1.RestartPolicyOnFailure
	again.Spec.InitContainers = []v1.Container{shell("a", d.note("a")+"test $(wc -l < "+string(d)+") = 3")}
	again.Spec.Containers[0].Args = []string{d.note("main")}
	r = newRig(t, t.TempDir(), again)
	r.create(t, again)
	end = r.until(t, "over", inPhase(v1.PodSucceeded))
	if got := d.read(t); got != "a a a main" || end.Status.InitContainerStatuses[0].RestartCount != 2 {
		t.Errorf("%s %+v", got, end.Status.InitContainerStatuses)
	}
}

func TestSidecarsStartInOrderRunBesideAndEndInReverseAfterTheMainContainers(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{sidecar("s1", d.stays("s1")), shell("init", d.await("s1")+d.note("init")), sidecar("s2", d.stays("s2"))}
	pod.Spec.Containers[0].Args = []string{d.await("s2") + d.note("main") + "sleep 0.1; " + d.note("main-ends")}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	up := r.until(t, "running", inPhase(v1.PodRunning))
	if c := condition(up, v1.PodInitialized); c.Status != v1.ConditionTrue {
		t.Errorf("%+v", c)
	}
	end := r.until(t, "over", inPhase(v1.PodSucceeded))
	if got := d.read(t); got != "s1 init s2 main main-ends s2-ends s1-ends" {
		t.Errorf("order: %s", got)
	}
	if s := end.Status.InitContainerStatuses[0]; s.State.Terminated == nil {
		t.Errorf("%+v", s)
	}
}

func TestASidecarThatEndsIsStartedAgainWhateverThePodsPolicy(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{sidecar("s", d.note("s")+"exit 0")}
	pod.Spec.Containers[0].Args = []string{"while test $(wc -l < " + string(d) + ") -lt 3; do sleep 0.02; done"}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	end := r.until(t, "over", inPhase(v1.PodSucceeded))
	if s := end.Status.InitContainerStatuses[0]; s.RestartCount < 2 || s.LastTerminationState.Terminated == nil {
		t.Errorf("%+v", s)
	}
}

func TestAStoppedPodEndsItsSidecarsAfterItsMainContainers(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{sidecar("s1", d.stays("s1")), sidecar("s2", d.stays("s2"))}
	pod.Spec.Containers[0].Args = []string{"trap 'sleep 0.2; " + d.note("main-ends") + "exit 0' TERM; " + d.note("main") + "while :; do sleep 0.02; done"}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	for _, word := range []string{"main", "s1", "s2"} {
		d.until(t, word)
	}
	if err := r.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	r.until(t, "over", inPhase(v1.PodSucceeded))
	if got := d.read(t); !strings.HasSuffix(got, "main-ends s2-ends s1-ends") {
		t.Errorf("order: %s", got)
	}
}

func TestTheNextKubeletGoesOnWithInitContainersAndSidecarsWhereItFindsThem(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{shell("init", d.note("init")), sidecar("s", d.stays("s"))}
	pod.Spec.Containers[0].Args = []string{d.stays("main")}
	dir := t.TempDir()
	first := newRig(t, dir, pod)
	if err := first.provider.CreatePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	d.until(t, "main")
	d.until(t, "s")
	first.until(t, "running", inPhase(v1.PodRunning))

	second := newRig(t, dir, pod)
	got := second.until(t, "running", inPhase(v1.PodRunning))
	for _, s := range append(got.Status.InitContainerStatuses[1:], got.Status.ContainerStatuses...) {
		if s.RestartCount != 0 || !s.Ready || s.State.Running == nil {
			t.Errorf("%+v", s)
		}
	}
	if c := condition(got, v1.PodInitialized); c.Status != v1.ConditionTrue {
		t.Errorf("%+v", c)
	}
	if err := second.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	leaving := second.provider.byUID(pod.UID)
	second.until(t, "over", inPhase(v1.PodSucceeded))
	<-leaving.gone
	if got := d.read(t); strings.Count(got, "init") != 1 || !strings.HasSuffix(got, "main-ends s-ends") {
		t.Errorf("order: %s", got)
	}
}

func TestAPodStoppedBeforeTheNextKubeletGotToItsContainersIsEndedWhole(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{sidecar("s", d.stays("s"))}
	pod.Spec.Containers[0].Args = []string{d.stays("main")}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	d.until(t, "main")
	r.until(t, "running", inPhase(v1.PodRunning))
	next := newInstance(r.provider, pod, r.provider.podDir(pod.UID))
	next.halt(nil, 20*time.Second)
	next.run()
	if got := d.read(t); !strings.HasSuffix(got, "main-ends s-ends") {
		t.Errorf("order: %s", got)
	}
	if got := next.snapshot().Status; got.Phase != v1.PodSucceeded {
		t.Errorf("%+v", got)
	}
}

func TestAPodThatRunsIsNotRefusedByAKubeletThatWouldNotStartIt(t *testing.T) {
	pod := newPod("1", "sleep 1000")
	dir := t.TempDir()
	first := newRig(t, dir, pod)
	first.create(t, pod)
	first.until(t, "running", inPhase(v1.PodRunning))
	changed := first.provider.byUID(pod.UID).snapshot()
	changed.Spec.Tolerations = nil
	next := newInstance(first.provider, changed, first.provider.podDir(pod.UID))
	if err := next.admit(); err != nil {
		t.Error(err)
	}
}

// await is a script that goes on once the diary holds the word.
func (d diary) await(word string) string {
	return "until grep -qx " + word + " " + string(d) + "; do sleep 0.02; done; "
}

func (d diary) touch(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(string(d), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d diary) remove(t *testing.T) {
	t.Helper()
	if err := os.Remove(string(d)); err != nil {
		t.Fatal(err)
	}
}
