package provider

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const racers = 24

// racer is a pod with some of what makes an end complicated. Each of its processes carries mark in its environment.
func racer(n int, mark string, random *rand.Rand) *v1.Pod {
	scripts := []string{"true", "sleep 1000", "trap '' TERM; while :; do sleep 0.01; done", "sleep 0.05; exit 3"}
	oneOf := func() string { return scripts[random.IntN(len(scripts))] }
	pod := newPod(fmt.Sprintf("%s-%d", mark, n), oneOf())
	pod.Name = fmt.Sprintf("p%d", n)
	pod.Spec.RestartPolicy = []v1.RestartPolicy{v1.RestartPolicyNever, v1.RestartPolicyOnFailure, v1.RestartPolicyAlways}[random.IntN(3)]
	if random.IntN(2) == 0 {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, shell("init", oneOf()))
	}
	if random.IntN(2) == 0 {
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, sidecar("side", oneOf()))
	}
	for container := range containersOf(pod) {
		container.Env = []v1.EnvVar{{Name: "RACER", Value: mark}}
	}
	return pod
}

// marked counts the processes whose environment holds the mark.
func marked(mark string) int {
	count := 0
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil && bytes.Contains(data, []byte("RACER="+mark+"\x00")) {
			count++
		}
	}
	return count
}

func TestWheneverAndHoweverPodsAreDeletedNothingOfThemIsLeft(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random, mark := rand.New(rand.NewPCG(seed, 0)), fmt.Sprintf("mark-%d", seed)
	pods := make([]*v1.Pod, racers)
	for n := range pods {
		pods[n] = racer(n, mark, random)
	}
	r := newRig(t, t.TempDir(), pods...)
	go func() {
		for range r.changes {
		}
	}()
	var all sync.WaitGroup
	for _, pod := range pods {
		delay, forced, twice := time.Duration(random.IntN(300))*time.Millisecond, random.IntN(3) == 0, random.IntN(2) == 0
		all.Go(func() { live(t, r, pod, delay, forced, twice) })
	}
	all.Wait()
	if left := marked(mark); left > 0 {
		t.Errorf("%d processes are left", left)
	}
	if entries, err := os.ReadDir(r.provider.Dir); err != nil || len(entries) > 0 {
		t.Errorf("left on the disk: %v %v", entries, err)
	}
}

// live creates the pod, deletes it after the delay and returns when this node has forgotten it.
func live(t *testing.T, r *rig, pod *v1.Pod, delay time.Duration, forced, twice bool) {
	if err := r.provider.CreatePod(context.Background(), pod); err != nil {
		t.Error(err)
		return
	}
	i := r.provider.byUID(pod.UID)
	time.Sleep(delay)
	grace := time.Second
	if forced {
		grace = 0
	}
	i.remove(grace)
	if twice {
		i.remove(0)
	}
	select {
	case <-i.gone:
	case <-time.After(30 * time.Second):
		status := i.snapshot().Status
		t.Errorf("%s was never gone: %s", pod.Name, status.String())
		return
	}
	if _, err := r.client.CoreV1().Pods(pod.Namespace).Get(context.Background(), pod.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("%s is still in the API: %v", pod.Name, err)
	}
}
