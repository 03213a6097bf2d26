package volumes

import (
	"path/filepath"

	"rig.dashecorp.com/kubelet/disk"
)

// Dir is where the content of a volume lies, under the directory of its pod.
func Dir(dir, volume string) string { return path(dir, volume) }

// Remove deletes what containers saw of the volumes of a pod that is over: secrets and space do not outlive it.
func Remove(dir string) error {
	for _, folder := range []string{"volumes", "roots", "termination"} {
		if err := disk.Remove(filepath.Join(dir, folder)); err != nil {
			return err
		}
	}
	return nil
}
