package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays the shim, as the kubelet's binary does.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && filepath.IsAbs(os.Args[1]) {
		if err := RunShim(os.Args[1], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func start(t *testing.T, script string) (*Container, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "c")
	c, err := Start(os.Args[0], dir, Spec{Argv: []string{"sh", "-c", script}, Env: []string{"GREETING=hello", "PATH=/usr/bin:/bin"}, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Kill(); <-c.Done() })
	return c, dir
}

func wait(t *testing.T, c *Container) Exit {
	t.Helper()
	select {
	case <-c.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the process did not end")
	}
	if c.Exit() == nil {
		t.Fatal("nobody saw the exit")
	}
	return *c.Exit()
}

// line waits until the log holds a line on the stream that begins with prefix, and returns what follows.
func line(t *testing.T, dir, stream, prefix string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(LogPath(dir))
		for _, text := range strings.Split(string(data), "\n") {
			if _, rest, ok := strings.Cut(text, " "+stream+" F "+prefix); ok {
				return rest
			}
		}
	}
	t.Fatalf("no line %q on %s", prefix, stream)
	return ""
}

func TestExitCodeAndBothStreamsAreKept(t *testing.T) {
	c, dir := start(t, `echo "out $GREETING"; echo err >&2; exit 7`)
	if exit := wait(t, c); exit.Code != 7 || exit.FinishedAt.IsZero() {
		t.Fatalf("exit %+v", exit)
	}
	line(t, dir, "stdout", "out hello")
	line(t, dir, "stderr", "err")
}

func TestTerminateReachesTheWholeGroup(t *testing.T) {
	c, dir := start(t, `sleep 1000 & echo child $!; trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done`)
	child, _ := strconv.Atoi(line(t, dir, "stdout", "child "))
	line(t, dir, "stdout", "ready")
	c.Terminate()
	if exit := wait(t, c); exit.Code != 3 {
		t.Fatalf("exit %+v", exit)
	}
	gone(t, child)
}

func TestKillEndsAProcessThatIgnoresTerminate(t *testing.T) {
	c, dir := start(t, `trap '' TERM; echo ready; while :; do sleep 0.05; done`)
	line(t, dir, "stdout", "ready")
	c.Terminate()
	c.Kill()
	if exit := wait(t, c); exit.Code != 128+9 {
		t.Fatalf("exit %+v", exit)
	}
}

func TestAdoptedContainerKeepsItsExitCode(t *testing.T) {
	_, dir := start(t, `trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done`)
	line(t, dir, "stdout", "ready")
	adopted, ok := Adopt(dir)
	if !ok {
		t.Fatal("not found")
	}
	adopted.Terminate()
	if exit := wait(t, adopted); exit.Code != 5 {
		t.Fatalf("exit %+v", exit)
	}
	again, ok := Adopt(dir)
	if exit := wait(t, again); !ok || exit.Code != 5 {
		t.Fatalf("exit %+v", exit)
	}
}

func TestAKilledShimTakesTheProcessWithItAndNoExitCodeIsInvented(t *testing.T) {
	c, dir := start(t, `echo ready; sleep 1000`)
	line(t, dir, "stdout", "ready")
	_ = syscall.Kill(c.ShimPID, syscall.SIGKILL)
	<-c.Done()
	if c.Exit() != nil {
		t.Fatalf("exit %+v", c.Exit())
	}
	gone(t, c.PID)
}

func TestACommandThatCannotRunIsAnError(t *testing.T) {
	_, err := Start(os.Args[0], filepath.Join(t.TempDir(), "c"), Spec{Argv: []string{"/does/not/exist"}, Dir: "/"})
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Fatalf("error %v", err)
	}
}

func TestLookPathSearchesTheContainersOwnPath(t *testing.T) {
	dir := t.TempDir()
	tool := filepath.Join(dir, "tool")
	if err := os.WriteFile(tool, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{"tool": tool, "./tool": tool, tool: tool} {
		if got, err := LookPath(command, "/nowhere:"+dir, dir); err != nil || got != want {
			t.Fatalf("%s: %s %v", command, got, err)
		}
	}
	if _, err := LookPath("absent", dir, dir); err == nil || !strings.Contains(err.Error(), "PATH") {
		t.Fatalf("error %v", err)
	}
}

func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
	}
	t.Fatalf("process %d still runs", pid)
}

// number waits until a file holds a number.
func number(t *testing.T, file string) int {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(file)
		if n, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil {
			return n
		}
	}
	t.Fatalf("no number in %s", file)
	return 0
}
