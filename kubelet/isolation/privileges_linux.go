package isolation

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// dropPrivileges leaves this process, on all its threads, the container's user and no capability, for good. The caller's
// thread is the one that starts every program.
func dropPrivileges(p *Plan) error {
	if err := dropBounds(); err != nil {
		return fmt.Errorf("the bounding set: %w", err)
	}
	if !p.UserNamespace {
		if err := syscall.Setgroups([]int{p.GID}); err != nil {
			return err
		}
		if err := syscall.Setresgid(p.GID, p.GID, p.GID); err != nil {
			return err
		}
		if err := syscall.Setresuid(p.UID, p.UID, p.UID); err != nil {
			return err
		}
	}
	if err := onAllThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0); err != nil {
		return fmt.Errorf("ambient capabilities: %w", err)
	}
	if err := clearCapabilities(); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	if err := onAllThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	// The container must not reach into its init, which answers for it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	// A change of user cleared it.
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

// dropBounds makes sure that no program started from this thread gets a capability from its file. The other threads start
// none, and telling them of each capability would take longer than all the rest of the wall.
func dropBounds() error {
	for capability := uintptr(0); capability <= 63; capability++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err == unix.EINVAL {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func clearCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return onAllThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0)
}

func onAllThreads(call, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
