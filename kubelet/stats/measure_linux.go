package stats

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc; the kernel converts to it on every architecture.
const tick = 10 * time.Millisecond

// processTable reads /proc. A process that ends meanwhile is left out.
func processTable() []process {
	entries, _ := os.ReadDir("/proc")
	var table []process
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			stat, _ := os.ReadFile("/proc/" + entry.Name() + "/stat")
			statm, _ := os.ReadFile("/proc/" + entry.Name() + "/statm")
			if p, ok := parseStat(pid, string(stat), string(statm)); ok {
				status, _ := os.ReadFile("/proc/" + entry.Name() + "/status")
				p.shmem = parseMeminfo(string(status))["RssShmem"]
				table = append(table, p)
			}
		}
	}
	return table
}

// parseStat reads /proc/PID/stat and statm. Times of children that were waited for belong to the parent.
// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
func parseStat(pid int, stat, statm string) (process, bool) {
	// The command, in brackets, may hold anything.
	at := strings.LastIndexByte(stat, ')')
	if at < 0 {
		return process{}, false
	}
	fields, pages := strings.Fields(stat[at+1:]), strings.Fields(statm)
	if len(fields) < 15 || len(pages) < 3 {
		return process{}, false
	}
	field := func(n int) uint64 {
		value, _ := strconv.ParseUint(fields[n-3], 10, 64)
		return value
	}
	page := func(n int) uint64 {
		value, _ := strconv.ParseUint(pages[n], 10, 64)
		return value * uint64(os.Getpagesize())
	}
	return process{
		pid: pid, parent: int(field(4)),
		cpu:      time.Duration(field(14)+field(15)+field(16)+field(17)) * tick,
		resident: page(1), shared: page(2),
		faults: field(10) + field(11), majorFaults: field(12) + field(13),
	}, true
}

func measureMachine(u *usage) (machineMemory, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineMemory{}, err
	}
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return machineMemory{}, err
	}
	u.cpu = parseCPU(string(stat))
	values := parseMeminfo(string(info))
	total := values["MemTotal"]
	if total == 0 {
		return machineMemory{}, errors.New("/proc/meminfo names no MemTotal")
	}
	u.memory = total - min(total, values["MemFree"])
	u.workingSet = u.memory - min(u.memory, values["Inactive(file)"])
	u.rss = values["AnonPages"]
	return machineMemory{total: total}, nil
}

// parseCPU adds up the first line of /proc/stat, without idle and iowait.
func parseCPU(text string) time.Duration {
	line, _, _ := strings.Cut(text, "\n")
	var ticks uint64
	for n, field := range strings.Fields(line) {
		value, err := strconv.ParseUint(field, 10, 64)
		// user nice system idle iowait irq softirq steal; the guest times after them are part of user.
		if err == nil && n != 4 && n != 5 && n <= 8 {
			ticks += value
		}
	}
	return time.Duration(ticks) * tick
}

func parseMeminfo(text string) map[string]uint64 {
	values := map[string]uint64{}
	for _, line := range strings.Split(text, "\n") {
		name, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); len(fields) > 0 {
			kilobytes, _ := strconv.ParseUint(fields[0], 10, 64)
			values[name] = kilobytes << 10
		}
	}
	return values
}

// interfaces reads /proc/net/dev; the default one is that of the default route.
func interfaces() (table []traffic, preferred string) {
	devices, _ := os.ReadFile("/proc/net/dev")
	routes, _ := os.ReadFile("/proc/net/route")
	return parseDevices(string(devices)), parseDefaultRoute(string(routes))
}

func parseDevices(text string) []traffic {
	var table []traffic
	for _, line := range strings.Split(text, "\n") {
		name, rest, ok := strings.Cut(line, ":")
		fields := strings.Fields(rest)
		if name = strings.TrimSpace(name); !ok || len(fields) < 11 || name == "lo" {
			continue
		}
		number := func(n int) uint64 {
			value, _ := strconv.ParseUint(fields[n], 10, 64)
			return value
		}
		table = append(table, traffic{name: name, received: number(0), receiveErrors: number(2), sent: number(8), sendErrors: number(10)})
	}
	return table
}

func parseDefaultRoute(text string) string {
	for _, line := range strings.Split(text, "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == "00000000" {
			return fields[0]
		}
	}
	return ""
}
