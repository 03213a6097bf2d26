package isolation

import (
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsyscall "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// landlockABI is the version this kernel offers, 0 when it offers none.
func landlockABI() int {
	version, err := llsyscall.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	return version
}

// restrictPaths repeats what the mounts allow where no mount can be undone, and keeps signals and abstract sockets
// inside. A kernel that knows less of Landlock, or nothing, enforces what it knows.
func restrictPaths(p *Plan) error {
	config := landlock.V7
	// Networks are separated by namespaces; ports are no wall.
	config.HandledAccessNet = 0
	dirs, files := []string{}, []string{}
	for _, target := range p.Writable() {
		if info, err := os.Stat(target); err != nil {
			return err
		} else if info.IsDir() {
			dirs = append(dirs, target)
		} else {
			files = append(files, target)
		}
	}
	return config.BestEffort().Restrict(
		landlock.RODirs("/"),
		landlock.RWDirs(dirs...).WithRefer(),
		landlock.RWFiles(files...),
		landlock.RWDirs("/dev", "/proc").WithIoctlDev(),
	)
}
