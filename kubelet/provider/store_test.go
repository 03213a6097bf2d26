package provider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
)

func TestADamagedFileOfAPodEndsThatPodsContainersAndKeepsNoOtherFromRunning(t *testing.T) {
	for _, damaged := range []string{"", "null", `{"metadata":{"uid":"uid-2"}}`, `{"metadata":`} {
		dir := t.TempDir()
		pod, other := newPod("1", "while :; do sleep 0.02; done"), newPod("2", "exit 0")
		other.Name = "other"
		first := newRig(t, dir, pod, other)
		first.create(t, pod)
		running := first.until(t, "running", inPhase(v1.PodRunning))
		if err := save(filepath.Join(dir, string(other.UID)), other); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, string(pod.UID), podFile)
		if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		second := newRig(t, dir, running, other)
		second.until(t, "ended: the other one", func(p *v1.Pod) bool { return p.Name == "other" && p.Status.Phase == v1.PodSucceeded })
		found, ok := process.Adopt(attemptDir(filepath.Dir(file), "c", 0))
		if !ok {
			t.Fatal("no attempt")
		}
		select {
		case <-found.Done():
		default:
			t.Error("a container of the damaged pod runs on")
		}
		if kept, err := os.ReadFile(file + ".damaged"); err != nil || string(kept) != damaged {
			t.Errorf("%q %v", kept, err)
		}
		second.create(t, running)
		end := second.until(t, "failed", func(p *v1.Pod) bool { return p.Name == "p" && p.Status.Phase == v1.PodFailed })
		if state := end.Status.ContainerStatuses[0].State.Terminated; state == nil || state.ExitCode != 137 {
			t.Errorf("%+v", state)
		}
	}
}

func TestAPodWhoseUidsAreLostIsEndedAndStartsNothingAgain(t *testing.T) {
	dir := t.TempDir()
	pod := newPod("1", "while :; do sleep 0.02; done")
	first := newRig(t, dir, pod)
	first.create(t, pod)
	first.until(t, "running", inPhase(v1.PodRunning))
	podDir := filepath.Join(dir, string(pod.UID))
	if err := os.WriteFile(filepath.Join(podDir, "ids.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	ids, err := isolation.NewIDs(isolation.DefaultRange, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ids.Of(podDir, "c"); err == nil || !strings.Contains(err.Error(), "delete the pod") {
		t.Error(err)
	}
	newRig(t, dir, pod).until(t, "failed", inPhase(v1.PodFailed))
}

func TestAPodThatIsRemovedLeavesNothingAndWhatIsLeftWithoutAPodGoesAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	pod := newPod("1", "exit 0")
	r := newRig(t, dir, pod)
	r.create(t, pod)
	r.until(t, "ended", inPhase(v1.PodSucceeded))
	i := r.provider.byUID(pod.UID)
	i.erase()
	if _, err := os.Stat(i.dir); !os.IsNotExist(err) {
		t.Error(err)
	}
	if err := os.MkdirAll(filepath.Join(i.dir, "containers", "c"), 0o700); err != nil {
		t.Fatal(err)
	}
	if pods, err := restore(dir); err != nil || len(pods) > 0 {
		t.Errorf("%v %v", pods, err)
	}
	if _, err := os.Stat(i.dir); !os.IsNotExist(err) {
		t.Errorf("it stays: %v", err)
	}
}
