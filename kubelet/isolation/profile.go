package isolation

import (
	"slices"
	"strconv"
	"strings"
)

// macSystem is what programs read on macOS wherever they come from.
var macSystem = []string{
	"/Applications/Xcode.app", "/Library/Apple", "/Library/Developer", "/Library/Frameworks", "/Library/Java", "/System", "/bin",
	"/opt/homebrew", "/private/etc/localtime", "/private/etc/ssl", "/private/var/db/dyld", "/private/var/db/timezone", "/sbin", "/usr",
}

// Profile is the plan as a sandbox profile of macOS: everything is refused that is not named. There are no mounts
// there, so a volume is found where it lies, and no networks of one's own: a container that is to have loopback only
// reaches no other address, but shares the machine's loopback.
func Profile(p *Plan) string {
	var b strings.Builder
	line := func(text string) { b.WriteString(text + "\n") }
	line("(version 1)")
	line("(deny default)")
	line("(allow process-fork)")
	line("(allow process-exec)")
	line("(allow signal (target same-sandbox))")
	line("(allow process-info* (target same-sandbox))")
	line("(allow sysctl-read)")
	line("(allow mach-lookup (global-name \"com.apple.system.opendirectoryd.libinfo\"))")
	line("(allow file-read-metadata)")
	line("(allow file-read* (literal \"/\"))")
	for _, path := range macSystem {
		line(rule("file-read*", path))
	}
	line("(allow file-read* file-write* (literal \"/dev/null\") (literal \"/dev/zero\") (literal \"/dev/tty\") (regex #\"^/dev/ttys[0-9]+$\"))")
	line("(allow file-read* (literal \"/dev/random\") (literal \"/dev/urandom\"))")
	for _, m := range p.Mounts {
		if m.Kind == System || m.Source == "" {
			continue
		}
		source := m.Source
		if m.SubPath != "" {
			source += "/" + m.SubPath
		}
		if m.ReadOnly {
			line(rule("file-read*", source))
		} else {
			line(rule("file-read* file-write*", source))
		}
	}
	for _, path := range p.Hidden {
		if !slices.ContainsFunc(p.Mounts, func(m Mount) bool { return m.Source != "" && strings.HasPrefix(m.Source, path+"/") }) {
			line("(deny file-read* file-write* (subpath " + strconv.Quote(path) + "))")
		}
	}
	for _, text := range network(p) {
		line(text)
	}
	return b.String()
}

func rule(what, path string) string {
	return "(allow " + what + " (subpath " + strconv.Quote(path) + "))"
}

func network(p *Plan) []string {
	if !p.LoopbackOnly {
		return []string{"(allow network*)", "(allow system-socket)"}
	}
	return []string{
		"(allow network-bind (local ip \"localhost:*\"))",
		"(allow network-inbound (local ip \"localhost:*\"))",
		"(allow network-outbound (remote ip \"localhost:*\"))",
		"(allow network* (local unix-socket) (remote unix-socket))",
	}
}
