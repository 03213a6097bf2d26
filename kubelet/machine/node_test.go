package machine

import (
	"os"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/isolation"
)

func TestANodeSaysOfItselfOnlyWhatItKnows(t *testing.T) {
	node := Node("n", 1, nil, nil, isolation.Result{Isolated: true})
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
