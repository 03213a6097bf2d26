package stats

import (
	"errors"
	"time"
)

var errNoGroup = errors.New("the container has no control group")

// process is one line of the process table. shared are bytes that it may hold together with others; shmem, of these, belong to
// no file of a disk: nothing but processes holds them.
type process struct {
	pid, parent         int
	cpu                 time.Duration
	resident, shared    uint64
	shmem               uint64
	faults, majorFaults uint64
}

type machineMemory struct{ total uint64 }

// forest is the process table as trees.
type forest struct {
	byPID    map[int]process
	children map[int][]int
}

func plant(table []process) *forest {
	f := &forest{byPID: map[int]process{}, children: map[int][]int{}}
	for _, p := range table {
		f.byPID[p.pid] = p
		f.children[p.parent] = append(f.children[p.parent], p.pid)
	}
	return f
}

func look() *forest { return plant(processTable()) }

// sum adds up the tree below and including pid. Memory that processes may share counts once, for the one that has most
// of it: copies of one program would otherwise seem to use many times what they do.
func (f *forest) sum(pid int, u *usage) {
	var shared uint64
	for waiting := []int{pid}; len(waiting) > 0; waiting = waiting[1:] {
		p, ok := f.byPID[waiting[0]]
		if !ok {
			continue
		}
		u.cpu += p.cpu
		u.rss += p.resident - min(p.shared, p.resident)
		u.memory += p.resident
		u.faults += p.faults
		u.majorFaults += p.majorFaults
		u.processes++
		shared = max(shared, p.shared)
		u.shmem = max(u.shmem, p.shmem)
		waiting = append(waiting, f.children[p.pid]...)
	}
	u.workingSet = u.rss + shared
	u.memory = max(u.memory, u.workingSet)
}
