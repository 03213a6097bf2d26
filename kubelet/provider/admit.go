package provider

import (
	"errors"

	"rig.dashecorp.com/kubelet/volumes"
)

// admit finds what no waiting would cure.
func (i *instance) admit() error {
	pod := i.snapshot()
	if !tolerates(pod) {
		return &refusalError{"HostProcessNotTolerated", "The pod does not tolerate this node's taint, so its author may not know that it would run as a process of the host."}
	}
	var unsupported *volumes.UnsupportedError
	if err := volumes.Check(pod); errors.As(err, &unsupported) {
		return &refusalError{"VolumeNotSupported", unsupported.Error()}
	}
	if i.begun() {
		return nil
	}
	for container := range containersOf(pod) {
		if _, err := i.provider.image(container.Image); err != nil {
			return err
		}
	}
	return nil
}

// begun says whether a kubelet before this one got as far as starting a container.
func (i *instance) begun() bool {
	for c := range i.all() {
		if c.attempt >= 0 {
			return true
		}
	}
	return false
}
