//go:build linux

package main

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const within = 2 * time.Second

func networkAttempts(t *targets) []attempt {
	var list []attempt
	for name, path := range t.Sockets {
		list = append(list, attempt{name: "connect to the " + name, try: func(*targets) error { return dial("unix", path) }})
	}
	ports := t.Ports
	if t.MachineNetwork {
		ports = nil
	}
	for name, port := range ports {
		list = append(list, attempt{name: "connect to the " + name, try: func(*targets) error { return dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)) }})
	}
	slices.SortFunc(list, func(a, b attempt) int { return strings.Compare(a.name, b.name) })
	if !t.MachineNetwork {
		list = append(list,
			attempt{name: "send a datagram to the machine", try: sendDatagram},
			attempt{name: "see a network interface besides loopback", try: otherInterface},
		)
	}
	return append(list,
		attempt{name: "connect to an abstract socket of the machine", try: func(t *targets) error { return dial("unix", "@"+t.Abstract) }},
		attempt{name: "open a raw socket", try: socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)},
		attempt{name: "open a packet socket", try: socket(unix.AF_PACKET, unix.SOCK_RAW, 0)},
		attempt{name: "open an audit socket", try: socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT)},
		attempt{name: "open a packet filter socket", try: socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER)},
		attempt{name: "open a socket to the hypervisor", try: socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0)},
		attempt{name: "open a socket of the kernel's ciphers", try: socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0)},
	)
}

func dial(network, address string) error {
	conn, err := net.DialTimeout(network, address, within)
	if err != nil {
		return err
	}
	return conn.Close()
}

// sendDatagram works when it is echoed.
func sendDatagram(t *targets) error {
	conn, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", t.UDPPort))
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(within))
	if _, err := conn.Write([]byte("escaped")); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 16))
	return err
}

func otherInterface(*targets) error {
	interfaces, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback == 0 {
			return nil
		}
	}
	return fmt.Errorf("%d, all loopback", len(interfaces))
}

func socket(family, kind, protocol int) func(*targets) error {
	return func(*targets) error {
		fd, err := unix.Socket(family, kind, protocol)
		if err != nil {
			return err
		}
		return unix.Close(fd)
	}
}
