package isolation

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"rig.dashecorp.com/kubelet/disk"
)

// Prepare makes, in the container's own directory on the machine, what Enter will need there.
func Prepare(p *Plan, dir string) error {
	if p == nil {
		return nil
	}
	if err := os.MkdirAll(stageOf(dir), 0o700); err != nil {
		return err
	}
	for _, m := range p.Mounts {
		if m.Kind != Scratch {
			continue
		}
		scratch := scratchOf(dir, m)
		if err := os.MkdirAll(scratch, 0o700); err != nil {
			return err
		}
		if !p.UserNamespace {
			if err := os.Chown(scratch, p.UID, p.GID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Clean removes what was private to the container. What stays although it may not goes with the pod.
func Clean(dir string) { _ = disk.Remove(filepath.Join(dir, "scratch")) }

func stageOf(dir string) string { return filepath.Join(dir, "root") }
func scratchOf(dir string, m Mount) string {
	return filepath.Join(dir, "scratch", filepath.Base(m.Target))
}

// Enter puts this process, already in the namespaces of Attributes, behind the wall: it and its children see only the
// plan's files, own no privilege and can gain none. It fails closed: after an error the process must end.
func Enter(p *Plan, dir string) error {
	steps := []struct {
		what string
		do   func() error
	}{
		{"the host name", func() error { return unix.Sethostname([]byte(p.Hostname)) }},
		{"loopback", func() error { return raiseLoopback(p) }},
		{"the file system", func() error { return enterRoot(p, dir) }},
		{"standard output", func() error { return giveOutput(p) }},
		{"limits", func() error { return setLimits(p) }},
		{"privileges", func() error { return dropPrivileges(p) }},
		{"Landlock", func() error { return restrictPaths(p) }},
		{"seccomp", restrictCalls},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("the container cannot be isolated (%s): %w", step.what, err)
		}
	}
	return nil
}

// raiseLoopback brings up the only interface of a network of its own.
func raiseLoopback(p *Plan) error {
	if !p.LoopbackOnly {
		return nil
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// giveOutput lets the container open /dev/stdout and /dev/stderr, which are pipes of the node's user.
func giveOutput(p *Plan) error {
	for _, fd := range []int{unix.Stdout, unix.Stderr} {
		if err := unix.Fchown(fd, p.UID, p.GID); err != nil {
			return err
		}
	}
	return nil
}

func setLimits(p *Plan) error {
	unix.Umask(0o002)
	if p.MaxProcesses > 0 {
		if err := Limit(unix.RLIMIT_NPROC, uint64(p.MaxProcesses)); err != nil {
			return err
		}
	}
	return Limit(unix.RLIMIT_CORE, 0)
}
