package service

import (
	"fmt"
	"io"
	"strings"
	"text/template"
)

// The kubelet hands out namespaces, mounts, users and control groups: what would forbid these is left out, and the
// rest of what systemd can take away is taken. Containers lose it with their kubelet.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
var unit = template.Must(template.New("unit").Funcs(template.FuncMap{"quote": quote, "path": path}).Parse(`[Unit]
Description={{.Text}}
Documentation=https://github.com/dashecorp/rig
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={{quote .Program}}{{range .Args}} \
    {{quote .}}{{end}}
Restart=always
RestartSec={{.Restart}}
TimeoutStopSec={{.Stop}}
UMask=0077

# Pods outlive their kubelet; one that runs out of memory ends alone.
KillMode=process
OOMPolicy=continue

# Containers have control groups of their own beside the kubelet's.
Delegate=cpu memory pids
DelegateSubgroup=kubelet
TasksMax=infinity
LimitNOFILE={{.Files}}

# Enough for uids, mounts, namespaces and a loopback of each container, and no more.
CapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_SETFCAP CAP_CHOWN CAP_FOWNER
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_KILL CAP_MKNOD CAP_NET_ADMIN CAP_SYS_RESOURCE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={{path .DataDir}}
ProtectHome=read-only
PrivateTmp=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`))

func systemd(out io.Writer, d Description) error {
	for _, text := range append([]string{d.Program, d.DataDir}, d.Args...) {
		if strings.ContainsAny(text, "\n\r\x00") {
			return fmt.Errorf("a unit cannot hold %q", text)
		}
	}
	return unit.Execute(out, map[string]any{
		"Text": description, "Program": d.Program, "Args": d.Args, "DataDir": d.DataDir,
		"Restart": restartSeconds, "Stop": stopSeconds, "Files": openFiles,
	})
}

// quote makes a word of a command line: systemd expands % everywhere and $ in arguments.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines
func quote(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(word) + `"`
}

// path makes a word of a list of paths, where $ is no special character.
func path(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(word) + `"`
}
