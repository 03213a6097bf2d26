package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rig.dashecorp.com/kubelet/isolation"
)

// modes are the two ways to isolate that this user has: as root both, as any other the second.
func modes(t *testing.T, run func(t *testing.T, c isolation.Container)) {
	if os.Geteuid() == 0 {
		t.Run("a uid of its own", func(t *testing.T) { run(t, isolation.Container{UID: 1900000001, GID: 1900000000}) })
	}
	t.Run("a user namespace", func(t *testing.T) {
		run(t, isolation.Container{UserNamespace: true, UID: 65532, GID: 65532})
	})
}

func startIsolated(t *testing.T, c isolation.Container, script string) (*Container, string) {
	t.Helper()
	c.Hostname = "pod"
	p, err := isolation.New(c)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "c")
	started, err := Start(os.Args[0], dir, Spec{Argv: []string{"sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}, Dir: isolation.Home, Isolation: p})
	if err != nil {
		if Trial(os.Args[0], t.TempDir(), isolation.Container{UserNamespace: c.UserNamespace, UID: c.UID, GID: c.GID}) != nil {
			t.Skipf("this machine does not isolate so: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() { started.Kill(); <-started.Done() })
	return started, dir
}

func TestAnIsolatedContainerIsNobodyAndSeesItself(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		s, dir := startIsolated(t, c, `echo "host $(hostname) pwd $PWD procs $(ls -d /proc/[0-9]* | wc -l)"; grep -E "^(NoNewPrivs|Seccomp|CapEff|CapBnd|Uid)" /proc/self/status | tr '\n\t' '  '; echo; touch here /tmp/there && echo written`)
		wait(t, s)
		first := line(t, dir, "stdout", "host ")
		if !strings.HasPrefix(first, "pod pwd /home/rig procs ") {
			t.Error(first)
		}
		status := line(t, dir, "stdout", "Uid: ")
		for _, want := range []string{"NoNewPrivs: 1", "Seccomp: 2", "CapEff: 0000000000000000", "CapBnd: 0000000000000000"} {
			if !strings.Contains(status, want) {
				t.Errorf("%s: %s", want, status)
			}
		}
		line(t, dir, "stdout", "written")
		if left, _ := os.ReadDir(filepath.Join(dir, "scratch")); len(left) > 0 {
			t.Errorf("left on the disk: %v", left)
		}
	})
}

func TestReadOnlyMountsAndHiddenFilesHoldInside(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		volume, image := t.TempDir(), t.TempDir()
		if err := os.Mkdir(filepath.Join(image, "private"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{filepath.Join(volume, "token"), filepath.Join(image, "private", "secret"), filepath.Join(image, "program")} {
			if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_ = os.Chmod(image, 0o755)
		_ = os.Chmod(filepath.Join(image, "program"), 0o644)
		c.Volumes = []isolation.Volume{{Source: volume, Target: "/var/token", Content: true}}
		c.ImageDirectories = []string{image}
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(image, link); err != nil {
			t.Fatal(err)
		}
		c.Hidden = []string{filepath.Join(link, "private")}
		s, dir := startIsolated(t, c, `cat /var/token/token; echo; echo x 2>&- > /var/token/token || echo unwritten; cat `+image+`/program; echo; cat `+image+`/private/secret; echo end`)
		wait(t, s)
		text, _ := os.ReadFile(LogPath(dir))
		line(t, dir, "stdout", "unwritten")
		line(t, dir, "stdout", "end")
		if strings.Count(string(text), " stdout F text") != 2 {
			t.Errorf("%s", text)
		}
	})
}

func TestTheKeysOfTheMachinesServicesAreInNoContainer(t *testing.T) {
	if _, err := os.Stat("/etc/ssl/private"); err != nil {
		t.Skip("this machine has no such directory")
	}
	modes(t, func(t *testing.T, c isolation.Container) {
		s, dir := startIsolated(t, c, `ls -ld /etc/ssl/private; echo end`)
		wait(t, s)
		line(t, dir, "stdout", "end")
		if text, _ := os.ReadFile(LogPath(dir)); !strings.Contains(string(text), " d---------") {
			t.Errorf("%s", text)
		}
	})
}

func TestAFileCanBeAVolumeAlsoAmongTheDevices(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		file := filepath.Join(t.TempDir(), "message")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		c.Volumes = []isolation.Volume{{Source: file, Target: "/dev/termination-log"}}
		s, dir := startIsolated(t, c, "echo last words > /dev/termination-log && echo said")
		wait(t, s)
		line(t, dir, "stdout", "said")
		if text, _ := os.ReadFile(file); string(text) != "last words\n" {
			t.Errorf("%q", text)
		}
	})
}

func TestTwoContainersOfAPodWriteASharedVolumeTogether(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		c.Volumes = []isolation.Volume{{Source: t.TempDir(), SubPath: "deep/er", Target: "/shared"}}
		one, oneDir := startIsolated(t, c, `mkdir /shared/d && echo first > /shared/d/f && echo made`)
		wait(t, one)
		line(t, oneDir, "stdout", "made")
		if !c.UserNamespace {
			c.UID++
		}
		two, twoDir := startIsolated(t, c, `echo second >> /shared/d/f && rm -f /shared/d/f && rmdir /shared/d && echo removed`)
		wait(t, two)
		line(t, twoDir, "stdout", "removed")
	})
}

