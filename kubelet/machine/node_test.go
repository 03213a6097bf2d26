package machine

import (
	"os"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"rig.dashecorp.com/kubelet/isolation"
)

func TestANodeSaysOfItselfOnlyWhatItKnows(t *testing.T) {
	node := Node("n", 1, nil, nil, nil, isolation.Result{Isolated: true})
	for _, c := range node.Status.Conditions {
		if c.Type != v1.NodeReady && c.Type != IsolatedCondition {
			t.Errorf("%s is not measured", c.Type)
		}
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Skip("this system has no boot id in a file")
	}
	if got := node.Status.NodeInfo.BootID; got != strings.TrimSpace(string(boot)) {
		t.Errorf("%q", got)
	}
}

func TestPodsMayAskForMoreThanThereIsOfProcessorsAndMemoryAlone(t *testing.T) {
	capacity := v1.ResourceList{
		v1.ResourceCPU:              resource.MustParse("2"),
		v1.ResourceMemory:           resource.MustParse("24Gi"),
		v1.ResourceEphemeralStorage: resource.MustParse("10Gi"),
		v1.ResourcePods:             resource.MustParse("110"),
	}
	got := Allocatable(capacity, 3)
	for name, want := range map[v1.ResourceName]string{
		v1.ResourceCPU: "6", v1.ResourceMemory: "72Gi", v1.ResourceEphemeralStorage: "10Gi", v1.ResourcePods: "110",
	} {
		if quantity := got[name]; quantity.Cmp(resource.MustParse(want)) != 0 {
			t.Errorf("%s: %s, not %s", name, quantity.String(), want)
		}
	}
	if cpu := capacity[v1.ResourceCPU]; cpu.Value() != 2 {
		t.Errorf("the capacity was changed to %s", cpu.String())
	}
}
