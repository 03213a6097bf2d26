package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
)

// The test binary plays the wall, and the container's init.
func TestMain(m *testing.M) {
	process.BeInit()
	os.Exit(m.Run())
}

func readText(text string) (*container, error) { return read(json.NewDecoder(strings.NewReader(text))) }

func TestWhatIsNoContainerIsRefusedByName(t *testing.T) {
	for text, want := range map[string]string{
		`run this`: "no container",
		`{"dir":"/d","work":"w","command":["true"],"hiden":["/s"]}`:          `unknown field "hiden"`,
		`{"dir":"d","work":"w","command":["true"]}`:                          "dir must be an absolute path",
		`{"dir":"/","work":"w","command":["true"]}`:                          "other than the root",
		`{"dir":"/d","work":"../w","command":["true"]}`:                      "work must be the name",
		`{"dir":"/d","work":"..","command":["true"]}`:                        "work must be the name",
		`{"dir":"/d","work":"","command":["true"]}`:                          "work must be the name",
		`{"dir":"/d","work":"wall","command":["true"]}`:                      "none that the wall makes itself",
		`{"dir":"/d","work":"w","command":[]}`:                               "command is empty",
		`{"dir":"/d","work":"w","command":["true"],"readable":["/"]}`:        "readable and hidden must be absolute",
		`{"dir":"/d","work":"w","command":["true"],"hidden":["data"]}`:       "readable and hidden must be absolute",
		`{"dir":"/d","work":"w","command":["true"],"network":"yes, please"}`: "no container",
	} {
		if _, err := readText(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAContainerHasLoopbackAloneUnlessItAsksForMore(t *testing.T) {
	for text, want := range map[string]bool{``: true, `,"network":false`: true, `,"network":true`: false} {
		c, err := readText(`{"dir":"` + t.TempDir() + `","work":"w","command":["true"],"hidden":["/data"],"env":{"HOME":"/h","A":"b"}` + text + `}`)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := c.spec()
		if err != nil {
			t.Fatal(err)
		}
		if p := spec.Isolation; p.LoopbackOnly != want || !slices.Equal(p.Hidden, []string{"/data"}) || p.MaxProcesses != maxProcesses {
			t.Errorf("%s: %+v", text, p)
		}
		if !slices.Contains(spec.Env, "HOME=/h") || !slices.Contains(spec.Env, "A=b") || len(spec.Env) != 3 {
			t.Errorf("%v", spec.Env)
		}
	}
}

func TestContainersOfDifferentDirectoriesAreDifferentUsersAndNoneOfTheKubelets(t *testing.T) {
	seen := map[int]bool{}
	for _, dir := range []string{"/ci/1", "/ci/2", "/ci/3", "/other/1"} {
		uid, gid := (&container{Dir: dir}).user()
		if uid <= isolation.DefaultRange.Last || uid > uids.Last || gid != uid || seen[uid] {
			t.Errorf("%s: %d %d", dir, uid, gid)
		}
		seen[uid] = true
	}
}

// runHere runs a command as the machine allows; standard input ends with the container, which is as if its sender had died.
func runHere(t *testing.T, open bool, command ...string) (int, string, error) {
	t.Helper()
	var answer probed
	var told bytes.Buffer
	if err := probe(&told); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(told.Bytes(), &answer); err != nil || answer.Message == "" {
		t.Fatalf("%s: %v", told.Bytes(), err)
	}
	if !answer.Isolated {
		t.Skip(answer.Message)
	}
	dir := filepath.Join(t.TempDir(), "c")
	if err := os.MkdirAll(filepath.Join(dir, "w"), 0o700); err != nil {
		t.Fatal(err)
	}
	asked, _ := json.Marshal(container{Dir: dir, Work: "w", Command: command, Env: map[string]string{"PATH": "/usr/bin:/bin"}, UserNamespace: answer.UserNamespace})
	in, send := io.Pipe()
	go func() {
		_, _ = send.Write(asked)
		if !open {
			_ = send.Close()
		}
	}()
	defer send.Close()
	var out bytes.Buffer
	code, err := run(in, &out)
	if _, missing := os.Stat(dir); !os.IsNotExist(missing) {
		t.Errorf("%s is still there", dir)
	}
	return code, out.String(), err
}

func TestACommandThatCannotStartIsSaidAndNothingIsLeft(t *testing.T) {
	if _, _, err := runHere(t, true, "no-such-command"); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("%v", err)
	}
}

func TestAContainerGivesItsOutputInOrderAndItsExitCodeAndLeavesNothingThatItMadeUnwritable(t *testing.T) {
	code, out, err := runHere(t, true, "sh", "-c", "echo one; echo two >&2; echo three; mkdir -p a/b; chmod 0 a; exit 7")
	if code != 7 || err != nil || out != "one\ntwo\nthree\n" {
		t.Errorf("%d %q %v", code, out, err)
	}
}

func TestAContainerEndsWhenWhoeverStartedItIsGone(t *testing.T) {
	code, _, err := runHere(t, false, "sleep", "1000")
	if code != 128+9 || err != nil {
		t.Errorf("%d %v", code, err)
	}
}
