package isolation

import "golang.org/x/sys/unix"

// Limit lowers a limit of this process and its children, for good. It never raises one.
func Limit(resource int, value uint64) error {
	var now unix.Rlimit
	if err := unix.Getrlimit(resource, &now); err != nil {
		return err
	}
	value = min(value, now.Max)
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value})
}
