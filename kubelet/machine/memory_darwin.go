package machine

import "golang.org/x/sys/unix"

func memoryBytes() (int64, error) {
	bytes, err := unix.SysctlUint64("hw.memsize")
	return int64(bytes), err
}
