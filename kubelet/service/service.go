// Package service writes the files by which an operating system keeps the kubelet running: a systemd unit and a launchd
// property list, from one description.
package service

import (
	"fmt"
	"io"
	"path/filepath"
)

// Description is what is to run.
type Description struct {
	// Program is the kubelet's file and Args its command line, both as they are to be run.
	Program string
	Args    []string
	// DataDir is the kubelet's --data-dir, an absolute path.
	DataDir string
}

const (
	// Name is the service's name for systemd, Label for launchd.
	Name        = "rig-kubelet"
	Label       = "com.dashecorp.rig.kubelet"
	description = "Rig kubelet: runs pods as processes of this machine"
	// restartSeconds: a kubelet that cannot reach its cluster tries again soon, and does not spin.
	restartSeconds = 5
	// stopSeconds is longer than a shutdown that stops pods takes.
	stopSeconds = 60
	openFiles   = 65536
)

// Print writes the file for the manager, systemd or launchd. The error is a sentence for the person who asked.
func Print(out io.Writer, manager string, d Description) error {
	if !filepath.IsAbs(d.Program) || !filepath.IsAbs(d.DataDir) {
		return fmt.Errorf("a service needs absolute paths: %s, %s", d.Program, d.DataDir)
	}
	switch manager {
	case "systemd":
		return systemd(out, d)
	case "launchd":
		return launchd(out, d)
	}
	return fmt.Errorf("there are units for systemd and launchd, not for %q", manager)
}
