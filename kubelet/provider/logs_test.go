package provider

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/server"
)

func TestAFollowedLogGoesOnThroughRestartsUntilTheContainerIsOver(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.RestartPolicy = v1.RestartPolicyOnFailure
	pod.Spec.Containers[0].Args = []string{d.note("x") + "n=$(wc -l < " + string(d) + "); echo run $n; test $n = 3"}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	r.until(t, "running", inPhase(v1.PodRunning))
	var out bytes.Buffer
	if err := r.provider.WriteLogs(context.Background(), &out, "n", "p", "c", false, logs.Options{Follow: true}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasSuffix("run 1\nrun 2\nrun 3\n", got) || !strings.HasSuffix(got, "run 3\n") {
		t.Errorf("%q", got)
	}
	out.Reset()
	if err := r.provider.WriteLogs(context.Background(), &out, "n", "p", "c", true, logs.Options{}); err != nil || out.String() != "run 2\n" {
		t.Errorf("previous: %q %v", out.String(), err)
	}
	if err := r.provider.WriteLogs(context.Background(), &out, "n", "p", "other", false, logs.Options{}); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestTheMessageOfAContainersEndIsItsFileElseItsLogWhenItFailed(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		policy v1.TerminationMessagePolicy
		want   string
	}{
		"its file":                {"printf word > $CONTAINER_SANDBOX_MOUNT_POINT/dev/termination-log; echo log; exit 3", v1.TerminationMessageFallbackToLogsOnError, "word"},
		"its log":                 {"echo one; echo two; exit 3", v1.TerminationMessageFallbackToLogsOnError, "one\ntwo\n"},
		"nothing, for it is well": {"echo one", v1.TerminationMessageFallbackToLogsOnError, ""},
		"nothing, by its policy":  {"echo one; exit 3", v1.TerminationMessageReadFile, ""},
	} {
		pod := newPod("1", c.script)
		pod.Spec.Containers[0].TerminationMessagePolicy = c.policy
		r := newRig(t, t.TempDir(), pod)
		r.create(t, pod)
		end := r.until(t, "over", func(p *v1.Pod) bool { return p.Status.ContainerStatuses[0].State.Terminated != nil })
		if got := end.Status.ContainerStatuses[0].State.Terminated.Message; got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
