package process

import (
	"sync"
	"syscall"
)

// reaper waits for every child of an init: those it started itself, and the orphans that became its own.
// os/exec cannot be used beside it, because both would wait for the same children.
type reaper struct {
	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
}

func newReaper() *reaper { return &reaper{waiting: map[int]chan syscall.WaitStatus{}} }

// start runs a program and returns its number and where its end will be told.
func (r *reaper) start(path string, argv []string, attr *syscall.ProcAttr) (int, <-chan syscall.WaitStatus, error) {
	// Held over the start: a child that ends at once must not be reaped before it is known.
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(path, argv, attr)
	if err != nil {
		return 0, nil, err
	}
	ended := make(chan syscall.WaitStatus, 1)
	r.waiting[pid] = ended
	return pid, ended, nil
}

// reap takes what has ended so far; it is called for every SIGCHLD.
func (r *reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if ended, known := r.waiting[pid]; known {
			delete(r.waiting, pid)
			ended <- status
		}
	}
}

// others calls each for every child but one.
func (r *reaper) others(except int, each func(pid int)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for pid := range r.waiting {
		if pid != except {
			each(pid)
		}
	}
}

func codeOf(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
