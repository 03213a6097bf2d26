package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
)

func execProbe(script string) *v1.Probe {
	return &v1.Probe{
		ProbeHandler:  v1.ProbeHandler{Exec: &v1.ExecAction{Command: []string{"/bin/sh", "-c", script}}},
		PeriodSeconds: 1, FailureThreshold: 1, TimeoutSeconds: 10,
	}
}

func hook(script string) *v1.LifecycleHandler {
	return &v1.LifecycleHandler{Exec: &v1.ExecAction{Command: []string{"/bin/sh", "-c", script}}}
}

// untilEvent waits for an event that holds text.
func (r *rig) untilEvent(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case got := <-r.provider.Recorder.(*record.FakeRecorder).Events:
			if strings.Contains(got, text) {
				return
			}
		case <-deadline:
			t.Fatalf("no event holds %q", text)
		}
	}
}

func TestASidecarsStartupProbeHoldsTheNextContainersBack(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	s := sidecar("s", "sleep 0.2; "+d.note("ready")+"sleep 1000")
	s.StartupProbe = execProbe(strings.TrimSuffix(d.await("ready"), "; "))
	pod.Spec.InitContainers = []v1.Container{s}
	pod.Spec.Containers[0].Args = []string{d.note("main")}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	early := r.until(t, "starting", func(p *v1.Pod) bool {
		return len(p.Status.InitContainerStatuses) > 0 && p.Status.InitContainerStatuses[0].State.Running != nil
	})
	if *early.Status.InitContainerStatuses[0].Started || early.Status.Phase != v1.PodPending {
		t.Errorf("%+v", early.Status)
	}
	r.until(t, "over", inPhase(v1.PodSucceeded))
	if got := d.read(t); got != "ready main" {
		t.Errorf("order: %s", got)
	}
}

func TestALivenessProbeThatFailsRestartsTheContainerAndSaysSo(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.RestartPolicy = v1.RestartPolicyAlways
	pod.Spec.Containers[0].Args = []string{d.note("run") + "sleep 1000"}
	pod.Spec.Containers[0].LivenessProbe = execProbe("test $(wc -l < " + string(d) + ") -gt 1 || { echo unwell; exit 4; }")
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.untilEvent(t, "Unhealthy Liveness probe failed: the command ended with 4: unwell")
	r.untilEvent(t, "Killing Container c: failed liveness probe")
	again := r.until(t, "restarted", func(p *v1.Pod) bool {
		s := p.Status.ContainerStatuses[0]
		return s.RestartCount == 1 && s.Ready
	})
	if end := again.Status.ContainerStatuses[0].LastTerminationState.Terminated; end == nil || end.ExitCode != 143 {
		t.Errorf("%+v", end)
	}
}

func TestAReadinessProbeTurnsTheContainerReadyAndUnreadyWithoutEndingIt(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.Containers[0].Args = []string{"sleep 1000"}
	pod.Spec.Containers[0].ReadinessProbe = execProbe("test -e " + string(d))
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	ready := func(is bool) func(*v1.Pod) bool {
		return func(p *v1.Pod) bool {
			s := p.Status.ContainerStatuses[0]
			return s.State.Running != nil && s.Ready == is && (condition(p, v1.PodReady).Status == v1.ConditionTrue) == is
		}
	}
	r.until(t, "unready", ready(false))
	r.untilEvent(t, "Readiness probe failed")
	d.touch(t)
	r.until(t, "ready", ready(true))
	d.remove(t)
	if got := r.until(t, "unready again", ready(false)); got.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("%+v", got.Status)
	}
}

func TestHooksRunAfterTheStartAndBeforeTheEnd(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.Containers[0].Args = []string{d.stays("main")}
	pod.Spec.Containers[0].Lifecycle = &v1.Lifecycle{PostStart: hook(d.await("main") + d.note("hello")), PreStop: hook(d.note("bye"))}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.until(t, "ready", func(p *v1.Pod) bool { return p.Status.ContainerStatuses[0].Ready })
	if err := r.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	r.until(t, "over", inPhase(v1.PodSucceeded))
	if got := d.read(t); got != "main hello bye main-ends" {
		t.Errorf("order: %s", got)
	}
}

func TestAPostStartHookThatFailsEndsTheContainer(t *testing.T) {
	pod := newPod("1", "sleep 1000")
	pod.Spec.Containers[0].Lifecycle = &v1.Lifecycle{PostStart: hook("exit 3")}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.untilEvent(t, "FailedPostStartHook PostStartHook failed: the command ended with 3")
	r.until(t, "failed", inPhase(v1.PodFailed))
}

func TestAPreStopHookThatTakesTooLongIsGivenUpWithTheGracePeriod(t *testing.T) {
	pod, grace := newPod("1", "trap 'exit 0' TERM; while :; do sleep 0.02; done"), int64(1)
	pod.Spec.TerminationGracePeriodSeconds = &grace
	pod.Spec.Containers[0].Lifecycle = &v1.Lifecycle{PreStop: &v1.LifecycleHandler{Sleep: &v1.SleepAction{Seconds: 1000}}}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.until(t, "ready", func(p *v1.Pod) bool { return p.Status.ContainerStatuses[0].Ready })
	if err := r.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	r.untilEvent(t, "FailedPreStopHook PreStopHook failed: the grace period was over before it returned")
	r.until(t, "over after a last moment", inPhase(v1.PodSucceeded))
}
