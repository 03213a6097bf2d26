package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"

	"rig.dashecorp.com/kubelet/process"
)

// The test binary plays the shim.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && filepath.IsAbs(os.Args[1]) {
		if err := process.RunShim(os.Args[1], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// node serves one container, as pod p.
func node(t *testing.T, spec process.Spec) *httptest.Server {
	t.Helper()
	spec.Dir = "/"
	spec.Env = append(spec.Env, "PATH=/usr/bin:/bin")
	c, err := process.Start(os.Args[0], filepath.Join(t.TempDir(), "c"), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Kill)
	s := httptest.NewServer(handler(&source{running: map[string]*process.Container{"p": c}}))
	t.Cleanup(s.CloseClientConnections)
	return s
}

func sleeping(t *testing.T) *httptest.Server {
	return node(t, process.Spec{Argv: []string{"sleep", "1000"}})
}

func stream(t *testing.T, s *httptest.Server, path string, options remotecommand.StreamOptions) error {
	t.Helper()
	target, _ := url.Parse(s.URL + path)
	executor, err := remotecommand.NewSPDYExecutor(&rest.Config{Host: s.URL}, "POST", target)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return executor.StreamWithContext(ctx, options)
}

func command(script string) string {
	return "/exec/n/p/c?command=sh&command=-c&command=" + url.QueryEscape(script)
}

func TestExecOverSPDYCarriesAllStreamsAndTheExitCode(t *testing.T) {
	s := sleeping(t)
	large := strings.Repeat("0123456789abcdef", 1<<16)
	var stdout, stderr bytes.Buffer
	err := stream(t, s, command("cat; echo err >&2; exit 7")+"&input=1&output=1&error=1",
		remotecommand.StreamOptions{Stdin: strings.NewReader(large), Stdout: &stdout, Stderr: &stderr})
	var exit utilexec.CodeExitError
	if !errors.As(err, &exit) || exit.Code != 7 || stdout.String() != large || stderr.String() != "err\n" {
		t.Fatalf("%v, %d bytes, %q", err, stdout.Len(), stderr.String())
	}
	if err := stream(t, s, command("true")+"&output=1", remotecommand.StreamOptions{Stdout: io.Discard}); err != nil {
		t.Fatalf("success: %v", err)
	}
	err = stream(t, s, "/exec/n/p/c?command=no-such-thing&output=1", remotecommand.StreamOptions{Stdout: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "no-such-thing") {
		t.Fatalf("%v", err)
	}
}

// queue gives terminal sizes as they are sent.
type queue chan remotecommand.TerminalSize

func (q queue) Next() *remotecommand.TerminalSize {
	size, open := <-q
	if !open {
		return nil
	}
	return &size
}

func TestExecWithATerminalFollowsItsSize(t *testing.T) {
	s := sleeping(t)
	sizes := make(queue, 2)
	sizes <- remotecommand.TerminalSize{Width: 100, Height: 30}
	out := &watched{found: make(chan struct{}), want: "first"}
	go func() {
		<-out.found
		sizes <- remotecommand.TerminalSize{Width: 123, Height: 45}
	}()
	err := stream(t, s, command(`until [ "$(stty size)" = "30 100" ]; do sleep 0.02; done; echo first; until [ "$(stty size)" = "45 123" ]; do sleep 0.02; done; tty`)+"&input=1&output=1&tty=1",
		remotecommand.StreamOptions{Stdin: blocked{}, Stdout: out, Tty: true, TerminalSizeQueue: sizes})
	if err != nil || !strings.Contains(out.String(), "first\r\n/dev/") {
		t.Fatalf("%v %q", err, out.String())
	}
}

type blocked struct{}

func (blocked) Read([]byte) (int, error) { select {} }

// watched closes found once its text holds want.
type watched struct {
	mu    sync.Mutex
	text  bytes.Buffer
	want  string
	found chan struct{}
	once  sync.Once
}

func (w *watched) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.text.Write(data)
	if strings.Contains(w.text.String(), w.want) {
		w.once.Do(func() { close(w.found) })
	}
	return n, err
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func TestACallerThatGoesAwayTakesItsCommandWithIt(t *testing.T) {
	s := sleeping(t)
	marker := filepath.Join(t.TempDir(), "ended")
	target, _ := url.Parse(s.URL + command(`trap 'touch `+marker+`' EXIT HUP TERM; echo up; while :; do echo; sleep 0.05; done`) + "&output=1")
	executor, _ := remotecommand.NewSPDYExecutor(&rest.Config{Host: s.URL}, "POST", target)
	ctx, cancel := context.WithCancel(t.Context())
	out := &watched{found: make(chan struct{}), want: "up"}
	done := make(chan error, 1)
	go func() { done <- executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: out}) }()
	<-out.found
	cancel()
	<-done
	var left bytes.Buffer
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		left.Reset()
		_ = stream(t, s, command("pgrep -f '[t]ouch "+marker+"'")+"&output=1", remotecommand.StreamOptions{Stdout: &left})
		if left.Len() == 0 {
			return
		}
	}
	t.Fatalf("still running: %s", left.String())
}

func TestAttachOverSPDYTalksToTheCommandAndBringsItsExitCode(t *testing.T) {
	s := node(t, process.Spec{Argv: []string{"sh", "-c", `read line; echo "got $line"; echo err >&2; exit 5`}, Stdin: true})
	var stdout, stderr bytes.Buffer
	err := stream(t, s, "/attach/n/p/c?input=1&output=1&error=1",
		remotecommand.StreamOptions{Stdin: strings.NewReader("word\n"), Stdout: &stdout, Stderr: &stderr})
	var exit utilexec.CodeExitError
	if !errors.As(err, &exit) || exit.Code != 5 || stdout.String() != "got word\n" || stderr.String() != "err\n" {
		t.Fatalf("%v %q %q", err, stdout.String(), stderr.String())
	}
}

func TestExecOverAWebSocketCarriesAllStreamsAndTheStatus(t *testing.T) {
	s := sleeping(t)
	dialer := websocket.Dialer{Subprotocols: []string{"v4.channel.k8s.io"}}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(s.URL, "http")+command("read x; echo $x; exit 3")+"&input=1&output=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.WriteMessage(websocket.BinaryMessage, []byte("\x00word\n"))
	got := map[byte]string{}
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			break
		}
		got[message[0]] += string(message[1:])
	}
	if got[1] != "word\n" || !strings.Contains(got[3], `"message":"3"`) {
		t.Fatalf("%q", got)
	}
}

func echo(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestPortForwardOverSPDYCarriesBytesBothWaysOnSeveralConnections(t *testing.T) {
	s, port := sleeping(t), echo(t)
	target, _ := url.Parse(s.URL + "/portForward/n/p")
	transport, upgrader, err := spdy.RoundTripperFor(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	defer close(stop)
	forwarder, err := portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", target),
		[]string{fmt.Sprintf("0:%d", port)}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = forwarder.ForwardPorts() }()
	<-ready
	ports, _ := forwarder.GetPorts()
	large := strings.Repeat("0123456789abcdef", 1<<15)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ports[0].Local))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			go func() {
				_, _ = io.WriteString(conn, large)
				_ = conn.(*net.TCPConn).CloseWrite()
			}()
			if back, _ := io.ReadAll(conn); string(back) != large {
				t.Errorf("%d of %d bytes came back", len(back), len(large))
			}
		})
	}
	all.Wait()
}
