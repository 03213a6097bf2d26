package stats

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAProcessWithBracketsInItsNameIsRead(t *testing.T) {
	stat := "42 (a) (b) S 7 42 42 0 -1 4194560 10 20 1 2 100 50 25 25 20 0 1 0 123 1000 200"
	p, ok := parseStat(42, stat, "1000 200 150 1 0 300 0")
	if !ok || p.parent != 7 || p.cpu != 2*time.Second || p.faults != 30 || p.majorFaults != 3 || p.resident <= p.shared {
		t.Fatalf("%+v", p)
	}
	if _, ok := parseStat(42, "", ""); ok {
		t.Fatal("a process that is gone was read")
	}
}

func TestMemoryThatIsMappedSharedCountsAsTheProcesss(t *testing.T) {
	mapped, err := unix.Mmap(-1, 0, 8<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(mapped) }()
	for at := 0; at < len(mapped); at += os.Getpagesize() {
		mapped[at] = 1
	}
	var u usage
	look().sum(os.Getpid(), &u)
	if u.shmem < 8<<20 {
		t.Errorf("%+v", u)
	}
}

func TestIdleTimeIsNoUsageAndGuestTimeCountsOnce(t *testing.T) {
	if got := parseCPU("cpu  100 20 30 5000 600 7 8 9 50 0\ncpu0 1 1 1 1\n"); got != 1740*time.Millisecond {
		t.Fatal(got)
	}
}

func TestTheDefaultInterfaceIsThatOfTheDefaultRoute(t *testing.T) {
	table := parseDevices("Inter-|   Receive\n face |bytes\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0:12 1 3 0 0 0 0 0 45 1 6 0 0 0 0 0\n")
	if len(table) != 1 || table[0] != (traffic{"eth0", 12, 3, 45, 6}) {
		t.Fatalf("%+v", table)
	}
	if got := parseDefaultRoute("Iface\tDestination\nlo\t0000007F\neth0\t00000000\n"); got != "eth0" {
		t.Fatal(got)
	}
}
