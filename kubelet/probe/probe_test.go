package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	grpchealth "google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"rig.dashecorp.com/kubelet/process"
)

// target is a container in which one port answers, on whatever port of this machine its listener is.
type target struct {
	port int
	at   string
	exec func(process.ExecSpec) (int, error)
}

func (t target) Exec(_ context.Context, spec process.ExecSpec) (int, error) { return t.exec(spec) }

func (t target) Dial(ctx context.Context, port int) (net.Conn, error) {
	if port != t.port {
		return nil, fmt.Errorf("connection to port %d refused", port)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", t.at)
}

const within = 5 * time.Second

func serving(t *testing.T, start func(http.Handler) *httptest.Server, answer http.HandlerFunc) target {
	t.Helper()
	server := start(answer)
	t.Cleanup(server.Close)
	return target{port: 8080, at: server.Listener.Addr().String()}
}

func get8080(path string) *v1.ProbeHandler {
	return &v1.ProbeHandler{HTTPGet: &v1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080)}}
}

func TestAnHTTPProbeSucceedsFrom200To399(t *testing.T) {
	c := serving(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		var code int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &code)
		http.Error(w, "said "+r.URL.Path, code)
	})
	for code, well := range map[int]bool{200: true, 204: true, 302: true, 399: true, 400: false, 404: false, 503: false} {
		err := Check(t.Context(), c, get8080(fmt.Sprintf("/%d", code)), nil, within)
		if (err == nil) != well {
			t.Errorf("%d: %v", code, err)
		}
		if !well && !strings.Contains(err.Error(), fmt.Sprintf("statuscode: %d said /%d", code, code)) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestAnHTTPProbeSendsItsPathQueryHostAndHeaders(t *testing.T) {
	var got *http.Request
	c := serving(t, httptest.NewTLSServer, func(_ http.ResponseWriter, r *http.Request) { got = r })
	handler := get8080("/ready?deep=1")
	handler.HTTPGet.Scheme = v1.URISchemeHTTPS
	handler.HTTPGet.HTTPHeaders = []v1.HTTPHeader{{Name: "host", Value: "inside.test"}, {Name: "X-A", Value: "1"}, {Name: "X-A", Value: "2"}}
	if err := Check(t.Context(), c, handler, nil, within); err != nil {
		t.Fatal(err)
	}
	if got.URL.String() != "/ready?deep=1" || got.Host != "inside.test" || strings.Join(got.Header["X-A"], ",") != "1,2" ||
		!strings.HasPrefix(got.UserAgent(), "kube-probe/") {
		t.Fatalf("%s %s %v", got.URL, got.Host, got.Header)
	}
}

func TestARedirectIsFollowedWithinTheContainerAndNowhereElse(t *testing.T) {
	c := serving(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			http.Redirect(w, r, "/broken", http.StatusFound)
		case "/out":
			http.Redirect(w, r, "http://elsewhere.test/broken", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.Error(w, "broken", http.StatusInternalServerError)
		}
	})
	if err := Check(t.Context(), c, get8080("/in"), nil, within); err == nil {
		t.Error("a redirect within was not followed")
	}
	if err := Check(t.Context(), c, get8080("/out"), nil, within); err != nil {
		t.Errorf("a redirect elsewhere is an answer: %v", err)
	}
	if err := Check(t.Context(), c, get8080("/round"), nil, within); err == nil || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("a redirect in circles: %v", err)
	}
}

