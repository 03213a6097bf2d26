package machine

import (
	"os"
	"strings"
)

// identify reads what systemd (or D-Bus) and the kernel made up. https://man7.org/linux/man-pages/man5/machine-id.5.html
func identify() identity {
	id := identity{machine: firstLine("/etc/machine-id"), boot: firstLine("/proc/sys/kernel/random/boot_id")}
	if id.machine == "" {
		id.machine = firstLine("/var/lib/dbus/machine-id")
	}
	return id
}

func firstLine(file string) string {
	text, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line)
}
