package machine

import "golang.org/x/sys/unix"

// identify asks the kernel.
func identify() identity {
	var id identity
	id.machine, _ = unix.Sysctl("kern.uuid")
	id.boot, _ = unix.Sysctl("kern.bootsessionuuid")
	return id
}
