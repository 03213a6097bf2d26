//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func kernelAttempts() []attempt {
	return []attempt{
		{name: "mount a file system", try: func(*targets) error { return mountOn("tmpfs", "tmpfs", 0) }},
		{name: "mount the machine's root elsewhere", try: func(*targets) error { return mountOn("/", "", unix.MS_BIND) }},
		{name: "remount the root for writing", harmful: true, try: func(*targets) error {
			return unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND, "")
		}},
		{name: "take a mount away", harmful: true, try: func(*targets) error { return unix.Unmount("/proc", unix.MNT_DETACH) }},
		{name: "open a mount tree", try: call(unix.SYS_OPEN_TREE, ^uintptr(99), pointer([]byte("/\x00")), unix.OPEN_TREE_CLONE)},
		{name: "open a file system context", try: call(unix.SYS_FSOPEN, pointer([]byte("tmpfs\x00")), 0, 0)},
		{name: "make a user namespace", try: func(*targets) error { return startIn(unix.CLONE_NEWUSER) }},
		{name: "make a mount namespace", try: func(*targets) error { return startIn(unix.CLONE_NEWNS) }},
		{name: "make a user namespace by unshare", try: func(*targets) error { return unshare(unix.CLONE_NEWUSER) }},
		{name: "make a user namespace by clone3", try: cloneThree},
		{name: "enter a namespace of a process of the machine", try: enterNamespace},
		{name: "change the root", harmful: true, try: func(*targets) error { return unix.Chroot(".") }},
		{name: "pivot the root", harmful: true, try: func(*targets) error { return unix.PivotRoot(".", ".") }},
		{name: "change the host name", harmful: true, try: func(*targets) error { return unix.Sethostname([]byte("escaped")) }},
		{name: "set the clock", harmful: true, try: func(*targets) error {
			return unix.Settimeofday(&unix.Timeval{Sec: 1})
		}},
		{name: "load a kernel module", harmful: true, try: call(unix.SYS_INIT_MODULE, pointer([]byte("x")), 1, pointer([]byte{0}))},
		{name: "load another kernel", harmful: true, try: call(unix.SYS_KEXEC_LOAD, 0, 0, 0)},
		{name: "restart the machine", harmful: true, try: call(unix.SYS_REBOOT, unix.LINUX_REBOOT_MAGIC1, unix.LINUX_REBOOT_MAGIC2, unix.LINUX_REBOOT_CMD_CAD_OFF)},
		{name: "use BPF", try: call(unix.SYS_BPF, unix.BPF_MAP_CREATE, pointer(mapOfOne), uintptr(len(mapOfOne)))},
		{name: "watch performance counters", try: perf},
		{name: "use the kernel's key rings", try: func(*targets) error {
			_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
			return err
		}},
		{name: "handle page faults of others", try: call(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)},
		{name: "use io_uring", try: ioUring},
		{name: "read the kernel's log", try: func(*targets) error {
			_, err := unix.Klogctl(10, nil)
			return err
		}},
		{name: "set where cores are dumped", try: rewrite("/proc/sys/kernel/core_pattern")},
		{name: "set a kernel parameter", try: rewrite("/proc/sys/kernel/printk")},
		{name: "use the system request key", try: func(*targets) error { return openToWrite("/proc/sysrq-trigger") }},
		{name: "list the kernel's keys", try: func(*targets) error { return nonEmpty("/proc/keys") }},
		{name: "call the kernel as a 32-bit program", try: foreignCall},
	}
}

// mapOfOne is the attribute of an array map with one entry of four bytes.
var mapOfOne = []byte{2, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

// call works when the kernel does not refuse it; a descriptor it may return is closed with this program.
func call(number, a, b, c uintptr) func(*targets) error {
	return func(*targets) error {
		if _, _, errno := unix.Syscall6(number, a, b, c, 0, 0, 0); errno != 0 {
			return errno
		}
		return nil
	}
}

func mountOn(source, kind string, flags uintptr) error {
	dir, err := os.MkdirTemp("", "mount")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	if err := unix.Mount(source, dir, kind, flags, ""); err != nil {
		return err
	}
	return unix.Unmount(dir, unix.MNT_DETACH)
}

func startIn(namespace uintptr) error {
	c := exec.Command("/bin/sh", "-c", ":")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespace}
	return c.Run()
}

// unshare runs on a thread that ends with it.
func unshare(namespace int) error {
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		// A program of several threads cannot, even where it may: a child asks.
		c := exec.Command("unshare", "--user", "true")
		if _, err := exec.LookPath("unshare"); err != nil {
			result <- unix.Unshare(namespace)
			return
		}
		result <- c.Run()
	}()
	return <-result
}

// cloneThree asks with arguments that are refused in any case: EINVAL means that the call itself was let through.
func cloneThree(*targets) error {
	_, _, errno := unix.Syscall(unix.SYS_CLONE3, 0, 0, 0)
	if errno == unix.EINVAL || errno == unix.EFAULT {
		return nil
	}
	return errno
}

func enterNamespace(t *targets) error {
	file, err := os.Open(proc(t.HostPID, "ns/net"))
	if err != nil {
		return err
	}
	defer file.Close()
	runtime.LockOSThread()
	return unix.Setns(int(file.Fd()), unix.CLONE_NEWNET)
}

func perf(*targets) error {
	attr := &unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Bits: unix.PerfBitExcludeKernel, Size: unix.PERF_ATTR_SIZE_VER0}
	fd, err := unix.PerfEventOpen(attr, 0, -1, -1, 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func ioUring(*targets) error {
	params := make([]byte, 120)
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, pointer(params), 0)
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

// rewrite writes what the file holds already.
func rewrite(path string) func(*targets) error {
	return func(*targets) error {
		value, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, value, 0)
	}
}

func nonEmpty(path string) error {
	data, err := os.ReadFile(path)
	if err == nil && len(data) == 0 {
		err = errors.New("it is empty")
	}
	return err
}
