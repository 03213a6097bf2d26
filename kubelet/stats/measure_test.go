package stats

import (
	"testing"
	"time"

	"rig.dashecorp.com/kubelet/cgroup"
)

func TestATreeCountsSharedPagesOnceAndNobodyElse(t *testing.T) {
	f := plant([]process{
		{pid: 1, parent: 0, cpu: time.Second, resident: 100, shared: 60},
		{pid: 2, parent: 1, cpu: time.Second, resident: 100, shared: 80},
		{pid: 3, parent: 2, cpu: time.Second, resident: 50, shared: 10},
		{pid: 9, parent: 0, cpu: time.Hour, resident: 1000},
	})
	var u usage
	f.sum(1, &u)
	if u.cpu != 3*time.Second || u.rss != 40+20+40 || u.workingSet != 100+80 || u.memory != 250 || u.processes != 3 {
		t.Fatalf("%+v", u)
	}
}

func TestPSLinesOfBothSystemsAreRead(t *testing.T) {
	table := parsePS("    1     0  11520   1:02.50\n  312     1   2048 1-02:03:04\nbroken line\n")
	if len(table) != 2 || table[0].cpu != 62500*time.Millisecond || table[0].resident != 11520<<10 || table[1].parent != 1 {
		t.Fatalf("%+v", table)
	}
	if want := 26*time.Hour + 3*time.Minute + 4*time.Second; table[1].cpu != want {
		t.Fatalf("%v, want %v", table[1].cpu, want)
	}
}

func TestMemoryOfAMacIsWhatItCannotGiveAwayAtOnce(t *testing.T) {
	text := "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:                       100.\n" +
		"Pages active:                       3.\nPages inactive:                   900.\nPages wired down:                   2.\n" +
		"Pages occupied by compressor:       1.\n"
	if got := parseVMStat(text); got != 6*16384 {
		t.Fatal(got)
	}
}

func TestARateIsTakenOverASecondAtLeastAndNeverNegative(t *testing.T) {
	at := time.Unix(1000, 0)
	u := usage{at: at.Add(2 * time.Second), cpu: 3 * time.Second}
	next := rate(sample{at: at, cpu: time.Second}, &u)
	if u.nanoCores != 1_000_000_000 {
		t.Fatalf("%+v", u)
	}
	soon := usage{at: u.at.Add(10 * time.Millisecond), cpu: u.cpu}
	if kept := rate(next, &soon); soon.nanoCores != 1_000_000_000 || kept != next {
		t.Fatalf("%+v", soon)
	}
	fewer := usage{at: at.Add(9 * time.Second), cpu: 0}
	if rate(next, &fewer); fewer.nanoCores != 0 {
		t.Fatalf("%+v", fewer)
	}
}

func TestOnlyAContainerOverItsOwnLimitAndWithoutAControlGroupIsOverIt(t *testing.T) {
	looked := 0
	look := func() *forest {
		looked++
		return plant([]process{{pid: 1, resident: 100}, {pid: 2, parent: 1, resident: 100, shared: 50}, {pid: 3, resident: 200, shared: 190, shmem: 150}})
	}
	found := overLimit([]Target{
		{Container: "over", PID: 1, MemoryLimit: 149},
		{Container: "under", PID: 1, MemoryLimit: 150},
		{Container: "free", PID: 1},
		{Container: "of shared memory", PID: 3, MemoryLimit: 159},
		{Container: "of a program's files", PID: 3, MemoryLimit: 160},
		{Container: "grouped", PID: 1, MemoryLimit: 1, Cgroup: &cgroup.Cgroup{}},
	}, look)
	if len(found) != 2 || found[0].Container != "over" || found[1].Container != "of shared memory" || looked != 1 {
		t.Fatalf("%+v, looked %d times", found, looked)
	}
}
