package process

import (
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"

	"rig.dashecorp.com/kubelet/isolation"
)

// RunOnce runs spec under this very process, which is the container's shim, and returns its exit code once everything in it is
// gone. What it writes, errors included, goes to out in the order it comes. SIGTERM to this process reaches the command; when
// leash is closed, or this process ends, everything is killed. An error says why the command never ran.
//
// dir must be new; what was private to the container is removed from it.
func RunOnce(dir string, spec Spec, out io.Writer, leash <-chan struct{}) (int, error) {
	// Linux kills the child with the thread that started it (see attributes).
	runtime.LockOSThread()
	if err := keepDescriptors(); err != nil {
		return 0, err
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, signalTerm, signalKill)
	defer signal.Stop(signals)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	defer isolation.Clean(dir)
	read, write, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer read.Close()
	command, drained, group, err := launch(dir, spec, func(c *exec.Cmd) (<-chan struct{}, error) {
		c.Stdout, c.Stderr = write, write
		return copyAll(out, read), nil
	})
	_ = write.Close()
	if err != nil {
		return 0, err
	}
	go forward(signals, command.Process, group > 0)
	go func() {
		<-leash
		signals <- signalKill
	}()
	return awaitEnd(command, drained, group)
}

// copyAll copies until every writer is gone; the channel is closed then.
func copyAll(out io.Writer, in io.Reader) <-chan struct{} {
	drained := make(chan struct{})
	go func() {
		_, _ = io.Copy(out, in)
		close(drained)
	}()
	return drained
}
