package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeMkdir makes a directory with the files the kernel would put there.
func fakeMkdir(dir string) error {
	if err := mkdir(dir); err != nil {
		return err
	}
	files := map[string]string{
		"cgroup.type": "domain", "cgroup.controllers": "cpu memory pids", "cgroup.subtree_control": "", "cgroup.procs": "",
		"memory.max": "max", "memory.swap.max": "max", "memory.oom.group": "0", "cpu.max": "max 100000", "cpu.weight": "100", "pids.max": "max",
		"memory.current": "9000", "memory.stat": "anon 4000\ninactive_file 1000\npgfault 7\npgmajfault 2", "cpu.stat": "usage_usec 1500",
		"memory.events": "oom 0\noom_kill 0", "pids.current": "3",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fakeV2(t *testing.T, members string) string {
	t.Helper()
	base := filepath.Join(t.TempDir(), "rig.service")
	if err := fakeMkdir(base); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "cgroup.procs"), []byte(members), 0o644); err != nil {
		t.Fatal(err)
	}
	return base
}

func expect(t *testing.T, want string, path ...string) {
	t.Helper()
	if got := read(filepath.Join(path...)); got != want {
		t.Errorf("%s: %q, want %q", filepath.Join(path[1:]...), got, want)
	}
}

func TestVersion2LimitsAreWrittenInTheKernelsUnits(t *testing.T) {
	base := fakeV2(t, "77\n")
	m, err := openV2(base, 77, fakeMkdir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Create("uid", "main", 2, Limits{MemoryBytes: 1 << 30, CPUMillis: 1500, CPURequestMillis: 1000, Processes: 99})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, podsDir, "uid_main_2")
	expect(t, "77", base, leafDir, "cgroup.procs")
	expect(t, "1073741824", dir, "memory.max")
	expect(t, "0", dir, "memory.swap.max")
	expect(t, "1", dir, "memory.oom.group")
	expect(t, "150000 100000", dir, "cpu.max")
	expect(t, "39", dir, "cpu.weight")
	expect(t, "99", dir, "pids.max")
	s, err := c.Stats()
	want := Stats{CPU: 1_500_000, MemoryUsage: 9000, WorkingSet: 8000, RSS: 4000, PageFaults: 7, MajorPageFaults: 2, Processes: 3}
	if err != nil || s != want || c.OOMKilled() {
		t.Fatalf("%+v %v", s, err)
	}
	_ = os.WriteFile(filepath.Join(dir, "memory.events"), []byte("oom 1\noom_kill 1\n"), 0o644)
	if !c.OOMKilled() {
		t.Fatal("the kill is not seen")
	}
}

func TestVersion2IsRefusedWhereAPersonsSessionSharesTheGroupOrMemoryIsNotDelegated(t *testing.T) {
	if _, err := openV2(fakeV2(t, "77\n78\n"), 77, fakeMkdir); err == nil || !strings.Contains(err.Error(), "other processes") {
		t.Fatalf("%v", err)
	}
	base := fakeV2(t, "77\n")
	_ = os.WriteFile(filepath.Join(base, "cgroup.controllers"), []byte("pids"), 0o644)
	if _, err := openV2(base, 77, fakeMkdir); err == nil || !strings.Contains(err.Error(), "Delegate=yes") {
		t.Fatalf("%v", err)
	}
}

func TestWhatIsNotDelegatedIsSaidNotToBeLimited(t *testing.T) {
	base := fakeV2(t, "77\n")
	onlyMemory := func(dir string) error {
		err := fakeMkdir(dir)
		_ = os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("memory"), 0o644)
		return err
	}
	for _, c := range []struct {
		mkdir              func(string) error
		limited, unlimited string
	}{{fakeMkdir, "memory processors the number of processes", ""}, {onlyMemory, "memory", "processors the number of processes"}} {
		m, err := openV2(base, 77, c.mkdir)
		if err != nil {
			t.Fatal(err)
		}
		limited, unlimited := m.Limits()
		if strings.Join(limited, " ") != c.limited || strings.Join(unlimited, " ") != c.unlimited {
			t.Errorf("%v, not %v", limited, unlimited)
		}
	}
}

func TestAKubeletStartedAgainInItsOwnGroupUsesTheSameParent(t *testing.T) {
	base := fakeV2(t, "77\n")
	first, err := openV2(base, 77, fakeMkdir)
	if err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(base, "cgroup.procs"), nil, 0o644)
	second, err := openV2(filepath.Join(base, leafDir), 78, mkdir)
	if err != nil || first.parents[""] != second.parents[""] {
		t.Fatalf("%v %v %v", first, second, err)
	}
}

func TestMountsOfBothVersionsAndOfAGroupNamespaceAreFound(t *testing.T) {
	root := t.TempDir()
	mountinfo, self := filepath.Join(root, "mountinfo"), filepath.Join(root, "cgroup")
	memory := filepath.Join(root, "memory")
	_ = os.MkdirAll(filepath.Join(memory, "own"), 0o755)
	_ = os.WriteFile(mountinfo, []byte(fmt.Sprintf(
		"30 29 0:25 /docker/1 %s rw - cgroup cgroup rw,memory\n31 29 0:26 / %s/cpu rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n32 29 0:27 / %s/unified rw - cgroup2 cgroup2 rw\n",
		memory, root, root)), 0o644)
	_ = os.WriteFile(self, []byte("4:memory:/docker/1/own\n2:cpu,cpuacct:/\n0::/\n"), 0o644)
	m, err := open(mountinfo, self, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(memory, "own", podsDir); m.version != 1 || m.parents["memory"] != want {
		t.Fatalf("%+v", m)
	}
	if _, ok := m.parents["cpu"]; ok {
		t.Fatal("a hierarchy without its directory is used")
	}
}

func TestWithoutAMemoryControllerThereIsNoManager(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if _, err := open(empty, empty, 1); err == nil {
		t.Fatal("opened")
	}
}

func TestShareUnitsStayWithinTheKernelsBounds(t *testing.T) {
	if shares(1) != 2 || shares(1000) != 1024 || shares(1<<40) != 262144 || weight(1) != 1 || weight(1<<40) != 10000 || quota(1) != 1000 {
		t.Fatal(shares(1), shares(1000), weight(1), weight(1<<40), quota(1))
	}
}
