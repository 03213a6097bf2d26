// Package process runs the process of a container under a small supervisor of its own, the shim, so that
// container, log and exit code outlive the kubelet that started them.
//
// A container's directory holds `alive`, locked by the shim as long as it lives; `started.json`; `exit.json`,
// written once the process and its group are gone; `log` in the CRI's format; and `init.sock`, where its init is asked
// for commands and connections inside the container.
package process

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rig.dashecorp.com/kubelet/cgroup"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/logs"
)

// Spec is what a shim runs. It reaches the shim through a pipe: the environment holds secrets.
type Spec struct {
	// Argv is the command; its file is looked for in the PATH of Env, inside the container.
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	// Dir is the working directory, inside the container; it is made when it is missing and the container may make it.
	Dir string `json:"dir"`
	// Stdin: the command reads what attached callers write; StdinOnce: its input ends with the first caller's.
	Stdin     bool `json:"stdin,omitempty"`
	StdinOnce bool `json:"stdinOnce,omitempty"`
	// TTY: the command has a terminal.
	TTY bool `json:"tty,omitempty"`
	// Log says when the log is rotated.
	Log logs.Rotation `json:"log"`
	// Placement is entered before the command starts.
	Placement cgroup.Placement `json:"placement"`
	// Rlimits hold for every process of the container. One above the limit of the kubelet itself is cut to it.
	Rlimits []Rlimit `json:"rlimits,omitempty"`
	// Isolation walls the container off; nil: it runs as the kubelet's user among everything that user can reach.
	Isolation *isolation.Plan `json:"isolation,omitempty"`
}

// Rlimit is a limit of a process; see setrlimit(2).
type Rlimit struct {
	// Resource is one of unix.RLIMIT_….
	Resource int    `json:"resource"`
	Value    uint64 `json:"value"`
}

// Started says who runs.
type Started struct {
	ShimPID int `json:"shimPID"`
	// PID is the container's init: everything in the container descends from it.
	PID int `json:"pid"`
	// Group is the process group of the command; 0 where the end of the init is that of everything in the container.
	Group     int       `json:"group,omitempty"`
	StartedAt time.Time `json:"startedAt"`
}

// Exit says how the process ended. A signal counts as 128 plus its number.
type Exit struct {
	Code       int       `json:"code"`
	FinishedAt time.Time `json:"finishedAt"`
}

func alivePath(dir string) string   { return filepath.Join(dir, "alive") }
func startedPath(dir string) string { return filepath.Join(dir, "started.json") }
func exitPath(dir string) string    { return filepath.Join(dir, "exit.json") }

// socketName is where the container's init is asked, in the container's directory.
const socketName = "init.sock"

// LogPath is the log of the container whose directory is dir.
func LogPath(dir string) string { return filepath.Join(dir, "log") }

func writeJSON(file string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func readJSON(file string, value any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, value)
}

// holdAlive takes the lock that says "this shim lives". The kernel lets go of it, however the shim ends.
func holdAlive(dir string) (*os.File, error) {
	file, err := os.OpenFile(alivePath(dir), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// isAlive reports whether a shim holds the directory.
func isAlive(dir string) bool {
	file, err := os.Open(alivePath(dir))
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// awaitDeath returns once no shim holds the directory.
func awaitDeath(dir string) error {
	file, err := os.Open(alivePath(dir))
	if err != nil {
		return err
	}
	defer file.Close()
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_SH)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
