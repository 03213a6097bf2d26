package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubelet/pkg/apis/stats/v1alpha1"

	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/process"
)

type source struct {
	options  logs.Options
	previous bool
	running  map[string]*process.Container
}

func (s *source) WriteLogs(_ context.Context, out io.Writer, _, pod, _ string, previous bool, options logs.Options) error {
	s.options, s.previous = options, previous
	if pod == "gone" {
		return fmt.Errorf("the pod is %w", ErrNotFound)
	}
	_, err := io.WriteString(out, "text")
	return err
}

func (s *source) Running(_, pod, container string) (*process.Container, error) {
	switch pod {
	case "gone":
		return nil, fmt.Errorf("the pod is %w", ErrNotFound)
	case "over":
		return nil, fmt.Errorf("the container %q: %w", container, process.ErrNotRunning)
	}
	return s.running[pod], nil
}

func (s *source) RunningIn(namespace, pod string) ([]*process.Container, error) {
	c, err := s.Running(namespace, pod, "c")
	return []*process.Container{c}, err
}

func (s *source) Attach(ctx context.Context, namespace, pod, container string, streams process.Streams) (int, error) {
	c, err := s.Running(namespace, pod, container)
	if err != nil {
		return 0, err
	}
	return c.Attach(ctx, streams)
}

func (s *source) GetPods(context.Context) ([]*v1.Pod, error) {
	running := v1.ContainerState{Running: &v1.ContainerStateRunning{}}
	return []*v1.Pod{
		{ObjectMeta: metav1.ObjectMeta{Name: "here"}, Status: v1.PodStatus{
			Phase: v1.PodRunning, ContainerStatuses: []v1.ContainerStatus{{State: running}},
		}},
		{ObjectMeta: metav1.ObjectMeta{Name: "prepared"}, Status: v1.PodStatus{
			Phase: v1.PodPending, InitContainerStatuses: []v1.ContainerStatus{{State: running}},
		}},
		{ObjectMeta: metav1.ObjectMeta{Name: "waiting"}, Status: v1.PodStatus{Phase: v1.PodPending}},
	}, nil
}

type measures struct{}

func (measures) Summary(context.Context) (*v1alpha1.Summary, error) {
	return &v1alpha1.Summary{Node: v1alpha1.NodeStats{NodeName: "host"}}, nil
}

func (measures) Resource(context.Context) ([]*dto.MetricFamily, error) {
	name, kind, value := "node_memory_working_set_bytes", dto.MetricType_GAUGE, 5.0
	return []*dto.MetricFamily{{Name: &name, Type: &kind, Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: &value}}}}}, nil
}

func handler(s *source) http.Handler {
	return Handler(Options{Backend: s, Measures: measures{}, Metrics: NewMetrics(true), Now: func() time.Time { return time.Unix(1000, 0) }})
}

func ask(method, path string) (*httptest.ResponseRecorder, *source) {
	s, w := &source{}, httptest.NewRecorder()
	handler(s).ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w, s
}

func TestLogOptionsAreRead(t *testing.T) {
	w, s := ask("GET", "/containerLogs/n/p/c?tailLines=0&follow=true&timestamps=true&limitBytes=9&sinceSeconds=100&previous=true")
	if w.Code != 200 || w.Body.String() != "text" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	o := s.options
	if *o.Tail != 0 || !o.Follow || !o.Timestamps || *o.LimitBytes != 9 || o.Since.Unix() != 900 || !s.previous {
		t.Fatalf("%+v", s)
	}
}

func TestBadOptionsAre400AndMissingPods404(t *testing.T) {
	for path, want := range map[string]int{
		"/containerLogs/n/p/c?tailLines=-1":       400,
		"/containerLogs/n/p/c?limitBytes=0":       400,
		"/containerLogs/n/p/c?follow=perhaps":     400,
		"/containerLogs/n/p/c?sinceTime=tomorrow": 400,
		"/containerLogs/n/gone/c":                 404,
		"/containerLogs/n/p/c?stream=Both":        400,
		"/configz":                                404,
	} {
		if w, _ := ask("GET", path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestStreamsOfWhatIsNotHereOrDoesNotRunAreRefusedBeforeTheyBegin(t *testing.T) {
	for path, want := range map[string]int{
		"/exec/n/gone/c?command=true&output=1": 404,
		"/exec/n/over/c?command=true&output=1": 400,
		"/exec/n/p/c?output=1":                 400,
		"/attach/n/gone/c?output=1":            404,
		"/portForward/n/over":                  400,
		"/run/n/p/c?cmd=true":                  404,
	} {
		if w, _ := ask("POST", path); w.Code != want || w.Body.Len() == 0 {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}

func TestAPodOfWhichNothingRunsIsNotAmongTheRunningOnes(t *testing.T) {
	if w, _ := ask("GET", "/runningpods/"); strings.Contains(w.Body.String(), "waiting") {
		t.Fatal(w.Body)
	}
}

func TestWhatRunsAndWhatItUsesCanBeRead(t *testing.T) {
	for path, want := range map[string]string{
		"/pods":             `"kind":"PodList"`,
		"/pods/":            `"name":"waiting"`,
		"/runningpods":      `"name":"here"`,
		"/runningpods/":     `"name":"prepared"`,
		"/stats/summary":    `"nodeName":"host"`,
		"/metrics/resource": "node_memory_working_set_bytes 5",
		"/healthz":          "ok",
	} {
		if w, _ := ask("GET", path); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestTheKubeletsOwnMetricsAreThereAtZeroAndCountRequests(t *testing.T) {
	h := handler(&source{})
	get := func(path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String()
	}
	first := get("/metrics")
	for _, line := range []string{
		`rig_kubelet_requests_total{outcome="ok",route="exec"} 0`, `rig_kubelet_pods{phase="Running"} 1`,
		`rig_kubelet_pods{phase="Failed"} 0`, "rig_kubelet_limits_enforced 1", "go_goroutines ",
	} {
		if !strings.Contains(first, line) {
			t.Errorf("no %s", line)
		}
	}
	_ = get("/containerLogs/n/gone/c")
	if second := get("/metrics"); !strings.Contains(second, `rig_kubelet_requests_total{outcome="refused",route="containerLogs"} 1`) {
		t.Error(second)
	}
}
