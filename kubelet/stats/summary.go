package stats

import (
	"context"
	"os"
	"sort"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubelet/pkg/apis/stats/v1alpha1"
)

// traffic are the counters of one network interface.
type traffic struct {
	name                                      string
	received, receiveErrors, sent, sendErrors uint64
}

// Summary is the answer of /stats/summary. Pods share the node's network, so only the node has network figures.
func (c *Collector) Summary(context.Context) (*v1alpha1.Summary, error) {
	u, memory, err := c.node()
	if err != nil {
		return nil, err
	}
	disk, err := fileSystemOf(c.DataDir)
	if err != nil {
		return nil, err
	}
	fs := fsStats(u.at, disk, disk.capacity-min(disk.capacity, disk.available))
	node := v1alpha1.NodeStats{
		NodeName: c.NodeName, StartTime: metav1.NewTime(c.Started),
		CPU: cpuStats(u), Memory: memoryStats(u, memory.total), Fs: fs, Network: network(u.at),
		Runtime: &v1alpha1.RuntimeStats{ImageFs: fs, ContainerFs: fs},
	}
	return &v1alpha1.Summary{Node: node, Pods: c.pods(disk)}, nil
}

func (c *Collector) pods(disk fileSystem) []v1alpha1.PodStats {
	byPod := map[string][]measured{}
	var order []string
	for _, m := range c.containers() {
		key := m.Namespace + "/" + m.Pod + "/" + string(m.UID)
		if byPod[key] == nil {
			order = append(order, key)
		}
		byPod[key] = append(byPod[key], m)
	}
	sort.Strings(order)
	pods := []v1alpha1.PodStats{}
	for _, key := range order {
		pods = append(pods, c.pod(byPod[key], disk))
	}
	return pods
}

func (c *Collector) pod(containers []measured, disk fileSystem) v1alpha1.PodStats {
	first := containers[0]
	total := usage{at: first.at}
	pod := v1alpha1.PodStats{
		PodRef:    v1alpha1.PodReference{Namespace: first.Namespace, Name: first.Pod, UID: string(first.UID)},
		StartTime: metav1.NewTime(first.PodStarted),
	}
	for _, m := range containers {
		total.add(m.usage)
		pod.Containers = append(pod.Containers, c.container(m, disk))
	}
	used := c.disks.of(first.PodDir, first.at)
	pod.CPU, pod.Memory = cpuStats(total), memoryStats(total, 0)
	pod.ProcessStats = &v1alpha1.ProcessStats{ProcessCount: &total.processes}
	pod.EphemeralStorage = fsStats(used.at, disk, used.bytes)
	pod.EphemeralStorage.InodesUsed = &used.inodes
	return pod
}

func (c *Collector) container(m measured, disk fileSystem) v1alpha1.ContainerStats {
	var logs uint64
	for _, file := range m.LogFiles {
		if info, err := os.Stat(file); err == nil {
			logs += uint64(info.Size())
		}
	}
	rootfs := fsStats(m.at, disk, 0)
	// What a container writes lies in its pod's directory, which the pod's ephemeral storage counts as a whole.
	rootfs.UsedBytes = nil
	return v1alpha1.ContainerStats{
		Name: m.Container, StartTime: metav1.NewTime(m.Started),
		CPU: cpuStats(m.usage), Memory: memoryStats(m.usage, uint64(max(0, m.MemoryLimit))),
		Rootfs: rootfs, Logs: fsStats(m.at, disk, logs),
	}
}

func (u *usage) add(other usage) {
	u.cpu += other.cpu
	u.nanoCores += other.nanoCores
	u.memory += other.memory
	u.workingSet += other.workingSet
	u.rss += other.rss
	u.faults += other.faults
	u.majorFaults += other.majorFaults
	u.processes += other.processes
}

func cpuStats(u usage) *v1alpha1.CPUStats {
	total, rate := uint64(u.cpu.Nanoseconds()), u.nanoCores
	return &v1alpha1.CPUStats{Time: metav1.NewTime(u.at), UsageCoreNanoSeconds: &total, UsageNanoCores: &rate}
}

// memoryStats names what is available only where there is a limit, in bytes.
func memoryStats(u usage, limit uint64) *v1alpha1.MemoryStats {
	s := &v1alpha1.MemoryStats{
		Time: metav1.NewTime(u.at), UsageBytes: &u.memory, WorkingSetBytes: &u.workingSet, RSSBytes: &u.rss,
		PageFaults: &u.faults, MajorPageFaults: &u.majorFaults,
	}
	if limit > 0 {
		available := limit - min(limit, u.workingSet)
		s.AvailableBytes = &available
	}
	return s
}

func fsStats(at time.Time, disk fileSystem, used uint64) *v1alpha1.FsStats {
	return &v1alpha1.FsStats{
		Time: metav1.NewTime(at), CapacityBytes: &disk.capacity, AvailableBytes: &disk.available, UsedBytes: &used,
		Inodes: &disk.inodes, InodesFree: &disk.inodesFree,
	}
}

func network(at time.Time) *v1alpha1.NetworkStats {
	table, preferred := interfaces()
	if len(table) == 0 {
		return nil
	}
	s := &v1alpha1.NetworkStats{Time: metav1.NewTime(at)}
	for _, t := range table {
		one := v1alpha1.InterfaceStats{Name: t.name, RxBytes: &t.received, RxErrors: &t.receiveErrors, TxBytes: &t.sent, TxErrors: &t.sendErrors}
		s.Interfaces = append(s.Interfaces, one)
		if t.name == preferred {
			s.InterfaceStats = one
		}
	}
	return s
}
