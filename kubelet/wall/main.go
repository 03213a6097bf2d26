// Command wall runs one command behind the wall that the kubelet puts around containers, for programs of this machine that
// execute what others wrote.
//
//	wall probe            says as JSON whether this machine isolates, and how or why not
//	wall run < container  runs a container and ends with its exit code
//
// A container is one JSON object on standard input, which then has to stay open: when it is closed, as by the end of whoever
// started this, everything in the container is killed. Standard output is what the container writes, its errors included.
// Standard error is the wall's own: a sentence there says that the command never ran, and the exit code is then 125.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"rig.dashecorp.com/kubelet/disk"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
)

// neverRan is the exit code where the command was not started.
const neverRan = 125

func main() {
	process.BeInit()
	code, err := 2, fmt.Errorf("usage: wall probe | wall run < container")
	if len(os.Args) == 2 {
		switch os.Args[1] {
		case "probe":
			code, err = 0, probe(os.Stdout)
		case "run":
			code, err = run(os.Stdin, os.Stdout)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wall: "+err.Error())
		if code == 0 {
			code = neverRan
		}
	}
	os.Exit(code)
}

// probed is the answer to a probe.
type probed struct {
	Isolated bool `json:"isolated"`
	// UserNamespace is what containers on this machine have to say of themselves.
	UserNamespace bool   `json:"userNamespace"`
	Message       string `json:"message"`
}

// probe finds out what holds by trying.
func probe(out io.Writer) error {
	result := isolation.Choose(isolation.Auto, isolation.Probe(), uids, try)
	return json.NewEncoder(out).Encode(probed{result.Isolated, result.UserNamespace, result.Message})
}

// try runs a shell behind the wall.
func try(c isolation.Container) error {
	dir, err := os.MkdirTemp("", "rig-wall-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	plan, err := isolation.New(c)
	if err != nil {
		return err
	}
	spec := process.Spec{Argv: []string{"/bin/sh", "-c", ":"}, Dir: "/", Isolation: plan}
	code, err := process.RunOnce(filepath.Join(dir, "wall"), spec, os.Stderr, nil)
	if err == nil && code != 0 {
		err = fmt.Errorf("a shell did not run behind it: exit code %d", code)
	}
	return err
}

// run runs the container that in describes, and removes its directory.
func run(in io.Reader, out io.Writer) (int, error) {
	decoder := json.NewDecoder(in)
	c, err := read(decoder)
	if err != nil {
		return 0, err
	}
	spec, err := c.spec()
	if err != nil {
		return 0, err
	}
	leash := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(leash)
	}()
	if err := c.handOver(); err != nil {
		return 0, err
	}
	// A later run finds nothing of this one, also of what it made unwritable.
	defer func() { _ = disk.Remove(c.Dir) }()
	return process.RunOnce(filepath.Join(c.Dir, "wall"), spec, out, leash)
}
