package process

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// heard collects output that a test waits for.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(data []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(data)
}

func (h *heard) await(t *testing.T, want string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		h.mu.Lock()
		found := strings.Contains(h.text.String(), want)
		h.mu.Unlock()
		if found {
			return
		}
	}
	t.Fatalf("no %q in %q", want, h.text.String())
}

func startWith(t *testing.T, spec Spec) (*Container, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "c")
	spec.Dir = t.TempDir()
	c, err := Start(os.Args[0], dir, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Kill(); <-c.Done() })
	return c, dir
}

func attach(c *Container, s Streams) <-chan int {
	done := make(chan int, 1)
	go func() {
		code, err := c.Attach(context.Background(), s)
		if err != nil {
			code = -1
		}
		done <- code
	}()
	return done
}

func TestTwoCallersAttachHearTheSameAndTheExitCodeAndTheLogHasItToo(t *testing.T) {
	c, dir := startWith(t, Spec{Argv: []string{"/bin/sh", "-c", `while read line; do echo "got $line"; [ "$line" = end ] && exit 4; done`}, Stdin: true})
	var first, second heard
	input, other := newLines(), newLines()
	one, two := attach(c, Streams{Stdin: input, Stdout: &first}), attach(c, Streams{Stdin: other, Stdout: &second})
	input.send("hello\n")
	first.await(t, "got hello")
	// The end of one caller's input is not that of the command's.
	other.end()
	input.send("end\n")
	if a, b := <-one, <-two; a != 4 || b != 4 {
		t.Fatalf("%d %d", a, b)
	}
	line(t, dir, "stdout", "got hello")
	line(t, dir, "stdout", "got end")
}

func TestTheInputOfAStdinOnceContainerEndsWithItsFirstCaller(t *testing.T) {
	c, dir := startWith(t, Spec{Argv: []string{"/bin/sh", "-c", `cat; echo over`}, Stdin: true, StdinOnce: true})
	var out heard
	if code := <-attach(c, Streams{Stdin: strings.NewReader("all of it\n"), Stdout: &out}); code != 0 {
		t.Fatal(code)
	}
	out.await(t, "all of it\nover\n")
	line(t, dir, "stdout", "over")
}

func TestAContainerWithATerminalPromptsWithoutALineFeedAndIsResized(t *testing.T) {
	c, _ := startWith(t, Spec{Argv: []string{"/bin/sh", "-c", `until [ "$(stty size)" = "45 123" ]; do sleep 0.02; done; printf 'name? '; read name; echo "hello $name"; exit 2`}, Env: []string{"PATH=/usr/bin:/bin"}, Stdin: true, TTY: true})
	var out heard
	input, sizes := newLines(), make(chan Size, 1)
	sizes <- Size{Width: 123, Height: 45}
	done := attach(c, Streams{Stdin: input, Stdout: &out, Resize: sizes})
	out.await(t, "name? ")
	input.send("you\n")
	if code := <-done; code != 2 {
		t.Fatal(code)
	}
	out.await(t, "hello you\r\n")
}

func TestAttachIsRefusedWhereTheContainerIsNotInteractiveOrOver(t *testing.T) {
	c, _ := start(t, "sleep 1000")
	if _, err := c.Attach(t.Context(), Streams{}); err == nil || !strings.Contains(err.Error(), "no terminal") {
		t.Fatalf("%v", err)
	}
	c.Kill()
	<-c.Done()
	if _, err := c.Attach(t.Context(), Streams{}); !errors.Is(err, ErrNotRunning) {
		t.Fatalf("%v", err)
	}
}
