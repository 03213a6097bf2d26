//go:build !linux

package stats

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

func processTable() []process {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,rss=,time=").Output()
	if err != nil {
		return nil
	}
	return parsePS(string(out))
}

// measureMachine takes the processor time of the processes that live: the system tells no more without its C library.
func measureMachine(u *usage) (machineMemory, error) {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return machineMemory{}, err
	}
	for _, p := range processTable() {
		u.cpu += p.cpu
		u.rss += p.resident
	}
	u.memory = min(u.rss, total)
	u.workingSet, u.rss = u.memory, u.memory
	if out, err := exec.Command("vm_stat").Output(); err == nil {
		if used := parseVMStat(string(out)); used > 0 {
			u.memory = min(used, total)
			u.workingSet = u.memory
		}
	}
	return machineMemory{total: total}, nil
}

func interfaces() (table []traffic, preferred string) { return nil, "" }
