package stats

import (
	"strconv"
	"strings"
	"time"
)

// parsePS reads lines of pid, parent, resident kilobytes and processor time, as `ps -A -o pid=,ppid=,rss=,time=` prints.
func parsePS(text string) []process {
	var table []process
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) != 4 {
			continue
		}
		pid, pidErr := strconv.Atoi(fields[0])
		parent, parentErr := strconv.Atoi(fields[1])
		kilobytes, sizeErr := strconv.ParseUint(fields[2], 10, 64)
		cpu, ok := parseTime(fields[3])
		if pidErr == nil && parentErr == nil && sizeErr == nil && ok {
			table = append(table, process{pid: pid, parent: parent, cpu: cpu, resident: kilobytes << 10})
		}
	}
	return table
}

// parseTime reads [days-][hours:]minutes:seconds[.fraction].
func parseTime(text string) (time.Duration, bool) {
	var total time.Duration
	if days, rest, ok := strings.Cut(text, "-"); ok {
		n, err := strconv.Atoi(days)
		if err != nil {
			return 0, false
		}
		total, text = time.Duration(n)*24*time.Hour, rest
	}
	var seconds float64
	for _, part := range strings.Split(text, ":") {
		value, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, false
		}
		seconds = seconds*60 + value
	}
	return total + time.Duration(seconds*float64(time.Second)), true
}

// parseVMStat adds up what macOS cannot give away at once: active, wired and compressed pages, in bytes.
func parseVMStat(text string) uint64 {
	pageSize := uint64(4096)
	if _, rest, ok := strings.Cut(text, "page size of "); ok {
		if size, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64); err == nil {
			pageSize = size
		}
	}
	var pages uint64
	for _, line := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "Pages active", "Pages wired down", "Pages occupied by compressor":
			n, _ := strconv.ParseUint(strings.Trim(value, " ."), 10, 64)
			pages += n
		}
	}
	return pages * pageSize
}
