package isolation

import (
	"errors"
	"strings"
	"testing"
)

func TestWhatHoldsIsFoundOutByTryingAndSaidInASentence(t *testing.T) {
	full := Features{OS: "linux", UID: 0, LandlockABI: 7, Seccomp: true}
	user := Features{OS: "linux", UID: 1000, LandlockABI: 3, Hint: "Set it."}
	grouped := Features{OS: "linux", UID: 1000, Groups: []string{"docker", "ssl-cert"}}
	refused := errors.New("operation not permitted")
	works := func(Container) error { return nil }
	never := func(Container) error { return refused }
	onlyUsers := func(c Container) error {
		if c.UserNamespace {
			return nil
		}
		return refused
	}
	for name, c := range map[string]struct {
		mode     Mode
		features Features
		try      func(Container) error
		want     Result
		says     string
	}{
		"root":                           {Auto, full, works, Result{Isolated: true, Reason: ReasonUIDs}, "uid of its own (1900000000-1900065535).*Landlock (ABI 7)"},
		"root without its rights":        {Required, full, onlyUsers, Result{Isolated: true, UserNamespace: true, Reason: ReasonUserNamespace}, "share the uid"},
		"an ordinary user, older kernel": {Auto, user, works, Result{Isolated: true, UserNamespace: true, Reason: ReasonUserNamespace}, "lacks: a seccomp filter, Landlock's separation of abstract sockets"},
		"a user of further groups":       {Auto, grouped, works, Result{Isolated: true, UserNamespace: true, Reason: ReasonUserNamespace}, "uid of the node's user and what its other groups may open (docker, ssl-cert). On top"},
		"nothing works":                  {Auto, user, never, Result{Reason: ReasonNoIsolation}, "can read what that user can read: operation not permitted. Set it."},
		"turned off":                     {None, full, works, Result{Reason: ReasonTurnedOff}, "--isolation none"},
		"macOS":                          {Auto, Features{OS: "darwin", UID: 501}, works, Result{Isolated: true, Reason: ReasonSandboxExec}, "share the user of the node"},
		"macOS as root":                  {Auto, Features{OS: "darwin"}, works, Result{Isolated: true, Reason: ReasonSandboxExec}, "That user is root"},
		"macOS without a sandbox":        {Auto, Features{OS: "darwin", UID: 501}, never, Result{Reason: ReasonNoIsolation}, "not permitted"},
	} {
		got := Choose(c.mode, c.features, DefaultRange, c.try)
		for _, part := range strings.Split(c.says, ".*") {
			if !strings.Contains(got.Message, part) {
				t.Errorf("%s: %s", name, got.Message)
			}
		}
		if got.Message = ""; got != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTheTrialIsNeverRootAndOrdinaryUsersDoNotTryAUidOfTheirOwn(t *testing.T) {
	for _, uid := range []int{0, 1000} {
		var tried []Container
		Choose(Auto, Features{OS: "linux", UID: uid}, DefaultRange, func(c Container) error {
			tried = append(tried, c)
			return errors.New("no")
		})
		for _, c := range tried {
			if c.UID == 0 || c.GID == 0 || !c.LoopbackOnly || uid != 0 && !c.UserNamespace {
				t.Errorf("as %d: %+v", uid, c)
			}
		}
	}
}

func TestSettingsThatForbidUserNamespacesAreNamed(t *testing.T) {
	read := func(name string) ([]byte, error) {
		if strings.HasSuffix(name, "apparmor_restrict_unprivileged_userns") {
			return []byte("1\n"), nil
		}
		return nil, errors.New("absent")
	}
	if got := namespaceHint(read); !strings.Contains(got, "apparmor_restrict_unprivileged_userns is 1") {
		t.Error(got)
	}
	if _, err := ParseMode("maybe"); err == nil {
		t.Error("a mode that does not exist was taken")
	}
}
