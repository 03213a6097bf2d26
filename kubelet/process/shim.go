package process

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// signalTerm and signalKill, sent to the shim, reach the whole process group of the container.
	signalTerm = syscall.SIGTERM
	signalKill = syscall.SIGUSR2
	// Output that a process outside the group still holds open is not waited for any longer.
	drainWithin = 2 * time.Second
)

// answer is the shim's one line on standard output.
type answer struct {
	Started *Started `json:"started,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// RunShim is the shim's whole life: it reads a Spec from in, answers on out whether the process started, and
// returns when the process is gone and exit.json is written.
func RunShim(dir string, in io.Reader, out io.Writer) error {
	// Linux kills the child with the thread that started it (see attributes).
	runtime.LockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, signalTerm, signalKill, syscall.SIGINT, syscall.SIGHUP)
	alive, err := holdAlive(dir)
	if err != nil {
		return reply(out, answer{Error: err.Error()})
	}
	defer alive.Close()

	var spec Spec
	if err := json.NewDecoder(in).Decode(&spec); err != nil {
		return reply(out, answer{Error: fmt.Sprintf("no specification: %v", err)})
	}
	log, err := openLog(LogPath(dir))
	if err != nil {
		return reply(out, answer{Error: err.Error()})
	}
	defer log.close()
	command, drained, err := launch(spec, log)
	if err != nil {
		return reply(out, answer{Error: err.Error()})
	}
	started := Started{ShimPID: os.Getpid(), PID: command.Process.Pid, StartedAt: time.Now()}
	if err := writeJSON(startedPath(dir), started); err != nil {
		_ = unix.Kill(-command.Process.Pid, unix.SIGKILL)
		return reply(out, answer{Error: err.Error()})
	}
	// The kubelet may be gone by now; the container goes on.
	_ = reply(out, answer{Started: &started})
	go forward(signals, command.Process.Pid)

	state, err := command.Process.Wait()
	if err != nil {
		return err
	}
	// What the process left behind in its group ends with it, as everything in a container ends with its first process.
	_ = unix.Kill(-command.Process.Pid, unix.SIGKILL)
	select {
	case <-drained:
	case <-time.After(drainWithin):
	}
	return writeJSON(exitPath(dir), Exit{Code: exitCode(state), FinishedAt: time.Now()})
}

func launch(spec Spec, log *logWriter) (*exec.Cmd, <-chan struct{}, error) {
	command := &exec.Cmd{Path: spec.Path, Args: spec.Argv, Env: spec.Env, Dir: spec.Dir, SysProcAttr: attributes()}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	var copying sync.WaitGroup
	copying.Go(func() { log.copy("stdout", stdout) })
	copying.Go(func() { log.copy("stderr", stderr) })
	drained := make(chan struct{})
	go func() {
		copying.Wait()
		close(drained)
	}()
	return command, drained, nil
}

func forward(signals <-chan os.Signal, group int) {
	for received := range signals {
		switch received {
		case signalTerm:
			_ = unix.Kill(-group, unix.SIGTERM)
		case signalKill:
			_ = unix.Kill(-group, unix.SIGKILL)
		}
	}
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

func reply(out io.Writer, a answer) error {
	if err := json.NewEncoder(out).Encode(a); err != nil {
		return err
	}
	if a.Error != "" {
		return fmt.Errorf("%s", a.Error)
	}
	return nil
}
