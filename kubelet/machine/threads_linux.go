package machine

import (
	"os"
	"strconv"
	"strings"
)

const (
	// threadsPerPod is what a pod of two containers was seen with, and some: a shim and an init for each, of about eight threads.
	threadsPerPod = 40
	// threadsOfRest is left to everything else on the machine.
	threadsOfRest = 4_000
)

// podsByThreads is how many pods the kernel can number the threads of; it numbers no more threads than kernel.pid_max.
func podsByThreads() (int, bool) {
	text, err := os.ReadFile("/proc/sys/kernel/pid_max")
	if err != nil {
		return 0, false
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, false
	}
	return podsWithin(most), true
}

func podsWithin(threads int) int {
	return max((threads-threadsOfRest)/threadsPerPod, 1)
}
