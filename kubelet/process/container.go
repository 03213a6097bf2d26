package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Container is a process that was started under a shim, by this kubelet or by one before it.
type Container struct {
	Started
	dir  string
	done chan struct{}
	exit *Exit
}

// Start runs spec under the program shim and returns once it runs, or why it does not. dir must be new.
func Start(shimPath, dir string, spec Spec) (*Container, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	shim := exec.Command(shimPath, dir)
	// A session of its own: neither Ctrl-C nor the end of the kubelet reaches it.
	shim.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	shim.Env = []string{"PATH=/usr/bin:/bin", "GOMAXPROCS=2"}
	in, err := shim.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := shim.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := shim.Start(); err != nil {
		return nil, err
	}
	reaped := make(chan struct{})
	answered := answer{Error: "the shim gave no answer"}
	sendErr := json.NewEncoder(in).Encode(spec)
	_ = in.Close()
	_ = json.NewDecoder(out).Decode(&answered)
	go func() {
		_ = shim.Wait()
		close(reaped)
	}()
	if answered.Started == nil {
		<-reaped
		return nil, errors.Join(fmt.Errorf("%s", answered.Error), sendErr)
	}
	c := &Container{Started: *answered.Started, dir: dir, done: make(chan struct{})}
	go func() {
		<-reaped
		c.finish()
	}()
	return c, nil
}

// Adopt finds the container of a kubelet before this one in its directory. ok is false when it never started.
func Adopt(dir string) (c *Container, ok bool) {
	c = &Container{dir: dir, done: make(chan struct{})}
	if err := readJSON(startedPath(dir), &c.Started); err != nil {
		return nil, false
	}
	if !isAlive(dir) {
		c.finish()
		return c, true
	}
	go func() {
		_ = awaitDeath(dir)
		c.finish()
	}()
	return c, true
}

func (c *Container) finish() {
	exit := &Exit{}
	if err := readJSON(exitPath(c.dir), exit); err == nil {
		c.exit = exit
	} else {
		c.killLeftovers()
	}
	close(c.done)
}

// killLeftovers ends a group whose shim was killed, unless its number belongs to another process by now.
func (c *Container) killLeftovers() {
	if c.Group == 0 {
		return
	}
	if startedAt, ok := startTime(c.Group); ok && startedAt.Sub(c.StartedAt).Abs() < startTimeTolerance {
		_ = unix.Kill(-c.Group, unix.SIGKILL)
	}
}

// Done is closed once the process is gone.
func (c *Container) Done() <-chan struct{} { return c.done }

// Exit says how the process ended, after Done; nil when nobody saw it, because the shim was killed too.
func (c *Container) Exit() *Exit { return c.exit }

// Terminate sends SIGTERM to the whole process group. It does nothing once the process is gone.
func (c *Container) Terminate() { c.signal(signalTerm) }

// Kill sends SIGKILL to the whole process group. It does nothing once the process is gone.
func (c *Container) Kill() { c.signal(signalKill) }

// The shim is signalled, not the group: while it holds its lock, its number is certainly its own.
func (c *Container) signal(signal syscall.Signal) {
	select {
	case <-c.done:
	default:
		if isAlive(c.dir) {
			_ = unix.Kill(c.ShimPID, signal)
		}
	}
}
