//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

const (
	sleepArg = "sleep"
	// manyProcesses is more than the suite's node allows one container.
	manyProcesses = 400
)

func processAttempts() []attempt {
	return []attempt{
		{name: "see a process of the machine", try: func(t *targets) error {
			_, err := os.Stat(proc(t.HostPID, "cmdline"))
			return err
		}},
		{name: "read the neighbour's environment", try: func(t *targets) error { return readEnviron(t) }},
		{name: "read the environment of its init", try: func(*targets) error {
			_, err := os.ReadFile("/proc/1/environ")
			return err
		}},
		{name: "read the neighbour's memory", try: func(t *targets) error { return readable(proc(t.NeighbourPID, "mem")) }},
		{name: "read the memory of its init", try: func(*targets) error { return readable("/proc/1/mem") }},
		{name: "go through the neighbour's root", try: func(t *targets) error {
			return readSecret(proc(t.NeighbourPID, "root")+t.Files["other worktree"], t.Secret)
		}},
		{name: "go through the machine's root", try: func(t *targets) error {
			return readSecret(proc(t.HostPID, "root")+t.Files["other worktree"], t.Secret)
		}},
		{name: "go through the root of its init", try: func(t *targets) error { return readSecret("/proc/1/root"+t.Files["other worktree"], t.Secret) }},
		{name: "go through a working directory", try: func(t *targets) error {
			_, err := os.ReadDir(proc(t.HostPID, "cwd"))
			return err
		}},
		{name: "list the descriptors of its init", try: func(*targets) error {
			_, err := os.ReadDir("/proc/1/fd")
			return err
		}},
		{name: "trace the neighbour", try: func(t *targets) error { return trace(t.NeighbourPID) }},
		{name: "trace its init", harmful: true, try: func(*targets) error { return trace(1) }},
		{name: "read memory by process_vm_readv", try: func(t *targets) error { return vmRead(t.HostPID) }},
		{name: "take a descriptor of the neighbour", try: func(t *targets) error { return takeDescriptor(t.NeighbourPID) }},
		{name: "signal the neighbour", try: func(t *targets) error { return unix.Kill(t.NeighbourPID, unix.SIGWINCH) }},
		{name: "signal a process of the machine", try: func(t *targets) error { return unix.Kill(t.HostPID, unix.SIGWINCH) }},
		{name: "kill its init", harmful: true, try: killInit},
		{name: "change limits of a process of the machine", try: func(t *targets) error {
			var limit unix.Rlimit
			return unix.Prlimit(t.HostPID, unix.RLIMIT_NOFILE, nil, &limit)
		}},
		{name: "change the priority of a process of the machine", try: func(t *targets) error {
			return unix.Setpriority(unix.PRIO_PROCESS, t.HostPID, 5)
		}},
		{name: "become root", try: func(*targets) error {
			if _, _, errno := unix.RawSyscall(unix.SYS_SETUID, 0, 0, 0); errno != 0 {
				return errno
			}
			return nil
		}},
		{name: "start more processes than a container may have", try: forkBomb},
	}
}

func proc(pid int, name string) string { return filepath.Join("/proc", strconv.Itoa(pid), name) }

// readEnviron looks at every process there is.
func readEnviron(t *targets) error {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if file != proc(os.Getpid(), "environ") && readSecret(file, t.Secret) == nil {
			return nil
		}
	}
	return fmt.Errorf("not in any of %d processes", len(files))
}

func readable(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return file.Close()
}

func trace(pid int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.PtraceAttach(pid); err != nil {
		return err
	}
	var status unix.WaitStatus
	_, _ = unix.Wait4(pid, &status, unix.WALL, nil)
	return unix.PtraceDetach(pid)
}

// vmRead finds out whether memory may be read, not what it holds: EFAULT comes after the question of rights.
func vmRead(pid int) error {
	buffer := make([]byte, 8)
	local := []unix.Iovec{{Base: &buffer[0], Len: 8}}
	_, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: 4096, Len: 8}}, 0)
	if errors.Is(err, unix.EFAULT) {
		return nil
	}
	return err
}

func takeDescriptor(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	taken, err := unix.PidfdGetfd(fd, 0, 0)
	if err != nil {
		return err
	}
	return unix.Close(taken)
}

// killInit works when the init is gone, which would end this program too; the kernel accepts the signal and drops it.
func killInit(*targets) error {
	_ = unix.Kill(1, unix.SIGKILL)
	if _, err := os.Stat("/proc/1"); err == nil {
		return errors.New("it lives on")
	}
	return nil
}

func forkBomb(*targets) error {
	var started []*exec.Cmd
	defer func() {
		for _, c := range started {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}()
	for range manyProcesses {
		c := exec.Command(os.Args[0], sleepArg)
		if err := c.Start(); err != nil {
			return fmt.Errorf("after %d: %w", len(started), err)
		}
		started = append(started, c)
	}
	return nil
}
