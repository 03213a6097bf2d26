package process

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// ps knows whole seconds only.
const startTimeTolerance = 3 * time.Second

// startTime asks ps, which every supported system has, when a process began.
func startTime(pid int) (time.Time, bool) {
	ps := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid))
	ps.Env = append(os.Environ(), "LC_ALL=C")
	out, err := ps.Output()
	if err != nil {
		return time.Time{}, false
	}
	at, err := time.ParseInLocation("Mon Jan _2 15:04:05 2006", strings.TrimSpace(string(out)), time.Local)
	return at, err == nil
}
