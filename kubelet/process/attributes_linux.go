package process

import "syscall"

// attributes put the container in a process group of its own, which dies should the shim be killed.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
