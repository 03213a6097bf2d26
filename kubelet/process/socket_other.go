//go:build !linux

package process

import (
	"net"
	"os"
	"path/filepath"
)

// dialSocket goes through a short link: the path of a container's directory may be longer than a socket's may be.
func dialSocket(dir string) (*net.UnixConn, error) {
	short, err := os.MkdirTemp("/tmp", "rig-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(short)
	link := filepath.Join(short, "d")
	if err := os.Symlink(dir, link); err != nil {
		return nil, err
	}
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: filepath.Join(link, socketName), Net: "unix"})
}
