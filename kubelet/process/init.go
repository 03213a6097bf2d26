package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"rig.dashecorp.com/kubelet/isolation"
)

// initName is what an init is called in a list of processes; RunShim tells by it which of the two it is to be.
const initName = "rig-init"

// An init finds these beside standard input (its Spec), output and error (the container's).
const (
	listenerFD = 3
	statusFD   = 4
)

// initAnswer is an init's one line to its shim.
type initAnswer struct {
	// Group is the process group of the container's first process, as the init numbers it.
	Group int    `json:"group,omitempty"`
	Error string `json:"error,omitempty"`
}

// initProcess is the first process of a container. It ends with the container's command and by its exit code;
// until then it serves what is asked for over the listener: commands and connections inside the container.
type initProcess struct {
	spec    Spec
	reaper  *reaper
	null    *os.File
	console *console
	// calls run on the init's own thread.
	calls chan func()
}

// runInit does not return.
func runInit() {
	// One thread starts and signals everything: Linux kills a child with the thread that started it (see attributes), and
	// Landlock lets only children of one thread, and that thread, signal each other.
	runtime.LockOSThread()
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	others := make(chan os.Signal, 16)
	signal.Notify(others)
	status := os.NewFile(statusFD, "status")
	unix.CloseOnExec(statusFD)
	unix.CloseOnExec(listenerFD)
	i := &initProcess{reaper: newReaper(), calls: make(chan func())}
	main, ended, err := i.begin()
	answer := initAnswer{Group: main}
	if err != nil {
		answer.Error = err.Error()
	}
	_ = json.NewEncoder(status).Encode(answer)
	_ = status.Close()
	if err != nil {
		os.Exit(1)
	}
	go i.serve()
	for {
		select {
		case <-children:
			i.reaper.reap()
		case call := <-i.calls:
			call()
		case received := <-others:
			i.forward(received, main)
		case end := <-ended:
			i.killAll(main)
			i.console.end(codeOf(end))
			os.Exit(codeOf(end))
		}
	}
}

// onThread runs call on the init's own thread and returns when it is done.
func (i *initProcess) onThread(call func()) {
	done := make(chan struct{})
	i.calls <- func() {
		call()
		close(done)
	}
	<-done
}

// initSpec is what an init reads from its shim.
type initSpec struct {
	Spec
	// ContainerDir is the container's directory on the machine.
	ContainerDir string `json:"containerDir"`
}

// begin reads the specification, goes where the container lives, and starts its command.
func (i *initProcess) begin() (int, <-chan syscall.WaitStatus, error) {
	var asked initSpec
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return 0, nil, fmt.Errorf("no specification: %w", err)
	}
	_ = os.Stdin.Close()
	i.spec = asked.Spec
	if err := i.enter(asked.ContainerDir); err != nil {
		return 0, nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	i.null = null
	if i.console, err = openConsole(i.spec, null); err != nil {
		return 0, nil, err
	}
	defer i.console.begun()
	return i.start(i.spec.Argv, i.spec.Env, &syscall.ProcAttr{Files: i.console.files(), Sys: i.console.attributes()})
}

// enter puts this process, and with it all that it will start, under the container's limits and behind its wall.
func (i *initProcess) enter(dir string) error {
	if err := i.spec.Placement.Enter(); err != nil {
		return err
	}
	for _, limit := range i.spec.Rlimits {
		if err := isolation.Limit(limit.Resource, limit.Value); err != nil {
			return fmt.Errorf("the limit %d cannot be set: %w", limit.Resource, err)
		}
	}
	if i.spec.Isolation == nil {
		return nil
	}
	if err := isolation.Enter(i.spec.Isolation, dir); err != nil {
		return err
	}
	if err := os.MkdirAll(i.spec.Dir, 0o755); err != nil {
		return fmt.Errorf("the working directory %s is not there: %w", i.spec.Dir, err)
	}
	return nil
}

// start finds the command's file where the process itself would and runs it in the container's directory.
func (i *initProcess) start(argv, env []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	if len(argv) == 0 {
		return 0, nil, errors.New("no command was named")
	}
	path, err := LookPath(argv[0], valueOf(env, "PATH"), i.spec.Dir)
	if err != nil {
		return 0, nil, err
	}
	attr.Dir, attr.Env = i.spec.Dir, env
	path, argv = isolation.Command(i.spec.Isolation, path, argv, attr)
	pid, ended, err := i.reaper.start(path, argv, attr)
	if err != nil {
		return 0, nil, &os.PathError{Op: "starting", Path: path, Err: err}
	}
	return pid, ended, nil
}

// valueOf is the last value of a variable, as for the process itself.
func valueOf(env []string, name string) string {
	value := ""
	for _, entry := range env {
		if key, text, _ := strings.Cut(entry, "="); key == name {
			value = text
		}
	}
	return value
}

// forward passes the two signals of the shim on; all others are for nobody.
func (i *initProcess) forward(received os.Signal, main int) {
	switch received {
	case signalTerm:
		_ = unix.Kill(-main, unix.SIGTERM)
	case signalKill:
		_ = unix.Kill(-main, unix.SIGKILL)
	}
}

// killAll ends what outlived the command, as everything in a container ends with its first process.
func (i *initProcess) killAll(main int) {
	_ = unix.Kill(-main, unix.SIGKILL)
	i.reaper.others(main, func(pid int) { _ = unix.Kill(-pid, unix.SIGKILL) })
}

// serve answers on the listener until the init ends.
func (i *initProcess) serve() {
	listener, err := net.FileListener(os.NewFile(listenerFD, "listener"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "init: "+err.Error())
		return
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			continue
		}
		go i.answer(conn.(*net.UnixConn))
	}
}
