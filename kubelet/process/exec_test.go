package process

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func run(t *testing.T, c *Container, spec ExecSpec) (int, string, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	spec.Stdout, spec.Stderr = &stdout, &stderr
	code, err := c.Exec(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return code, stdout.String(), stderr.String()
}

func TestExecGivesBothStreamsTheExitCodeAndTheContainersEnvironment(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	code, stdout, stderr := run(t, c, ExecSpec{Argv: []string{"sh", "-c", `echo "$GREETING $MORE"; echo err >&2; exit 6`}, Env: []string{"MORE=you"}})
	if code != 6 || stdout != "hello you\n" || stderr != "err\n" {
		t.Fatalf("%d %q %q", code, stdout, stderr)
	}
	if code, _, _ := run(t, c, ExecSpec{Argv: []string{"sh", "-c", "kill -9 $$"}}); code != 128+9 {
		t.Fatalf("killed: %d", code)
	}
}

func TestExecPassesStandardInputOnToItsEnd(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	large := strings.Repeat("0123456789abcdef", 1<<16)
	_, stdout, _ := run(t, c, ExecSpec{Argv: []string{"cat"}, Stdin: strings.NewReader(large)})
	if stdout != large {
		t.Fatalf("%d of %d bytes came back", len(stdout), len(large))
	}
	if _, stdout, _ := run(t, c, ExecSpec{Argv: []string{"cat"}}); stdout != "" {
		t.Fatalf("without input: %q", stdout)
	}
}

func TestExecWithATerminalHasItsSizeAndEndsAtTheEndOfInput(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	sizes, input := make(chan Size, 1), newLines()
	sizes <- Size{Width: 123, Height: 45}
	var out bytes.Buffer
	done := make(chan int, 1)
	go func() {
		code, _ := c.Exec(context.Background(), ExecSpec{
			Argv: []string{"sh", "-c", `until [ "$(stty size)" = "45 123" ]; do sleep 0.02; done; test -t 0 && test -t 1 && read line && echo "got $line" && cat; exit 3`},
			TTY:  true, Resize: sizes, Stdin: input, Stdout: &out,
		})
		done <- code
	}()
	input.send("word\n")
	input.end()
	select {
	case code := <-done:
		if code != 3 || !strings.Contains(out.String(), "got word\r\n") {
			t.Fatalf("%d %q", code, out.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it did not end")
	}
}

func TestExecOfACommandThatDoesNotExistIsAnError(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	if _, err := c.Exec(t.Context(), ExecSpec{Argv: []string{"no-such-thing"}}); err == nil || !strings.Contains(err.Error(), "no-such-thing") {
		t.Fatalf("%v", err)
	}
}

func TestACancelledExecIsKilledWithItsGroup(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	marker := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := c.Exec(ctx, ExecSpec{Argv: []string{"sh", "-c", "sleep 1000 & echo $! > " + marker + "; wait"}})
		done <- err
	}()
	child := number(t, marker)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	gone(t, child)
}

func TestExecAndDialReachAContainerThatAnotherKubeletStarted(t *testing.T) {
	// Longer than a socket's path may be.
	parent := filepath.Join(t.TempDir(), strings.Repeat("long-", 25))
	dir := filepath.Join(parent, "c")
	first, err := Start(os.Args[0], dir, Spec{Argv: []string{"/bin/sleep", "1000"}, Dir: "/"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Kill)
	c, ok := Adopt(dir)
	if !ok {
		t.Fatal("not found")
	}
	if code, stdout, _ := run(t, c, ExecSpec{Argv: []string{"/bin/echo", "here"}}); code != 0 || stdout != "here\n" {
		t.Fatalf("%d %q", code, stdout)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go echoOnce(listener)
	port := listener.Addr().(*net.TCPAddr).Port
	conn, err := c.Dial(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write([]byte("ping"))
	_ = conn.(*net.UnixConn).CloseWrite()
	if back, _ := io.ReadAll(conn); string(back) != "ping" {
		t.Fatalf("%q", back)
	}
	listener.Close()
	if _, err := c.Dial(t.Context(), port); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Fatalf("closed port: %v", err)
	}
	c.Kill()
	<-c.Done()
	if _, err := c.Exec(t.Context(), ExecSpec{Argv: []string{"true"}}); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("over: %v", err)
	}
}

func echoOnce(listener net.Listener) {
	if conn, err := listener.Accept(); err == nil {
		_, _ = io.Copy(conn, conn)
		_ = conn.Close()
	}
}

// lines is an input that gives what was sent, and ends when told.
type lines struct {
	*io.PipeReader
	write *io.PipeWriter
	queue chan string
}

func newLines() *lines {
	read, write := io.Pipe()
	l := &lines{PipeReader: read, write: write, queue: make(chan string, 10)}
	go func() {
		for text := range l.queue {
			_, _ = io.WriteString(write, text)
		}
		_ = write.Close()
	}()
	return l
}

func (l *lines) send(text string) { l.queue <- text }
func (l *lines) end()             { close(l.queue) }
