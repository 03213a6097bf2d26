package service

import (
	"bytes"
	"encoding/xml"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"howett.net/plist"
)

func sample(t *testing.T) Description {
	t.Helper()
	program := filepath.Join(t.TempDir(), "rig-kubelet")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return Description{Program: program, DataDir: "/var/lib/rig kubelet", Args: []string{"--node-name=mac", "--data-dir=/var/lib/rig kubelet", `--labels=a=50%,b="$HOME"`}}
}

func printed(t *testing.T, manager string, d Description) string {
	t.Helper()
	var out bytes.Buffer
	if err := Print(&out, manager, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// verify writes the unit where systemd's own checker reads it.
func verify(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not on this machine")
	}
	file := filepath.Join(t.TempDir(), Name+".service")
	if err := os.WriteFile(file, []byte(printed(t, "systemd", sample(t))), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", append(arguments, file)...).CombinedOutput()
	return string(out), err
}

func TestSystemdFindsNothingWrongWithTheUnit(t *testing.T) {
	out, _ := verify(t, "verify", "--man=no", "--recursive-errors=no")
	for _, line := range strings.Split(out, "\n") {
		// systemd before 254 does not know this key and goes on without it.
		if strings.TrimSpace(line) != "" && !strings.Contains(line, "Unknown key 'DelegateSubgroup'") {
			t.Error(line)
		}
	}
}

func TestSystemdRatesTheUnitsExposureBelowThatOfAnUnhardenedOne(t *testing.T) {
	out, _ := verify(t, "security", "--offline=true")
	found := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatal(out)
	}
	// An unhardened service of root has 9.6; what makes containers cannot be rated much lower.
	if exposure, _ := strconv.ParseFloat(found[1], 64); exposure > 6.5 {
		t.Fatalf("exposure %s\n%s", found[1], out)
	}
}

func TestTheUnitKeepsWhatTheKubeletNeedsToMakeContainers(t *testing.T) {
	text := printed(t, "systemd", sample(t))
	for _, forbidden := range []string{"RestrictNamespaces", "ProtectControlGroups", "PrivateUsers", "MemoryDenyWriteExecute", "ProtectProc", "RestrictSUIDSGID", "@mount", "@privileged"} {
		if strings.Contains(text, forbidden) {
			t.Errorf("%s would keep containers from being made", forbidden)
		}
	}
	for _, needed := range []string{
		"\nKillMode=process\n", "\nOOMPolicy=continue\n", "\nDelegate=cpu memory pids\n", "\nReadWritePaths=\"/var/lib/rig kubelet\"\n",
		`"--labels=a=50%%,b=\"$$HOME\""`,
	} {
		if !strings.Contains(text, needed) {
			t.Errorf("no %q in\n%s", needed, text)
		}
	}
}

func TestALineFeedCannotAddASettingToTheUnit(t *testing.T) {
	d := sample(t)
	d.Args = append(d.Args, "--labels=a=b\nExecStartPre=/bin/evil")
	if err := Print(io.Discard, "systemd", d); err == nil {
		t.Fatal("printed")
	}
}

func TestTheJobOfLaunchdRunsTheSameCommandAndLeavesPodsAlone(t *testing.T) {
	d := sample(t)
	text := printed(t, "launchd", d)
	var job map[string]any
	if _, err := plist.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	arguments := job["ProgramArguments"].([]any)
	if len(arguments) != 4 || arguments[0] != d.Program || arguments[3] != d.Args[2] {
		t.Fatalf("%v", arguments)
	}
	if job["Label"] != Label || job["KeepAlive"] != true || job["AbandonProcessGroup"] != true || job["Umask"] != uint64(0o077) {
		t.Fatalf("%v", job)
	}
}

// The elements of Apple's PropertyList-1.0.dtd that a job may use, and what each may hold.
var allowed = map[string]string{
	"plist": "dict", "dict": "key string true false integer array dict", "array": "string dict array",
	"key": "", "string": "", "integer": "", "true": "", "false": "",
}

func TestTheJobHasTheShapeOfApplesDTD(t *testing.T) {
	text := printed(t, "launchd", sample(t))
	if !strings.Contains(text, `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">`) {
		t.Error("no document type")
	}
	decoder := xml.NewDecoder(strings.NewReader(text))
	var open []string
	isKey := true
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			name := e.Name.Local
			if len(open) > 0 && !strings.Contains(" "+allowed[open[len(open)-1]]+" ", " "+name+" ") {
				t.Errorf("<%s> in <%s>", name, open[len(open)-1])
			}
			if len(open) > 0 && open[len(open)-1] == "dict" {
				if (name == "key") != isKey {
					t.Errorf("<%s> where a %v key was due", name, isKey)
				}
				isKey = !isKey
			}
			if open = append(open, name); name == "dict" {
				isKey = true
			}
		case xml.EndElement:
			open = open[:len(open)-1]
			if e.Name.Local == "dict" {
				isKey = true
			}
		}
	}
}

func TestAnUnknownManagerAndRelativePathsAreRefused(t *testing.T) {
	if err := Print(io.Discard, "runit", sample(t)); err == nil || !strings.Contains(err.Error(), "runit") {
		t.Errorf("%v", err)
	}
	if err := Print(io.Discard, "systemd", Description{Program: "rig-kubelet", DataDir: "/d"}); err == nil {
		t.Error("a relative program")
	}
}
