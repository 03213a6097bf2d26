package server

import (
	"bufio"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	v1 "k8s.io/api/core/v1"
)

// Metrics are what the kubelet says of itself; its README lists them.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	pods     *prometheus.GaugeVec
}

var (
	routes   = []string{"containerLogs", "exec", "attach", "portForward", "pods", "stats", "metrics", "healthz"}
	outcomes = []string{"ok", "refused", "failed"}
	phases   = []v1.PodPhase{v1.PodPending, v1.PodRunning, v1.PodSucceeded, v1.PodFailed}
)

// NewMetrics has every series at zero. limited says whether containers' limits are enforced.
func NewMetrics(limited bool) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rig_kubelet_requests_total", Help: "Requests that were let in, by route; streams count when they begin.",
		}, []string{"route", "outcome"}),
		pods: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "rig_kubelet_pods", Help: "Pods on this node, by phase."}, []string{"phase"}),
	}
	enforced := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rig_kubelet_limits_enforced", Help: "1 where containers have control groups, 0 where their limits are not enforced by the system.",
	})
	if limited {
		enforced.Set(1)
	}
	for _, route := range routes {
		for _, outcome := range outcomes {
			m.requests.WithLabelValues(route, outcome)
		}
	}
	m.registry.MustRegister(m.requests, m.pods, enforced, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// count counts a request by how it was answered.
func (m *Metrics) count(route string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		watched := &answer{ResponseWriter: w}
		watched.first = func(code int) { m.requests.WithLabelValues(route, outcomeOf(code)).Inc() }
		next(watched, r)
		watched.begin(http.StatusOK)
	}
}

func outcomeOf(code int) string {
	switch {
	case code >= 500:
		return "failed"
	case code >= 400:
		return "refused"
	}
	return "ok"
}

func (m *Metrics) handler(backend Backend) http.HandlerFunc {
	inner := promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return func(w http.ResponseWriter, r *http.Request) {
		pods, err := backend.GetPods(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		byPhase := map[v1.PodPhase]int{}
		for _, pod := range pods {
			byPhase[pod.Status.Phase]++
		}
		for _, phase := range phases {
			m.pods.WithLabelValues(string(phase)).Set(float64(byPhase[phase]))
		}
		inner.ServeHTTP(w, r)
	}
}

// answer sees the code of an answer once; streams take the connection away without one.
type answer struct {
	http.ResponseWriter
	first func(code int)
}

func (a *answer) begin(code int) {
	if a.first != nil {
		a.first(code)
		a.first = nil
	}
}

func (a *answer) WriteHeader(code int) {
	a.begin(code)
	a.ResponseWriter.WriteHeader(code)
}

func (a *answer) Write(data []byte) (int, error) {
	a.begin(http.StatusOK)
	return a.ResponseWriter.Write(data)
}

func (a *answer) Flush() {
	if flusher, ok := a.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Hijack hands the connection to a stream.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.begin(http.StatusSwitchingProtocols)
	return http.NewResponseController(a.ResponseWriter).Hijack()
}
