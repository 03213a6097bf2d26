// Package isolation walls a container off from its neighbours and from the machine: what is to hold is decided as a
// pure Plan, which the container's init carries out on itself before it starts anything.
package isolation

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const (
	// Home and Temp are private to a container and go with it.
	Home = "/home/rig"
	Temp = "/tmp"
)

// Plan is what a container's init makes of itself. It holds no secret.
type Plan struct {
	Hostname string `json:"hostname"`
	// UserNamespace: the node's user is not root; its containers share its uid and nothing else.
	UserNamespace bool `json:"userNamespace,omitempty"`
	// UID and GID are what the container runs as, seen from inside.
	UID int `json:"uid"`
	GID int `json:"gid"`
	// LoopbackOnly: a network of its own with nothing but loopback. Otherwise it shares the machine's.
	LoopbackOnly bool `json:"loopbackOnly,omitempty"`
	// Mounts make up the whole file system, those inside others after them.
	Mounts []Mount `json:"mounts"`
	// Hidden are paths that must not be seen even where a mount would show them.
	Hidden []string `json:"hidden,omitempty"`
	// MaxProcesses bounds processes and threads of the container's user; 0 leaves them to the machine's own limit.
	MaxProcesses int64 `json:"maxProcesses"`
}

// Mount is one part of the machine that a container sees.
type Mount struct {
	// Source is an absolute path of the machine; for a Scratch it is empty, and a fresh directory is made.
	Source string `json:"source,omitempty"`
	// SubPath lies beneath Source. Its components are made if they are missing and may not be symbolic links.
	SubPath string `json:"subPath,omitempty"`
	Target  string `json:"target"`
	Kind    Kind   `json:"kind"`
	// ReadOnly holds for everything beneath as well.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// Kind is what a mount is for.
type Kind string

const (
	// System is part of the operating system: skipped when missing, and a symbolic link where the machine has one.
	System Kind = "system"
	// Image is a directory of the image map.
	Image Kind = "image"
	// Shared is a volume that containers of a pod write together.
	Shared Kind = "shared"
	// Content is a volume that the kubelet writes and containers only read.
	Content Kind = "content"
	// Scratch is private to the container and deleted with it.
	Scratch Kind = "scratch"
)

// Container is what a plan is made from.
type Container struct {
	Hostname      string
	UserNamespace bool
	UID, GID      int
	LoopbackOnly  bool
	Volumes       []Volume
	// ImageDirectories are visible at their own path: the image's own, those of its PATH, of its command, and what the
	// node's administrator made readable beside them. The root directory stands for the system's directories alone.
	ImageDirectories []string
	// Hidden are the kubelet's own files.
	Hidden       []string
	MaxProcesses int64
}

// Volume is a volume mount of a container.
type Volume struct {
	// Source is the volume's directory on the machine.
	Source, SubPath, Target string
	ReadOnly                bool
	// Content: the kubelet writes it, so it is read-only whatever the mount says.
	Content bool
}

// systemMounts are what a program finds on any machine of this sort; /etc holds what is needed to link, to trust, to
// name and to tell the time, and nothing of the machine's services.
var systemMounts = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store",
	"/etc/alternatives", "/etc/ca-certificates", "/etc/ca-certificates.conf", "/etc/crypto-policies", "/etc/fonts",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/locale.alias", "/etc/localtime", "/etc/magic",
	"/etc/mime.types", "/etc/os-release", "/etc/pki", "/etc/protocols", "/etc/services", "/etc/ssl", "/etc/terminfo",
	"/etc/timezone",
}

// resolverMounts say how names are looked up; a container without a network has no use for them.
var resolverMounts = []string{"/etc/gai.conf", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/resolv.conf"}

// ownTargets are made by the init itself; into /dev a volume may be put, over the others none.
var ownTargets = []string{"/", "/dev", "/proc", "/sys"}

// New decides what a container sees and may do. It fails for a mount that would take the wall down.
func New(c Container) (*Plan, error) {
	p := &Plan{
		Hostname: c.Hostname, UserNamespace: c.UserNamespace, UID: c.UID, GID: c.GID, LoopbackOnly: c.LoopbackOnly,
		Hidden: c.Hidden, MaxProcesses: c.MaxProcesses,
	}
	taken := map[string]bool{}
	add := func(m Mount) {
		if !taken[m.Target] {
			taken[m.Target] = true
			p.Mounts = append(p.Mounts, m)
		}
	}
	for _, v := range c.Volumes {
		target, err := targetOf(v.Target)
		if err != nil {
			return nil, err
		}
		m := Mount{Source: v.Source, SubPath: strings.TrimPrefix(path.Clean("/"+v.SubPath), "/"), Target: target, Kind: Shared, ReadOnly: v.ReadOnly}
		if v.Content {
			m.Kind, m.ReadOnly = Content, true
		}
		add(m)
	}
	add(Mount{Target: Home, Kind: Scratch})
	add(Mount{Target: Temp, Kind: Scratch})
	for _, dir := range c.ImageDirectories {
		if dir = path.Clean(dir); !isOwn(dir) {
			add(Mount{Source: dir, Target: dir, Kind: Image, ReadOnly: true})
		}
	}
	system := systemMounts
	if !c.LoopbackOnly {
		system = slices.Concat(systemMounts, resolverMounts)
	}
	for _, file := range system {
		add(Mount{Source: file, Target: file, Kind: System, ReadOnly: true})
	}
	slices.SortStableFunc(p.Mounts, func(a, b Mount) int { return strings.Count(a.Target, "/") - strings.Count(b.Target, "/") })
	return p, nil
}

func targetOf(asked string) (string, error) {
	target := path.Clean("/" + asked)
	if isOwn(target) {
		return "", fmt.Errorf("a volume cannot be mounted at %s: the node makes it itself", target)
	}
	return target, nil
}

func isOwn(target string) bool {
	return slices.Contains(ownTargets, target) || strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "/sys/")
}

// Writable are the targets that the container may write beneath.
func (p *Plan) Writable() []string {
	var targets []string
	for _, m := range p.Mounts {
		if !m.ReadOnly {
			targets = append(targets, m.Target)
		}
	}
	return targets
}