func TestPortsAreFoundByNameAndOnlyInTheContainerItself(t *testing.T) {
	c := serving(t, httptest.NewServer, func(http.ResponseWriter, *http.Request) {})
	ports := []v1.ContainerPort{{Name: "web", ContainerPort: 8080}}
	for name, try := range map[string]struct {
		port  intstr.IntOrString
		host  string
		wrong string
	}{
		"number":         {intstr.FromInt32(8080), "", ""},
		"name":           {intstr.FromString("web"), "localhost", ""},
		"text":           {intstr.FromString("8080"), "127.0.0.1", ""},
		"unknown name":   {intstr.FromString("other"), "", "neither a number nor the name"},
		"beyond":         {intstr.FromInt32(70000), "", "neither a number nor the name"},
		"nothing there":  {intstr.FromInt32(81), "", "refused"},
		"another host":   {intstr.FromInt32(8080), "169.254.169.254", "is not the container itself"},
		"another's name": {intstr.FromInt32(8080), "kubernetes.default", "is not the container itself"},
	} {
		for kind, handler := range map[string]*v1.ProbeHandler{
			"http": {HTTPGet: &v1.HTTPGetAction{Port: try.port, Host: try.host}},
			"tcp":  {TCPSocket: &v1.TCPSocketAction{Port: try.port, Host: try.host}},
		} {
			err := Check(t.Context(), c, handler, ports, within)
			if try.wrong == "" && err != nil || try.wrong != "" && (err == nil || !strings.Contains(err.Error(), try.wrong)) {
				t.Errorf("%s by %s: %v", kind, name, err)
			}
		}
	}
}

func TestAProbeThatTakesTooLongIsGivenUpAndSaysSo(t *testing.T) {
	release := make(chan struct{})
	c := serving(t, httptest.NewServer, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	if err := Check(t.Context(), c, get8080("/"), nil, 20*time.Millisecond); err == nil || err.Error() != "no answer within 20ms" {
		t.Fatal(err)
	}
}

func TestACommandFailsByItsExitCodeWithTheBeginningOfWhatItSaid(t *testing.T) {
	handler := &v1.ProbeHandler{Exec: &v1.ExecAction{Command: []string{"check", "it"}}}
	said := strings.Repeat("x", 3*maxOutput)
	c := target{exec: func(spec process.ExecSpec) (int, error) {
		if strings.Join(spec.Argv, " ") != "check it" {
			t.Errorf("%v", spec.Argv)
		}
		for range 2 {
			if n, err := spec.Stdout.Write([]byte(said)); n != len(said) || err != nil {
				t.Errorf("%d %v", n, err)
			}
		}
		return 7, nil
	}}
	err := Check(t.Context(), c, handler, nil, within)
	if err == nil || !strings.HasPrefix(err.Error(), "the command ended with 7: xxx") || len(err.Error()) > maxOutput+100 {
		t.Fatalf("%.100v", err)
	}
	c.exec = func(process.ExecSpec) (int, error) { return 0, nil }
	if err := Check(t.Context(), c, handler, nil, within); err != nil {
		t.Fatal(err)
	}
}

func TestAGRPCProbeAsksTheHealthServiceForItsService(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, states := grpc.NewServer(), grpchealth.NewServer()
	healthv1.RegisterHealthServer(server, states)
	states.SetServingStatus("down", healthv1.HealthCheckResponse_NOT_SERVING)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	c := target{port: 9000, at: listener.Addr().String()}
	for service, wrong := range map[string]string{"": "", "down": "NOT_SERVING", "unknown": "unknown service"} {
		handler := &v1.ProbeHandler{GRPC: &v1.GRPCAction{Port: 9000, Service: &service}}
		err := Check(t.Context(), c, handler, nil, within)
		if wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%q: %v", service, err)
		}
	}
}

func TestAHookSucceedsOnAnyAnswerButNotWithoutOne(t *testing.T) {
	c := serving(t, httptest.NewServer, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	hook := func(port int32) *v1.LifecycleHandler {
		return &v1.LifecycleHandler{HTTPGet: &v1.HTTPGetAction{Port: intstr.FromInt32(port)}}
	}
	if err := Run(t.Context(), c, hook(8080), nil); err != nil {
		t.Error(err)
	}
	if err := Run(t.Context(), c, hook(1), nil); err == nil {
		t.Error("nobody answered")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	over := errors.New("the grace is over")
	cancel(over)
	if err := Run(ctx, c, &v1.LifecycleHandler{Sleep: &v1.SleepAction{Seconds: 1000}}, nil); !errors.Is(err, over) {
		t.Error(err)
	}
}
