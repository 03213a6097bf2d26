package isolation

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// setupCapabilities are what the init of a user namespace needs until its walls stand.
var setupCapabilities = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_SETPCAP, unix.CAP_NET_ADMIN, unix.CAP_DAC_OVERRIDE}

// Attributes start an init in the namespaces of its plan.
func Attributes(p *Plan) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{
		Setpgid: true, Pdeathsig: syscall.SIGKILL,
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
	}
	if p.LoopbackOnly {
		attr.Cloneflags |= unix.CLONE_NEWNET
	}
	if p.UserNamespace {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: p.UID, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: p.GID, HostID: os.Getegid(), Size: 1}}
		attr.AmbientCaps = setupCapabilities
	}
	return attr
}

// OwnProcesses says whether everything in the container ends with its init.
func OwnProcesses(p *Plan) bool { return p != nil }

// Command is how a program is started inside: as it is, for the init stands behind the wall already.
func Command(_ *Plan, path string, argv []string, _ *syscall.ProcAttr) (string, []string) {
	return path, argv
}
