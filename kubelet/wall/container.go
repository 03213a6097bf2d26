package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"

	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
)

const (
	// workAt is where a container finds the directory it works in, where this system can mount.
	workAt = "/checkout"
	// maxProcesses bounds the processes and threads of a container, as it does for those of the kubelet.
	maxProcesses = 4096
)

// canMount: without mounts a container sees the machine's own paths.
const canMount = runtime.GOOS == "linux"

// uids follow those of the kubelet's containers, so that neither is ever the other.
var uids = isolation.Range{First: isolation.DefaultRange.Last + 1, Last: isolation.DefaultRange.Last + 1<<16}

// container is what is run.
type container struct {
	// Dir is an absolute path, the container's alone, and removed at its end.
	Dir string `json:"dir"`
	// Work is a name in Dir: the directory that the command starts in and may write.
	Work string `json:"work"`
	// Command is found in the PATH of Env. HOME and TMPDIR, where Env has none, are the container's own.
	Command []string          `json:"command"`
	Env     map[string]string `json:"env"`
	// Readable are directories that it sees at their own path, beside those of the system.
	Readable []string `json:"readable"`
	// Hidden are directories that it does not see, even inside those.
	Hidden []string `json:"hidden"`
	// Network: the machine's; else one of its own with loopback alone.
	Network bool `json:"network"`
	// UserNamespace is as the probe answered.
	UserNamespace bool `json:"userNamespace"`
}

// read takes one container and refuses what it does not know: a wall that was meant and misspelt is none.
func read(in *json.Decoder) (*container, error) {
	in.DisallowUnknownFields()
	c := &container{}
	if err := in.Decode(c); err != nil {
		return nil, fmt.Errorf("standard input is no container: %w", err)
	}
	if !isOwnPath(c.Dir) {
		return nil, fmt.Errorf("dir must be an absolute path other than the root, not %q", c.Dir)
	}
	if c.Work == "" || c.Work == "." || c.Work == ".." || c.Work != filepath.Base(c.Work) || c.Work == "wall" {
		return nil, fmt.Errorf("work must be the name of a directory in dir, and none that the wall makes itself, not %q", c.Work)
	}
	if len(c.Command) == 0 {
		return nil, errors.New("command is empty")
	}
	for _, dir := range append(append([]string{}, c.Readable...), c.Hidden...) {
		if !isOwnPath(dir) {
			return nil, fmt.Errorf("readable and hidden must be absolute paths other than the root, not %q", dir)
		}
	}
	return c, nil
}

func isOwnPath(path string) bool { return filepath.IsAbs(path) && filepath.Clean(path) != "/" }

// user is who the container is. Those that run at the same time are most likely different; where they are not, their
// namespaces alone hold them apart.
func (c *container) user() (uid, gid int) {
	if c.UserNamespace {
		return isolation.UserOf(os.Geteuid()), isolation.UserOf(os.Getegid())
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(c.Dir))
	id := uids.First + int(hash.Sum32())%(uids.Last-uids.First+1)
	return id, id
}

// spec decides what the container sees and may do.
func (c *container) spec() (process.Spec, error) {
	uid, gid := c.user()
	work, home, temp := workAt, isolation.Home, isolation.Temp
	volumes := []isolation.Volume{{Source: c.Dir, SubPath: c.Work, Target: workAt}}
	if !canMount {
		work, home, temp = filepath.Join(c.Dir, c.Work), filepath.Join(c.Dir, "home"), filepath.Join(c.Dir, "tmp")
		volumes = nil
		for _, dir := range []string{work, home, temp} {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return process.Spec{}, err
			}
			volumes = append(volumes, isolation.Volume{Source: dir, Target: dir})
		}
	}
	plan, err := isolation.New(isolation.Container{
		Hostname: "ci", UserNamespace: c.UserNamespace, UID: uid, GID: gid, LoopbackOnly: !c.Network, Volumes: volumes,
		ImageDirectories: c.Readable, Hidden: c.Hidden, MaxProcesses: maxProcesses,
	})
	own := map[string]string{"HOME": home, "TMPDIR": temp}
	maps.Copy(own, c.Env)
	var env []string
	for name, value := range own {
		env = append(env, name+"="+value)
	}
	return process.Spec{Argv: c.Command, Env: env, Dir: work, Isolation: plan}, err
}

// handOver gives the container the directory it works in. No link is followed.
func (c *container) handOver() error {
	if c.UserNamespace || !canMount {
		return nil
	}
	uid, gid := c.user()
	return filepath.WalkDir(filepath.Join(c.Dir, c.Work), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}
