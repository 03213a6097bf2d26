// Package stats measures the node, its pods and their containers, for /stats/summary and /metrics/resource.
//
// A container with a control group is measured by it; one without by the sum over its processes.
package stats

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"rig.dashecorp.com/kubelet/cgroup"
)

// Target is one running container.
type Target struct {
	Namespace, Pod string
	UID            types.UID
	PodStarted     time.Time
	Container      string
	Started        time.Time
	// PID is the process above all others of the container.
	PID int
	// Cgroup is nil where the container has none.
	Cgroup *cgroup.Cgroup
	// MemoryLimit is in bytes, 0 for none.
	MemoryLimit int64
	// PodDir holds all files of the pod, LogFiles those of the container's logs.
	PodDir   string
	LogFiles []string
}

// Source lists the containers that run now.
type Source interface{ Targets() []Target }

// Collector measures when asked. Its fields must be set before use and not changed after.
type Collector struct {
	Source   Source
	NodeName string
	// DataDir is on the file system that stands for the node's.
	DataDir string
	Started time.Time
	Now     func() time.Time

	mu    sync.Mutex
	rates map[string]sample
	disks diskCache
}

// usage is what one container, or the node, used so far (cpu) or holds now.
type usage struct {
	at                      time.Time
	cpu                     time.Duration
	memory, workingSet, rss uint64
	faults, majorFaults     uint64
	processes               uint64
	// shmem is what the process holds that has most of it; see process.
	shmem uint64
	// nanoCores is the rate since the last look, 0 at the first.
	nanoCores uint64
}

type measured struct {
	Target
	usage
}

type sample struct {
	at        time.Time
	cpu       time.Duration
	nanoCores uint64
}

// rateWindow is the shortest time over which a rate is computed: two callers must not halve each other's.
const rateWindow = time.Second

// containers measures all that run. One that ended while it was being measured is left out.
func (c *Collector) containers() []measured {
	var all []measured
	var trees *forest
	for _, target := range c.Source.Targets() {
		m := measured{Target: target, usage: usage{at: c.Now()}}
		if s, err := statsOf(target.Cgroup); err == nil {
			m.cpu, m.memory, m.workingSet, m.rss = s.CPU, s.MemoryUsage, s.WorkingSet, s.RSS
			m.faults, m.majorFaults, m.processes = s.PageFaults, s.MajorPageFaults, s.Processes
		} else {
			if trees == nil {
				trees = look()
			}
			trees.sum(target.PID, &m.usage)
		}
		if m.workingSet == 0 {
			continue
		}
		all = append(all, m)
	}
	c.setRates(all)
	return all
}

func statsOf(group *cgroup.Cgroup) (cgroup.Stats, error) {
	if group == nil {
		return cgroup.Stats{}, errNoGroup
	}
	return group.Stats()
}

func (c *Collector) setRates(all []measured) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.rates
	c.rates = map[string]sample{nodeKey: before[nodeKey]}
	for n := range all {
		m := &all[n]
		key := string(m.UID) + "/" + m.Container + "/" + m.Started.String()
		c.rates[key] = rate(before[key], &m.usage)
	}
}

const nodeKey = ""

// rate sets the rate of u since the sample before and returns the sample to compare with next time.
func rate(before sample, u *usage) sample {
	now := sample{at: u.at, cpu: u.cpu}
	elapsed := u.at.Sub(before.at)
	switch {
	case before.at.IsZero() || u.cpu < before.cpu:
		return now
	case elapsed < rateWindow:
		u.nanoCores = before.nanoCores
		return before
	}
	now.nanoCores = uint64(float64(u.cpu-before.cpu) / elapsed.Seconds())
	u.nanoCores = now.nanoCores
	return now
}

// node measures the machine.
func (c *Collector) node() (usage, machineMemory, error) {
	u := usage{at: c.Now()}
	memory, err := measureMachine(&u)
	if err != nil {
		return u, memory, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rates == nil {
		c.rates = map[string]sample{}
	}
	c.rates[nodeKey] = rate(c.rates[nodeKey], &u)
	return u, memory, nil
}
