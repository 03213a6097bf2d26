// Package server answers what the API server, and readers of metrics, ask of a kubelet: logs, commands, streams and
// ports of containers, what runs here and what it uses.
package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	v1 "k8s.io/api/core/v1"
	"k8s.io/kubelet/pkg/apis/stats/v1alpha1"

	"rig.dashecorp.com/kubelet/process"
)

// ErrNotFound is what a Backend returns when the pod or container is not on this node.
var ErrNotFound = errors.New("not on this node")

// Backend is the node behind the server. Errors wrap ErrNotFound or process.ErrNotRunning where these are the cause.
type Backend interface {
	LogSource
	// Running finds the process of a container that runs now.
	Running(namespace, pod, container string) (*process.Container, error)
	// RunningIn finds all of a pod, its main containers first.
	RunningIn(namespace, pod string) ([]*process.Container, error)
	// Attach passes on what the container writes from now on, and input to a container that takes some, until the
	// container ends, then with its exit code, or ctx does.
	Attach(ctx context.Context, namespace, pod, container string, streams process.Streams) (int, error)
	GetPods(context.Context) ([]*v1.Pod, error)
}

// Measures answers for what is used here.
type Measures interface {
	Summary(context.Context) (*v1alpha1.Summary, error)
	Resource(context.Context) ([]*dto.MetricFamily, error)
}

// Options are what a Handler needs. All are required.
type Options struct {
	Backend  Backend
	Measures Measures
	// Metrics are those of the kubelet itself.
	Metrics *Metrics
	Now     func() time.Time
}

const (
	// As the upstream kubelet's streamingConnectionIdleTimeout: a shell may be left alone for a while.
	streamIdle     = 4 * time.Hour
	streamCreation = 30 * time.Second
)

// Handler serves the routes. It must be wrapped in WithAuth.
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern, route string, h http.HandlerFunc) { mux.HandleFunc(pattern, o.Metrics.count(route, h)) }
	handle("GET /containerLogs/{namespace}/{pod}/{container}", "containerLogs", func(w http.ResponseWriter, r *http.Request) {
		serveLogs(w, r, o.Backend, o.Now)
	})
	const container = "/{namespace}/{pod}/{container}"
	for _, method := range []string{"GET ", "POST "} {
		handle(method+"/exec"+container, "exec", serveExec(o.Backend))
		handle(method+"/attach"+container, "attach", serveAttach(o.Backend))
		handle(method+"/portForward/{namespace}/{pod}", "portForward", servePortForward(o.Backend))
	}
	every := func(*v1.Pod) bool { return true }
	for _, end := range []string{"", "/{$}"} {
		handle("GET /pods"+end, "pods", servePods(o.Backend, every))
		handle("GET /runningpods"+end, "pods", servePods(o.Backend, isRunning))
	}
	for _, path := range []string{"/stats/summary", "/stats/summary/{$}"} {
		handle("GET "+path, "stats", serveSummary(o.Measures))
	}
	handle("GET /metrics/resource", "metrics", serveResource(o.Measures))
	handle("GET /metrics", "metrics", o.Metrics.handler(o.Backend))
	handle("GET /healthz", "healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	return mux
}

// refuse answers a request that could not begin.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusInternalServerError
	switch {
	case errors.Is(err, ErrNotFound):
		code = http.StatusNotFound
	case errors.Is(err, process.ErrNotRunning):
		code = http.StatusBadRequest
	}
	http.Error(w, err.Error(), code)
}
