package stats

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
)

type sources []Target

func (s sources) Targets() []Target { return s }

func collector(t *testing.T, targets ...Target) *Collector {
	return &Collector{Source: sources(targets), NodeName: "host", DataDir: t.TempDir(), Started: time.Unix(1000, 0), Now: time.Now}
}

// busy is a process tree that has used measurable amounts of processor and memory.
func busy(t *testing.T) int {
	t.Helper()
	command := exec.Command("sh", "-c", `sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo ready; read x'`)
	in, _ := command.StdinPipe()
	out, _ := command.StdoutPipe()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = command.Wait() })
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	return command.Process.Pid
}

func text(t *testing.T, c *Collector) string {
	t.Helper()
	all, err := c.Resource(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range all {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// point is what metrics-server keeps of a node or a container.
type point struct {
	cpu, memory, started float64
	at                   int64
}

// scrape reads the five series that metrics-server reads, by its rules: a label is found by its text anywhere in the
// braces, and a container with a zero drops its whole pod, as a zero drops the node.
// https://github.com/kubernetes-sigs/metrics-server
func scrape(t *testing.T, answer string) (node *point, pods map[string]map[string]point) {
	t.Helper()
	node, pods = &point{}, map[string]map[string]point{}
	for _, line := range strings.Split(answer, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Fields(line)
		value, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var at int64
		if len(fields) > 2 {
			at, _ = strconv.ParseInt(fields[2], 10, 64)
		}
		name, labels, _ := strings.Cut(fields[0], "{")
		label := func(key string) string {
			_, rest, _ := strings.Cut(labels, key+`="`)
			found, _, _ := strings.Cut(rest, `"`)
			return found
		}
		if name == "node_cpu_usage_seconds_total" {
			node.cpu, node.at = value, at
		} else if name == "node_memory_working_set_bytes" {
			node.memory, node.at = value, at
		}
		if !strings.HasPrefix(name, "container_") {
			continue
		}
		pod := label("namespace") + "/" + label("pod")
		if pods[pod] == nil {
			pods[pod] = map[string]point{}
		}
		p := pods[pod][label("container")]
		switch name {
		case "container_cpu_usage_seconds_total":
			p.cpu, p.at = value, at
		case "container_memory_working_set_bytes":
			p.memory, p.at = value, at
		case "container_start_time_seconds":
			p.started = value
		}
		pods[pod][label("container")] = p
	}
	for pod, containers := range pods {
		for _, p := range containers {
			if p.cpu == 0 || p.memory == 0 {
				delete(pods, pod)
			}
		}
	}
	if node.cpu == 0 || node.memory == 0 || node.at == 0 {
		node = nil
	}
	return node, pods
}

func TestMetricsServerReadsTheNodeAndEveryContainer(t *testing.T) {
	pid, started := busy(t), time.UnixMilli(1_700_000_000_250)
	c := collector(t,
		Target{Namespace: "ns", Pod: "two", UID: "1", Container: "main", Started: started, PID: pid},
		Target{Namespace: "ns", Pod: "two", UID: "1", Container: "side", Started: started, PID: pid},
		Target{Namespace: "other", Pod: "one", UID: "2", Container: "main", Started: started, PID: pid})
	node, pods := scrape(t, text(t, c))
	if node == nil || node.at < time.Now().Add(-time.Minute).UnixMilli() {
		t.Fatalf("node %+v", node)
	}
	if len(pods) != 2 || len(pods["ns/two"]) != 2 || len(pods["other/one"]) != 1 {
		t.Fatalf("%+v", pods)
	}
	if p := pods["ns/two"]["side"]; p.started != 1_700_000_000.25 || p.at == 0 || p.memory < 1<<16 {
		t.Fatalf("%+v", p)
	}
}

func TestAContainerThatUsedNothingYetDoesNotHideItsPod(t *testing.T) {
	c := collector(t,
		Target{Namespace: "ns", Pod: "p", UID: "1", Container: "main", Started: time.Now(), PID: busy(t)},
		Target{Namespace: "ns", Pod: "p", UID: "1", Container: "gone", Started: time.Now(), PID: 1 << 30})
	answer := text(t, c)
	_, pods := scrape(t, answer)
	if len(pods["ns/p"]) != 1 || strings.Contains(answer, `"gone"`) {
		t.Fatal(answer)
	}
}

func TestTwoPodsOfOneNameAreOneSeriesThatOfTheNewer(t *testing.T) {
	pid, old, now := busy(t), time.Unix(1000, 0), time.Unix(2000, 0)
	answer := text(t, collector(t,
		Target{Namespace: "ns", Pod: "p", UID: "1", Container: "main", Started: old, PID: pid},
		Target{Namespace: "ns", Pod: "p", UID: "2", Container: "main", Started: now, PID: pid}))
	_, pods := scrape(t, answer)
	if strings.Count(answer, "\ncontainer_start_time_seconds{") != 1 || pods["ns/p"]["main"].started != 2000 {
		t.Fatal(answer)
	}
}

func TestTheErrorSeriesIsThereAtZeroOnANodeWithoutPods(t *testing.T) {
	answer := text(t, collector(t))
	if !strings.Contains(answer, "\nresource_scrape_error 0\n") || strings.Contains(answer, "container_") {
		t.Fatal(answer)
	}
}

func TestSummaryHasWhatTheNodeAndItsPodsUse(t *testing.T) {
	dir := t.TempDir()
	log := dir + "/log"
	if err := os.WriteFile(log, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	c := collector(t, Target{Namespace: "ns", Pod: "p", UID: "1", Container: "main", Started: time.Now(), PID: busy(t),
		PodDir: dir, LogFiles: []string{log, log + ".1"}, MemoryLimit: 1 << 30})
	s, err := c.Summary(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if s.Node.NodeName != "host" || *s.Node.CPU.UsageCoreNanoSeconds == 0 || *s.Node.Memory.AvailableBytes == 0 ||
		*s.Node.Fs.CapacityBytes == 0 || s.Node.Runtime.ImageFs == nil {
		t.Fatalf("%+v", s.Node)
	}
	pod := s.Pods[0]
	if pod.PodRef.Name != "p" || *pod.Memory.WorkingSetBytes == 0 || *pod.ProcessStats.ProcessCount < 1 || *pod.EphemeralStorage.UsedBytes < 100_000 {
		t.Fatalf("%+v", pod)
	}
	main := pod.Containers[0]
	if *main.Logs.UsedBytes != 100_000 || *main.Memory.AvailableBytes+*main.Memory.WorkingSetBytes != 1<<30 || *main.CPU.UsageCoreNanoSeconds == 0 {
		t.Fatalf("%+v", main)
	}
}
