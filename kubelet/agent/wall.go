package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/config"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/provider"
)

// shimOf is the program that supervises containers: it lies beside the kubelet.
func shimOf() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(self + "-shim"); err != nil {
		return "", fmt.Errorf("the program that supervises containers must lie beside the kubelet: %w", err)
	}
	return self + "-shim", nil
}

// openWall finds out how this machine isolates containers, by trying.
func openWall(c *config.Config) (*provider.Wall, error) {
	shim, err := shimOf()
	if err != nil {
		return nil, err
	}
	try := func(container isolation.Container) error {
		return process.Trial(shim, filepath.Join(c.DataDir, "trial"), container)
	}
	w := &provider.Wall{
		Result: isolation.Choose(c.Isolation, isolation.Probe(), c.UIDs, try),
		OwnUID: isolation.UserOf(os.Geteuid()), OwnGID: isolation.UserOf(os.Getegid()),
		Hidden: append([]string{c.DataDir, c.ImageMap, c.BootstrapKubeconfig}, c.Hide...), CanMount: runtime.GOOS == "linux",
	}
	klog.InfoS("Isolation of containers", "isolated", w.Isolated, "reason", w.Reason, "message", w.Message)
	if c.Isolation == isolation.Required && !w.Isolated {
		return nil, fmt.Errorf("this machine cannot isolate containers, as --isolation required asks: %s", w.Message)
	}
	w.IDs, err = isolation.NewIDs(c.UIDs, filepath.Join(c.DataDir, "pods"))
	return w, err
}
