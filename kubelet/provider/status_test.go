package provider

import (
	"context"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func ended(code int32) v1.ContainerState {
	return v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: code}}
}

func TestPhaseOfAPod(t *testing.T) {
	up, creating := running(time.Now()), waiting("ContainerCreating", "")
	deadline := &verdict{reason: "DeadlineExceeded"}
	for name, c := range map[string]struct {
		containers []view
		outcome    outcome
		want       v1.PodPhase
	}{
		"nothing started":          {[]view{{attempt: -1, state: creating}}, outcome{}, v1.PodPending},
		"one of two started":       {[]view{{attempt: 0, state: up}, {attempt: -1, state: creating}}, outcome{}, v1.PodPending},
		"waiting for a restart":    {[]view{{attempt: 0, state: waiting("CrashLoopBackOff", ""), last: ended(1)}}, outcome{}, v1.PodRunning},
		"all ended well":           {[]view{{state: ended(0)}, {state: ended(0)}}, outcome{finished: true}, v1.PodSucceeded},
		"one ended badly":          {[]view{{state: ended(0)}, {state: ended(1)}}, outcome{finished: true}, v1.PodFailed},
		"ended well, but too late": {[]view{{state: ended(0)}}, outcome{finished: true, verdict: deadline}, v1.PodFailed},
		"stopped before it began":  {[]view{{attempt: -1, state: creating}}, outcome{finished: true}, v1.PodFailed},
		"refused":                  {[]view{{attempt: -1, state: creating}}, outcome{refused: true}, v1.PodFailed},
	} {
		if got := phase(c.containers, c.outcome); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestStatusKeepsWhatOthersWroteAndStableTransitionTimes(t *testing.T) {
	then, now := metav1.NewTime(time.Unix(1000, 0)), metav1.NewTime(time.Unix(2000, 0))
	pod := &v1.Pod{Status: v1.PodStatus{QOSClass: v1.PodQOSBurstable, Conditions: []v1.PodCondition{{Type: v1.PodScheduled, Status: v1.ConditionTrue, LastTransitionTime: then}}}}
	up := []view{{name: "c", image: "i", state: running(then.Time), started: true, ready: true}}
	pod.Status = status(pod, up, outcome{prepared: true}, then)
	again := status(pod, up, outcome{prepared: true}, now)
	if again.QOSClass != v1.PodQOSBurstable || len(again.Conditions) != 5 {
		t.Fatalf("%+v", again)
	}
	for _, condition := range again.Conditions {
		if condition.Status != v1.ConditionTrue || !condition.LastTransitionTime.Equal(&then) {
			t.Errorf("%+v", condition)
		}
	}
	pod.Status = again
	over := status(pod, []view{{name: "c", image: "i", state: ended(0)}}, outcome{finished: true}, now)
	for _, condition := range over.Conditions {
		if condition.Type == v1.PodReady && (condition.Status != v1.ConditionFalse || condition.Reason != "PodCompleted" || !condition.LastTransitionTime.Equal(&now)) {
			t.Errorf("%+v", condition)
		}
	}
}

func TestNoStatusShowsTheEndOfAnAttemptUnderTheNumberOfTheNext(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.RestartPolicy = v1.RestartPolicyOnFailure
	pod.Spec.Containers[0].Args = []string{d.note("x") + "test $(wc -l < " + string(d) + ") = 5"}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.until(t, "over", func(p *v1.Pod) bool {
		s := p.Status.ContainerStatuses[0]
		if s.RestartCount > 0 && s.LastTerminationState.Terminated == nil {
			t.Errorf("restarted %d times, and nothing ended: %+v", s.RestartCount, s)
		}
		if end := s.State.Terminated; end != nil && end.ContainerID != s.ContainerID {
			t.Errorf("%s shows the end of %s", s.ContainerID, end.ContainerID)
		}
		return p.Status.Phase == v1.PodSucceeded
	})
}

func TestAnEphemeralContainerIsEndedWithASentenceAndThePodRunsOn(t *testing.T) {
	pod := newPod("1", "sleep 1000")
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.until(t, "running", inPhase(v1.PodRunning))
	changed := pod.DeepCopy()
	changed.Spec.EphemeralContainers = []v1.EphemeralContainer{{EphemeralContainerCommon: v1.EphemeralContainerCommon{Name: "debug", Image: "sh:1"}}}
	if err := r.provider.UpdatePod(context.Background(), changed); err != nil {
		t.Fatal(err)
	}
	got := r.until(t, "told", func(p *v1.Pod) bool { return len(p.Status.EphemeralContainerStatuses) > 0 })
	if end := got.Status.EphemeralContainerStatuses[0].State.Terminated; end == nil || end.Reason != "NotSupported" || got.Status.Phase != v1.PodRunning {
		t.Fatalf("%+v", got.Status)
	}
}
