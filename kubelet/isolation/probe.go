package isolation

import (
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"strings"
)

// Mode is what the node's administrator asks for.
type Mode string

const (
	// Auto isolates where it can and says so where it cannot.
	Auto Mode = "auto"
	// Required lets the kubelet not start where it cannot isolate.
	Required Mode = "required"
	// None does not isolate.
	None Mode = "none"
)

// ParseMode reads a mode.
func ParseMode(text string) (Mode, error) {
	switch m := Mode(text); m {
	case Auto, Required, None:
		return m, nil
	}
	return "", fmt.Errorf("--isolation must be auto, required or none, not %q", text)
}

// Reasons of the node's condition Isolated.
const (
	ReasonUIDs          = "UidPerContainer"
	ReasonUserNamespace = "UserNamespacePerContainer"
	ReasonSandboxExec   = "SandboxExec"
	ReasonTurnedOff     = "TurnedOff"
	ReasonNoIsolation   = "NoIsolation"
)

// Result is what holds on this node, as its condition Isolated says it.
type Result struct {
	Isolated bool
	// UserNamespace: containers share the uid of the node's user.
	UserNamespace bool
	Reason        string
	// Message is one sentence or two, for people.
	Message string
}

// Features are what the kernel offers beside namespaces, and who asks.
type Features struct {
	OS          string
	UID         int
	LandlockABI int
	Seccomp     bool
	// Groups are those of the node's user besides its own, by name; in a user namespace it cannot leave them.
	Groups []string
	// Hint names a setting of the machine that forbids user namespaces; empty when none is known to.
	Hint string
}

// Probe asks the kernel.
func Probe() Features {
	return Features{
		OS: runtime.GOOS, UID: os.Geteuid(), LandlockABI: landlockABI(), Seccomp: hasSeccomp(), Groups: keptGroups(), Hint: namespaceHint(os.ReadFile),
	}
}

func keptGroups() []string {
	var names []string
	ids, _ := os.Getgroups()
	for _, id := range ids {
		if id == os.Getegid() {
			continue
		}
		name := strconv.Itoa(id)
		if group, err := user.LookupGroupId(name); err == nil {
			name = group.Name
		}
		names = append(names, name)
	}
	return names
}

// insideUID is who a container is in a user namespace of a kubelet that runs as root without root's rights.
const insideUID = 65532

// UserOf is who a container in a user namespace is, seen from inside: its own user, but never root.
func UserOf(id int) int {
	if id == 0 {
		return insideUID
	}
	return id
}

// Choose finds out what holds by trying: try starts a container behind the wall and says why it could not.
func Choose(mode Mode, f Features, ids Range, try func(Container) error) Result {
	if mode == None {
		return Result{Reason: ReasonTurnedOff, Message: "Isolation is turned off (--isolation none): containers can read what the user of this node can read."}
	}
	trial := Container{Hostname: "trial", LoopbackOnly: true, UID: ids.First + 1, GID: ids.First}
	var failures []string
	if f.UID == 0 || f.OS == "darwin" {
		err := try(trial)
		if err == nil {
			return success(f, ids, false)
		}
		failures = append(failures, err.Error())
	}
	if f.OS != "darwin" {
		trial.UserNamespace, trial.UID, trial.GID = true, UserOf(f.UID), UserOf(f.UID)
		err := try(trial)
		if err == nil {
			return success(f, ids, true)
		}
		failures = append(failures, err.Error())
	}
	message := "Containers run as processes of the user of this node and can read what that user can read: " + strings.Join(failures, "; ") + "."
	if f.Hint != "" {
		message += " " + f.Hint
	}
	return Result{Reason: ReasonNoIsolation, Message: message}
}

func success(f Features, ids Range, userNamespace bool) Result {
	if f.OS == "darwin" {
		r := Result{Isolated: true, Reason: ReasonSandboxExec, Message: "Each container runs in a sandbox of the system that names its files, and opens no Unix socket but those of its volumes. All share the user of the node, its processes are visible to them, and its loopback is theirs."}
		if f.UID == 0 {
			r.Message += " That user is root: give the kubelet a user of its own."
		}
		return r
	}
	r := Result{Isolated: true, UserNamespace: userNamespace, Reason: ReasonUIDs}
	who := fmt.Sprintf("Each container has a uid of its own (%s) and mount, pid, ipc and uts namespaces of its own", ids)
	if userNamespace {
		r.Reason = ReasonUserNamespace
		who = "Each container has user, mount, pid, ipc and uts namespaces of its own; all share the uid of the node's user"
		if len(f.Groups) > 0 {
			who += " and what its other groups may open (" + strings.Join(f.Groups, ", ") + ")"
		}
	}
	r.Message = who + ". " + layers(f)
	return r
}

func layers(f Features) string {
	holds, missing := []string{"no_new_privs"}, []string{}
	note := func(there bool, name string) {
		if there {
			holds = append(holds, name)
		} else {
			missing = append(missing, name)
		}
	}
	note(f.Seccomp, "a seccomp filter")
	if f.LandlockABI > 0 {
		holds = append(holds, fmt.Sprintf("Landlock (ABI %d)", f.LandlockABI))
	} else {
		missing = append(missing, "Landlock")
	}
	if f.LandlockABI > 0 && f.LandlockABI < 6 {
		missing = append(missing, "Landlock's separation of abstract sockets")
	}
	text := "On top: " + strings.Join(holds, ", ") + "."
	if len(missing) > 0 {
		text += " This kernel lacks: " + strings.Join(missing, ", ") + "."
	}
	return text
}

// namespaceHint looks for what distributions use to forbid user namespaces.
func namespaceHint(read func(string) ([]byte, error)) string {
	for _, s := range []struct{ file, forbids, cure string }{
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0: set it to 1, or run the kubelet as root"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns is 1: set it to 0, give the kubelet a profile that allows userns, or run it as root"},
		{"/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0: raise it, or run the kubelet as root"},
	} {
		if value, err := read(s.file); err == nil && strings.TrimSpace(string(value)) == s.forbids {
			return s.cure + "."
		}
	}
	return ""
}
