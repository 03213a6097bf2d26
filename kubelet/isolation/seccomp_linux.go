package isolation

import (
	"fmt"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// refusedCalls fail with EPERM. None is needed to build or test a program; each has been, or is made to be, a way
// out: other processes' memory, mounts, namespaces, the kernel's own programs, keys and clocks.
var refusedCalls = []string{
	"acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
	"finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "ioperm", "iopl", "kcmp",
	"kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "migrate_pages", "mount", "mount_setattr", "move_mount",
	"move_pages", "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd",
	"pivot_root", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "quotactl_fd",
	"reboot", "request_key", "sethostname", "setdomainname", "setns", "settimeofday", "swapoff", "swapon", "syslog",
	"umount", "umount2", "userfaultfd", "uselib", "vhangup",
}

// absentCalls fail with ENOSYS: programs then use the older call, whose arguments a filter can see.
var absentCalls = []string{"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"}

const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
	unix.CLONE_NEWPID | unix.CLONE_NEWNET

// refusedArguments fail with EPERM: namespaces, sockets other than Unix, internet and route lists.
var refusedArguments = []seccomp.NameWithConditions{
	{Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: newNamespaces}}},
	{Name: "unshare", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: newNamespaces | unix.CLONE_NEWTIME}}},
	{Name: "socket", Conditions: otherThan(unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK)},
	{Name: "socket", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.Equal, Value: unix.AF_NETLINK},
		{Argument: 2, Operation: seccomp.NotEqual, Value: unix.NETLINK_ROUTE},
	}},
}

func otherThan(families ...uint64) seccomp.ArgumentConditions {
	var conditions seccomp.ArgumentConditions
	for _, family := range families {
		conditions = append(conditions, seccomp.Condition{Argument: 0, Operation: seccomp.NotEqual, Value: family})
	}
	return conditions
}

// hasSeccomp says whether this kernel takes filters.
func hasSeccomp() bool { return seccomp.Supported() }

// restrictCalls installs the filter on all threads. A kernel without filters runs without one.
func restrictCalls() error {
	if !hasSeccomp() {
		return nil
	}
	native, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	if err := refuseForeignCalls(uint32(native.ID)); err != nil {
		return fmt.Errorf("calls of other architectures: %w", err)
	}
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: callPolicy(native)})
}

func callPolicy(native *arch.Info) seccomp.Policy {
	known := func(names []string) []string {
		var here []string
		for _, name := range names {
			if _, ok := native.SyscallNames[name]; ok {
				here = append(here, name)
			}
		}
		return here
	}
	return seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: known(absentCalls)},
			{Action: seccomp.ActionErrno | seccomp.Action(unix.EPERM), Names: known(refusedCalls), NamesWithCondtions: refusedArguments},
		},
	}
}

// refuseForeignCalls is a filter of its own: the library's lets every call of another architecture pass, and a 64-bit
// program can make 32-bit calls.
func refuseForeignCalls(native uint32) error {
	const archOffset = 4
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: archOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: native, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return errno
	}
	return nil
}
