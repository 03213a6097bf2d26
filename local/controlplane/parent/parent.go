// Package parent ends a child process when the process that started it is gone, even by SIGKILL.
package parent

import (
	"io"
	"os"
	"syscall"
)

// EnvWatch names the variable that switches the watch on; without it standard input is left alone,
// so that the programs can also be run by hand.
const EnvWatch = "RIG_WATCH_STDIN"

// Watch calls gone once standard input, a pipe held by the parent, is closed. It returns at once.
func Watch(gone func()) {
	if os.Getenv(EnvWatch) != "1" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		gone()
	}()
}

// Exit ends the process at once: for programs that keep no state of their own.
func Exit() { os.Exit(1) }

// Terminate asks the process to stop in its own order, so that what it stores is closed properly.
func Terminate() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) }
