package server

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rig.dashecorp.com/kubelet/logs"
)

type source struct {
	options  logs.Options
	previous bool
}

func (s *source) WriteLogs(_ context.Context, out io.Writer, _, pod, _ string, previous bool, options logs.Options) error {
	s.options, s.previous = options, previous
	if pod == "gone" {
		return fmt.Errorf("the pod is %w", ErrNotFound)
	}
	_, err := io.WriteString(out, "text")
	return err
}

func ask(method, path string) (*httptest.ResponseRecorder, *source) {
	s, w := &source{}, httptest.NewRecorder()
	now := func() time.Time { return time.Unix(1000, 0) }
	Handler(s, now).ServeHTTP(w, httptest.NewRequest(method, path, nil))
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
		"/pods":                                   404,
	} {
		if w, _ := ask("GET", path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestExecAttachAndPortForwardAre501WithASentence(t *testing.T) {
	for path, word := range map[string]string{"/exec/n/p/c": "exec", "/attach/n/p/c": "attach", "/portForward/n/p": "port-forward"} {
		if w, _ := ask("POST", path); w.Code != 501 || !strings.Contains(w.Body.String(), "does not offer "+word) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
