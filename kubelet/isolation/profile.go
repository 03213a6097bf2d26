package isolation

import (
	"path"
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
//
// The system compares real paths: resolve follows the symbolic links of one, as /var is one to /private/var.
func Profile(p *Plan, resolve func(path string) string) string {
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
	for _, dir := range macSystem {
		line("(allow file-read* " + subpath(dir) + ")")
	}
	line("(allow file-read* file-write* (literal \"/dev/null\") (literal \"/dev/zero\") (literal \"/dev/tty\") (regex #\"^/dev/ttys[0-9]+$\"))")
	line("(allow file-read* (literal \"/dev/random\") (literal \"/dev/urandom\"))")
	// The last rule that fits decides: what is hidden stays so in an image, and a container's volumes, which lie among it, do not.
	for _, path := range sources(p, resolve, Image) {
		line("(allow file-read* " + subpath(path) + ")")
	}
	for _, path := range p.Hidden {
		line("(deny file-read-data file-write* " + subpath(resolve(path)) + ")")
	}
	for _, m := range p.Mounts {
		switch source := resolve(sourceOf(m)); {
		case m.Kind != Shared && m.Kind != Content:
		case m.ReadOnly:
			line("(allow file-read* " + subpath(source) + ")")
		default:
			line("(allow file-read* file-write* " + subpath(source) + ")")
		}
	}
	for _, text := range network(p) {
		line(text)
	}
	for _, path := range sources(p, resolve, Shared) {
		line("(allow network-bind (local unix-socket " + subpath(path) + "))")
		line("(allow network-outbound (remote unix-socket " + subpath(path) + "))")
	}
	return b.String()
}

func subpath(path string) string { return "(subpath " + strconv.Quote(path) + ")" }

func sourceOf(m Mount) string { return path.Join(m.Source, m.SubPath) }

func sources(p *Plan, resolve func(string) string, kind Kind) []string {
	var list []string
	for _, m := range p.Mounts {
		if m.Kind == kind {
			list = append(list, resolve(sourceOf(m)))
		}
	}
	return list
}

// network is what a container may talk to besides the sockets of its volumes. A socket of the machine is none of its
// business, even where it is to reach the world: whoever listens there takes it for the node's user.
func network(p *Plan) []string {
	if !p.LoopbackOnly {
		return []string{
			"(allow network*)",
			"(allow system-socket)",
			"(deny network-outbound (remote unix-socket))",
			"(allow network-outbound (remote unix-socket (path-literal \"/private/var/run/mDNSResponder\")))",
		}
	}
	return []string{
		"(allow system-socket (socket-domain AF_UNIX))",
		"(allow network-bind (local ip \"localhost:*\"))",
		"(allow network-inbound (local ip \"localhost:*\"))",
		"(allow network-outbound (remote ip \"localhost:*\"))",
	}
}
