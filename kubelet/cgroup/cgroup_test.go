package cgroup

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// real skips where this machine lets nobody make groups; the fakes below cover the rules of both versions.
func real(t *testing.T) *Manager {
	t.Helper()
	m, err := Open()
	if err != nil {
		t.Skipf("no control groups here: %v", err)
	}
	return m
}

func create(t *testing.T, m *Manager, limits Limits) *Cgroup {
	t.Helper()
	c, err := m.Create("test-"+filepath.Base(t.TempDir())+t.Name(), "main", 0, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Remove(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// inside runs a script whose first act is to enter the group, as the first process of a container does.
func inside(c *Cgroup, script string) *exec.Cmd {
	enter := ""
	for _, file := range c.Placement().Procs {
		enter += "echo 0 > " + file + " && "
	}
	return exec.Command("sh", "-c", enter+script)
}

func TestAContainerOverItsMemoryLimitIsKilledAndTheGroupKnows(t *testing.T) {
	c := create(t, real(t), Limits{MemoryBytes: 32 << 20})
	err := inside(c, `exec python3 -c 'x = bytearray(256 << 20)' || head -c 256m /dev/zero | tail`).Run()
	if err == nil || !c.OOMKilled() {
		t.Fatalf("error %v, killed %v", err, c.OOMKilled())
	}
}

func TestAContainerWithinItsLimitIsMeasuredAndNotCalledKilled(t *testing.T) {
	c := create(t, real(t), Limits{MemoryBytes: 256 << 20, CPUMillis: 500, CPURequestMillis: 100, Processes: 64})
	command := inside(c, `i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo ready; read x`)
	in, _ := command.StdinPipe()
	out, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Stats()
	if err != nil || s.CPU == 0 || s.WorkingSet == 0 || s.MemoryUsage < s.WorkingSet {
		t.Fatalf("%+v %v", s, err)
	}
	if pids := c.Processes(); !slices.Contains(pids, command.Process.Pid) {
		t.Fatalf("%v lacks %d", pids, command.Process.Pid)
	}
	_ = in.Close()
	_ = command.Wait()
	if c.OOMKilled() {
		t.Fatal("nothing was killed")
	}
}

func TestMoreProcessesThanAllowedCannotBeStarted(t *testing.T) {
	c := create(t, real(t), Limits{Processes: 4})
	if c.Version == 1 && c.Dirs["pids"] == "" {
		t.Skip("no pids controller")
	}
	out, _ := inside(c, `for n in 1 2 3 4 5 6 7 8; do sleep 5 & done; wait`).CombinedOutput()
	if !strings.Contains(strings.ToLower(string(out)), "fork") {
		t.Fatalf("%s", out)
	}
}

func TestRemovingAGroupEndsWhoIsLeftInIt(t *testing.T) {
	c := create(t, real(t), Limits{})
	command := inside(c, `echo ready; exec sleep 1000`)
	out, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = out.Read(make([]byte, 8))
	waited := make(chan error, 1)
	go func() { waited <- command.Wait() }()
	if err := c.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err == nil {
		t.Fatal("the process ended by itself")
	}
	if _, err := c.Stats(); err == nil {
		t.Fatal("a removed group is measured")
	}
	if err := c.Remove(); err != nil {
		t.Fatalf("a second time: %v", err)
	}
}

func TestAGroupSavedByOneKubeletServesTheNext(t *testing.T) {
	c := create(t, real(t), Limits{MemoryBytes: 64 << 20})
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again Cgroup
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Stats(); err != nil || !slices.Equal(again.Placement().Procs, c.Placement().Procs) {
		t.Fatalf("%+v %v", again, err)
	}
}

func TestNoGroupAsksForNothing(t *testing.T) {
	var c *Cgroup
	if c.OOMKilled() || c.Remove() != nil || c.Placement().Enter() != nil {
		t.Fatal("a nil group did something")
	}
}

func TestAGroupThatCannotBeEnteredIsAnError(t *testing.T) {
	err := Placement{Procs: []string{filepath.Join(t.TempDir(), "cgroup.procs")}}.Enter()
	if err == nil || !os.IsNotExist(unwrap(err)) {
		t.Fatalf("%v", err)
	}
}

func unwrap(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = inner.Unwrap()
	}
}
