package provider

import (
	"context"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
)

// followed is a rig whose provider sees the API's pods.
func followed(t *testing.T, pod *v1.Pod) *rig {
	t.Helper()
	r := newRig(t, t.TempDir(), pod)
	factory := informers.NewSharedInformerFactory(r.client, 0)
	r.provider.Pods = factory.Core().V1().Pods().Lister()
	if err := r.provider.Follow(factory.Core().V1().Pods().Informer()); err != nil {
		t.Fatal(err)
	}
	factory.Start(t.Context().Done())
	factory.WaitForCacheSync(t.Context().Done())
	return r
}

func TestAPodDeletedByForceWhileItEndsIsKilledAtOnce(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.Containers[0].Args = []string{"trap 'true' TERM; " + d.note("main") + "while :; do sleep 0.02; done"}
	r := followed(t, pod)
	r.create(t, pod)
	d.until(t, "main")
	if err := r.provider.DeletePod(context.Background(), pod); err != nil {
		t.Fatal(err)
	}
	i := r.provider.byUID(pod.UID)
	// As the API server does, the object of the last event says how it was deleted.
	now, zero := metav1.Now(), int64(0)
	pod = pod.DeepCopy()
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &now, &zero
	if err := r.client.Tracker().Update(v1.SchemeGroupVersion.WithResource("pods"), pod, "n"); err != nil {
		t.Fatal(err)
	}
	if err := r.client.Tracker().Delete(v1.SchemeGroupVersion.WithResource("pods"), "n", "p"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-i.gone:
	case <-time.After(20 * time.Second):
		t.Fatal("it still runs")
	}
}

func TestTheControllerCannotTakeAPodAwayWhileItsInitContainerRuns(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.InitContainers = []v1.Container{shell("init", d.stays("init"))}
	r := followed(t, pod)
	r.create(t, pod)
	d.until(t, "init")
	i := r.provider.byUID(pod.UID)
	pods := r.provider.PodClient(r.client.CoreV1()).Pods("n")
	options := metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &pod.UID}}
	if err := pods.Delete(context.Background(), "p", options); !apierrors.IsNotFound(err) {
		t.Fatalf("%v", err)
	}
	<-i.gone
	if got := d.read(t); got != "init init-ends" {
		t.Errorf("%s", got)
	}
	if _, err := r.client.CoreV1().Pods("n").Get(context.Background(), "p", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is still in the API: %v", err)
	}
	other := types.UID("other")
	options.Preconditions.UID = &other
	if err := pods.Delete(context.Background(), "q", options); !apierrors.IsNotFound(err) {
		t.Errorf("a pod that is not here is deleted as asked: %v", err)
	}
}

func TestAReadinessGateWaitsForAConditionOfOthersWhichIsKept(t *testing.T) {
	pod := newPod("1", "sleep 1000")
	pod.Spec.ReadinessGates = []v1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	r := followed(t, pod)
	r.create(t, pod)
	got := r.until(t, "waiting for its gate", func(p *v1.Pod) bool { return condition(p, v1.ContainersReady).Status == v1.ConditionTrue })
	if c := condition(got, v1.PodReady); c.Status != v1.ConditionFalse || c.Reason != "ReadinessGatesNotReady" {
		t.Errorf("%+v", c)
	}
	pod = pod.DeepCopy()
	pod.Status.Conditions = []v1.PodCondition{{Type: "example.com/gate", Status: v1.ConditionTrue}}
	if _, err := r.client.CoreV1().Pods("n").UpdateStatus(context.Background(), pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	got = r.until(t, "ready", func(p *v1.Pod) bool { return condition(p, v1.PodReady).Status == v1.ConditionTrue })
	if condition(got, "example.com/gate").Status != v1.ConditionTrue {
		t.Error("the gate's condition is lost")
	}
}

func TestAShorterGraceCountsAndALongerOneDoesNot(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Spec.Containers[0].Args = []string{"trap 'true' TERM; " + d.note("main") + "while :; do sleep 0.02; done"}
	r := newRig(t, t.TempDir(), pod)
	r.create(t, pod)
	d.until(t, "main")
	now, seconds := metav1.Now(), int64(1000)
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &now, &seconds
	i := r.provider.byUID(pod.UID)
	for _, grace := range []int64{1000, 0, 500} {
		seconds = grace
		if err := r.provider.DeletePod(context.Background(), pod); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-i.gone:
	case <-time.After(20 * time.Second):
		t.Fatal("it still runs")
	}
}
