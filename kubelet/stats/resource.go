package stats

import (
	"context"
	"sort"

	dto "github.com/prometheus/client_model/go"
)

// Resource is the answer of /metrics/resource: the series of the upstream kubelet, with their times.
// https://kubernetes.io/docs/reference/instrumentation/metrics/
//
// A container that has not used a measurable amount of both processor and memory yet is left out: readers such as
// metrics-server take a zero for a broken measurement and drop the whole pod.
func (c *Collector) Resource(context.Context) ([]*dto.MetricFamily, error) {
	node, _, err := c.node()
	nodeCPU, nodeMemory := counter("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds"),
		gauge("node_memory_working_set_bytes", "Current working set of the node in bytes")
	failed := gauge("resource_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise")
	if err != nil {
		failed.add(1, nil)
		return families(failed), nil
	}
	nodeCPU.add(node.cpu.Seconds(), &node)
	nodeMemory.add(float64(node.workingSet), &node)
	failed.add(0, nil)

	cpu := counter("container_cpu_usage_seconds_total", "Cumulative cpu time consumed by the container in core-seconds")
	memory := gauge("container_memory_working_set_bytes", "Current working set of the container in bytes")
	started := gauge("container_start_time_seconds", "Start time of the container since unix epoch in seconds")
	podCPU := counter("pod_cpu_usage_seconds_total", "Cumulative cpu time consumed by the pod in core-seconds")
	podMemory := gauge("pod_memory_working_set_bytes", "Current working set of the pod in bytes")
	type podKey struct{ namespace, pod string }
	pods := map[podKey]*usage{}
	var order []podKey
	seen := map[[3]string]bool{}
	for _, m := range newestFirst(c.containers()) {
		series := [3]string{m.Namespace, m.Pod, m.Container}
		if m.cpu == 0 || m.workingSet == 0 || seen[series] {
			continue
		}
		seen[series] = true
		// The pod comes second in every family: virtual-kubelet's own suite looks for it there.
		labels := []string{"container", m.Container, "pod", m.Pod, "namespace", m.Namespace}
		cpu.add(m.cpu.Seconds(), &m.usage, labels...)
		memory.add(float64(m.workingSet), &m.usage, labels...)
		started.add(float64(m.Started.UnixMilli())/1000, nil, labels...)
		key := podKey{m.Namespace, m.Pod}
		if pods[key] == nil {
			pods[key] = &usage{at: m.at}
			order = append(order, key)
		}
		pods[key].add(m.usage)
	}
	for _, key := range order {
		labels := []string{"namespace", key.namespace, "pod", key.pod}
		podCPU.add(pods[key].cpu.Seconds(), pods[key], labels...)
		podMemory.add(float64(pods[key].workingSet), pods[key], labels...)
	}
	return families(cpu, memory, started, nodeCPU, nodeMemory, podCPU, podMemory, failed), nil
}

// newestFirst: of two pods of one name, the one that is on its way out gives way, since series are known by names.
func newestFirst(all []measured) []measured {
	sort.SliceStable(all, func(a, b int) bool { return all[a].Started.After(all[b].Started) })
	return all
}

type family struct{ *dto.MetricFamily }

func counter(name, help string) family { return newFamily(name, help, dto.MetricType_COUNTER) }
func gauge(name, help string) family   { return newFamily(name, help, dto.MetricType_GAUGE) }

func newFamily(name, help string, kind dto.MetricType) family {
	return family{&dto.MetricFamily{Name: &name, Help: &help, Type: &kind}}
}

// add adds one series; labels are pairs. The time of u, where given, is that of the measurement.
func (f family) add(value float64, u *usage, labels ...string) {
	metric := &dto.Metric{}
	if f.GetType() == dto.MetricType_COUNTER {
		metric.Counter = &dto.Counter{Value: &value}
	} else {
		metric.Gauge = &dto.Gauge{Value: &value}
	}
	for n := 0; n < len(labels); n += 2 {
		metric.Label = append(metric.Label, &dto.LabelPair{Name: &labels[n], Value: &labels[n+1]})
	}
	if u != nil {
		at := u.at.UnixMilli()
		metric.TimestampMs = &at
	}
	f.Metric = append(f.Metric, metric)
}

// families leaves out those without a series: the text format knows no empty ones.
func families(all ...family) []*dto.MetricFamily {
	var filled []*dto.MetricFamily
	for _, f := range all {
		if len(f.Metric) > 0 {
			filled = append(filled, f.MetricFamily)
		}
	}
	return filled
}
