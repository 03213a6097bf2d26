package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/logs"
)

const (
	// signalTerm and signalKill, sent to the shim, reach the whole process group of the container.
	signalTerm = syscall.SIGTERM
	signalKill = syscall.SIGUSR2
	// Output that a process outside the group still holds open is not waited for any longer.
	drainWithin = 2 * time.Second
)

// initEnv is all that an init knows of the world.
var initEnv = []string{"GOMAXPROCS=2"}

// answer is the shim's one line on standard output.
type answer struct {
	Started *Started `json:"started,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// RunShim is the shim's whole life: it reads a Spec from in, answers on out whether the process started, and
// returns when the process is gone and exit.json is written. The same program, called by another name, is the init.
func RunShim(dir string, in io.Reader, out io.Writer) error {
	BeInit()
	if err := keepDescriptors(); err != nil {
		return reply(out, answer{Error: err.Error()})
	}
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
	log, err := logs.Open(LogPath(dir), spec.Log)
	if err != nil {
		return reply(out, answer{Error: err.Error()})
	}
	defer log.Close()
	defer isolation.Clean(dir)
	command, drained, group, err := launch(dir, spec, func(c *exec.Cmd) (<-chan struct{}, error) { return pipeOutput(c, log) })
	if err != nil {
		return reply(out, answer{Error: err.Error()})
	}
	started := Started{ShimPID: os.Getpid(), PID: command.Process.Pid, Group: group, StartedAt: time.Now()}
	if err := writeJSON(startedPath(dir), started); err != nil {
		_ = command.Process.Kill()
		return reply(out, answer{Error: err.Error()})
	}
	// The kubelet may be gone by now; the container goes on.
	_ = reply(out, answer{Started: &started})
	go forward(signals, command.Process, group > 0)

	code, err := awaitEnd(command, drained, group)
	if err != nil {
		return err
	}
	return writeJSON(exitPath(dir), Exit{Code: code, FinishedAt: time.Now()})
}

// BeInit becomes a container's init, and does not return, where this program was started as one.
func BeInit() {
	if os.Args[0] == initName {
		runInit()
	}
}

// awaitEnd returns the exit code once the init, all that it left behind, and their output are gone.
func awaitEnd(command *exec.Cmd, drained <-chan struct{}, group int) (int, error) {
	state, err := command.Process.Wait()
	if err != nil {
		return 0, err
	}
	if group > 0 {
		// What an init that was killed left behind.
		_ = unix.Kill(-group, unix.SIGKILL)
	}
	select {
	case <-drained:
	case <-time.After(drainWithin):
	}
	return exitCode(state), nil
}

// launch starts the container's init and returns once its command runs, with Started.Group. output says where what it writes
// goes; its channel is closed when all of it has gone there.
func launch(dir string, spec Spec, output func(*exec.Cmd) (<-chan struct{}, error)) (*exec.Cmd, <-chan struct{}, int, error) {
	if err := isolation.Prepare(spec.Isolation, dir); err != nil {
		return nil, nil, 0, err
	}
	listener, err := listen(dir)
	if err != nil {
		return nil, nil, 0, err
	}
	defer listener.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, nil, 0, err
	}
	command := &exec.Cmd{Path: self, Args: []string{initName, "/"}, Env: initEnv, Dir: "/", SysProcAttr: initAttributes(spec.Isolation)}
	drained, err := output(command)
	if err != nil {
		return nil, nil, 0, err
	}
	in, err := command.StdinPipe()
	if err != nil {
		return nil, nil, 0, err
	}
	status, statusWrite, err := os.Pipe()
	if err != nil {
		return nil, nil, 0, err
	}
	defer status.Close()
	command.ExtraFiles = []*os.File{listener, statusWrite}
	err = command.Start()
	_ = statusWrite.Close()
	if err != nil {
		return nil, nil, 0, fmt.Errorf("the container's init cannot be started: %w", err)
	}
	sendErr := json.NewEncoder(in).Encode(initSpec{Spec: spec, ContainerDir: dir})
	_ = in.Close()
	answered := initAnswer{Error: "the container's init gave no answer"}
	_ = json.NewDecoder(status).Decode(&answered)
	if answered.Group == 0 {
		_ = command.Process.Kill()
		_, _ = command.Process.Wait()
		return nil, nil, 0, errors.Join(errors.New(answered.Error), sendErr)
	}
	if isolation.OwnProcesses(spec.Isolation) {
		// The number means nothing outside.
		return command, drained, 0, nil
	}
	return command, drained, answered.Group, nil
}

func initAttributes(plan *isolation.Plan) *syscall.SysProcAttr {
	if plan == nil {
		return attributes()
	}
	return isolation.Attributes(plan)
}

// pipeOutput has what the container writes copied to the log; the channel is closed when all of it has been.
func pipeOutput(command *exec.Cmd, log *logs.Writer) (<-chan struct{}, error) {
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		return nil, err
	}
	var copying sync.WaitGroup
	copying.Go(func() { log.Copy("stdout", stdout) })
	copying.Go(func() { log.Copy("stderr", stderr) })
	drained := make(chan struct{})
	go func() {
		copying.Wait()
		close(drained)
	}()
	return drained, nil
}

// listen opens the socket at which the init will be asked. It stays in the container's directory, for a later kubelet.
func listen(dir string) (*os.File, error) {
	// A relative name: a socket's path may have 107 bytes only.
	if err := os.Chdir(dir); err != nil {
		return nil, err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socketName, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false)
	defer listener.Close()
	return listener.File()
}

// forward passes on what the kubelet sends. An init with processes of its own is killed, and all of them with it; any
// other knows the group to kill.
func forward(signals <-chan os.Signal, init *os.Process, ask bool) {
	for received := range signals {
		switch {
		case received == signalKill && !ask:
			_ = init.Kill()
		case received == signalTerm, received == signalKill:
			_ = init.Signal(received)
		}
	}
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok {
		return codeOf(status)
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
