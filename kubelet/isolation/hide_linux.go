package isolation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// privateDirs hold keys of the machine's services, and lie in what containers see of /etc. In a user namespace the groups of
// the node's user still open them.
var privateDirs = []string{"/etc/ssl/private", "/etc/pki/tls/private", "/etc/pki/CA/private"}

// hide covers what must not be seen wherever a mount shows it, by whatever name. What cannot be covered for as long as the
// container runs is refused.
func hide(root int, p *Plan) error {
	covers, err := coversOf(p)
	if err != nil {
		return err
	}
	for _, target := range covers {
		if err := cover(root, target); err != nil {
			return fmt.Errorf("hiding %s: %w", target, err)
		}
	}
	return nil
}

// coversOf lists the places in the container where something hidden would be seen. Real paths are compared, so that no
// symbolic link on the way to a hidden path or to a mount opens another way to it.
func coversOf(p *Plan) ([]string, error) {
	hidden, err := realPaths(p.Hidden)
	if err != nil {
		return nil, err
	}
	hidden = append(hidden, existingDirs(privateDirs)...)
	var covers []string
	for _, m := range p.Mounts {
		if m.Kind != System && m.Kind != Image || isRootLink(m) {
			continue
		}
		source, err := filepath.EvalSymlinks(m.Source)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		for _, path := range hidden {
			if _, inside := below(path, source); inside {
				covers = append(covers, m.Target)
			} else if rest, inside := below(source, path); inside {
				if err := checkLasting(path, source, hidden); err != nil {
					return nil, err
				}
				covers = append(covers, filepath.Join(m.Target, rest))
			}
		}
	}
	return covers, nil
}

// isRootLink: such a part of the system is a link in the container too, to what another mount shows.
func isRootLink(m Mount) bool {
	info, err := os.Lstat(m.Source)
	return err == nil && m.Kind == System && info.Mode()&os.ModeSymlink != 0 && filepath.Dir(m.Source) == "/"
}

// checkLasting refuses what a cover does not outlast: who writes a file anew renames another one over it, which takes the
// cover away, and there is nothing to cover where something will be made only later.
func checkLasting(path, source string, hidden []string) error {
	for _, other := range hidden {
		if _, inside := below(other, path); inside && other != path {
			return nil
		}
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%s cannot stay hidden in %s, since it is no directory: keep it elsewhere, or hide the directory it lies in", path, source)
}

// below says whether path is dir or lies in it, and where.
func below(dir, path string) (rest string, ok bool) {
	rest, err := filepath.Rel(dir, path)
	return rest, err == nil && rest != ".." && !strings.HasPrefix(rest, "../")
}

func realPaths(paths []string) ([]string, error) {
	var list []string
	for _, path := range paths {
		real, err := realEvenMissing(path)
		if err != nil {
			return nil, fmt.Errorf("where %s, which is to be hidden, really lies cannot be found out: %w", path, err)
		}
		list = append(list, real)
	}
	return list, nil
}

func existingDirs(paths []string) []string {
	var list []string
	for _, path := range paths {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			if info, err := os.Lstat(real); err == nil && info.IsDir() {
				list = append(list, real)
			}
		}
	}
	return list
}

// realEvenMissing is where a path lies, or would lie once it is made.
func realEvenMissing(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return real, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", errors.New("it is a symbolic link to nothing")
	}
	parent, err := realEvenMissing(filepath.Dir(path))
	return filepath.Join(parent, filepath.Base(path)), err
}

// cover covers the target, if it is there: something else may be mounted where it was.
func cover(root int, target string) error {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS}
	fd, err := unix.Openat2(root, target, &how)
	if errors.Is(err, unix.ENOENT) {
		return nil
	} else if err != nil {
		return err
	}
	defer unix.Close(fd)
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return err
	}
	at := fmt.Sprintf("/proc/self/fd/%d", fd)
	if info.Mode&unix.S_IFMT == unix.S_IFDIR {
		return unix.Mount("rig", at, "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "mode=000,size=1m")
	}
	return unix.Mount(os.DevNull, at, "", unix.MS_BIND, "")
}