func TestASymbolicLinkOfANeighbourIsNotFollowedToASubPath(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		volume := t.TempDir()
		if err := os.Symlink("/etc", filepath.Join(volume, "sub")); err != nil {
			t.Fatal(err)
		}
		c.Volumes = []isolation.Volume{{Source: volume, SubPath: "sub", Target: "/s"}}
		p, _ := isolation.New(c)
		_, err := Start(os.Args[0], filepath.Join(t.TempDir(), "c"), Spec{Argv: []string{"true"}, Env: []string{"PATH=/bin"}, Dir: "/", Isolation: p})
		if err == nil || !strings.Contains(err.Error(), "symbolic links are not followed") {
			t.Fatal(err)
		}
	})
}

func TestExecWithATerminalAndDialActInsideTheWall(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		c.LoopbackOnly = true
		s, _ := startIsolated(t, c, "sleep 1000")
		code, stdout, _ := run(t, s, ExecSpec{Argv: []string{"sh", "-c", "tty; hostname; ls -d /proc/1; cat /proc/1/environ || exit 5"}, TTY: true})
		if code != 5 || !strings.Contains(stdout, "/dev/pts/0") || !strings.Contains(stdout, "pod") {
			t.Errorf("%d %q", code, stdout)
		}
		if _, err := s.Dial(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%v", err)
		}
	})
}

func TestACommandRunInsideSignalsTheContainersOwnAndACancelledOneIsKilled(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		s, dir := startIsolated(t, c, `trap 'exit 4' USR1; echo "pid $$"; while :; do sleep 0.05; done`)
		pid := line(t, dir, "stdout", "pid ")
		ctx, cancel := context.WithCancel(t.Context())
		out, done := newLines(), make(chan error, 1)
		go func() {
			_, err := s.Exec(ctx, ExecSpec{Argv: []string{"sh", "-c", "echo up; sleep 1000"}, Stdout: out.write})
			done <- err
		}()
		if _, err := out.Read(make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if _, found, _ := run(t, s, ExecSpec{Argv: []string{"sh", "-c", "grep -l 100[0] /proc/[0-9]*/cmdline"}}); found == "" {
				break
			} else if time.Now().After(end) {
				t.Fatalf("it still runs: %s", found)
			}
		}
		// The container may be gone before the command's end is told.
		_, _ = s.Exec(t.Context(), ExecSpec{Argv: []string{"sh", "-c", "kill -USR1 " + pid}})
		if exit := wait(t, s); exit.Code != 4 {
			t.Errorf("%+v", exit)
		}
	})
}

func TestAnIsolatedContainerEndsWholeWithItsShim(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		s, dir := startIsolated(t, c, `setsid sleep 1000 & trap '' TERM; echo ready; while :; do sleep 0.05; done`)
		line(t, dir, "stdout", "ready")
		s.Terminate()
		_ = syscall.Kill(s.ShimPID, syscall.SIGKILL)
		select {
		case <-s.Done():
		case <-time.After(20 * time.Second):
			t.Fatal("it runs on")
		}
		gone(t, s.PID)
	})
}

func TestAnIsolatedContainerTakesSignalsAndGivesItsExitCode(t *testing.T) {
	modes(t, func(t *testing.T, c isolation.Container) {
		s, dir := startIsolated(t, c, `trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done`)
		line(t, dir, "stdout", "ready")
		s.Terminate()
		if exit := wait(t, s); exit.Code != 3 {
			t.Errorf("%+v", exit)
		}
		s, dir = startIsolated(t, c, `trap '' TERM; echo ready; while :; do sleep 0.05; done`)
		line(t, dir, "stdout", "ready")
		s.Kill()
		if exit := wait(t, s); exit.Code != 128+9 {
			t.Errorf("%+v", exit)
		}
	})
}
