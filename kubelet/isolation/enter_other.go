//go:build !linux

package isolation

import (
	"errors"
	"path/filepath"
	"runtime"
	"syscall"
)

const sandboxExec = "/usr/bin/sandbox-exec"

// Attributes start an init; without namespaces it is an ordinary process.
func Attributes(*Plan) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// OwnProcesses says whether everything in the container ends with its init.
func OwnProcesses(*Plan) bool { return false }

// Prepare does nothing: what is private to a container lies where it always did.
func Prepare(*Plan, string) error { return nil }

// Clean does nothing.
func Clean(string) {}

// Enter does nothing but to fail closed where there is no sandbox: the wall is put up around each command.
func Enter(*Plan, string) error {
	if runtime.GOOS != "darwin" {
		return errors.New("containers cannot be isolated on this system")
	}
	return nil
}

// Command has the sandbox of the system start a program under the plan's profile, as the user of the node.
func Command(p *Plan, path string, argv []string, _ *syscall.ProcAttr) (string, []string) {
	if p == nil {
		return path, argv
	}
	return sandboxExec, append([]string{sandboxExec, "-p", Profile(p, realPath), path}, argv[1:]...)
}

// realPath is the path itself where there is nothing yet.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

func landlockABI() int { return 0 }

func hasSeccomp() bool { return false }
