package volumes

import (
	"context"
	"fmt"
	"os"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Manager lays out volumes under one directory a pod: `volumes/<name>` holds the files, `roots/<container>` the mounts.
type Manager struct {
	Objects     Objects
	Allocatable v1.ResourceList
	Now         func() time.Time
	tokens      tokens
}

// Write fetches what the pod's volumes name and writes it under dir. It returns when the first token has to be
// renewed by calling Write again (zero: never). Content of an emptyDir is left as it is.
func (m *Manager) Write(ctx context.Context, pod *v1.Pod, dir string) (time.Time, error) {
	var renew time.Time
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		c := &collector{objects: m.Objects, allocatable: m.Allocatable, pod: pod, now: m.Now, tokens: &m.tokens}
		if err := c.volume(ctx, volume); err != nil {
			return time.Time{}, fmt.Errorf("the volume %s: %w", volume.Name, err)
		}
		target := path(dir, volume.Name)
		if err := os.MkdirAll(target, 0o700); err != nil {
			return time.Time{}, err
		}
		if volume.EmptyDir == nil {
			if err := write(target, c.files); err != nil {
				return time.Time{}, fmt.Errorf("the volume %s: %w", volume.Name, err)
			}
		}
		if !c.renew.IsZero() && (renew.IsZero() || c.renew.Before(renew)) {
			renew = c.renew
		}
	}
	return renew, nil
}

// Changes says whether a pod has volumes whose content may change while it runs.
func Changes(pod *v1.Pod) bool {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i].VolumeSource
		if v.ConfigMap != nil || v.Secret != nil || v.DownwardAPI != nil || v.Projected != nil {
			return true
		}
	}
	return false
}

// Check finds a volume that this node does not offer, without fetching anything.
func Check(pod *v1.Pod) error {
	for i := range pod.Spec.Volumes {
		name, v := pod.Spec.Volumes[i].Name, &pod.Spec.Volumes[i].VolumeSource
		if v.EmptyDir == nil && v.ConfigMap == nil && v.Secret == nil && v.Projected == nil && v.DownwardAPI == nil {
			return &UnsupportedError{Volume: name}
		}
		if v.EmptyDir != nil && v.EmptyDir.Medium != v1.StorageMediumDefault {
			return &UnsupportedError{Volume: name, Medium: string(v.EmptyDir.Medium)}
		}
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			switch {
			case source.ClusterTrustBundle != nil:
				return &UnsupportedError{Volume: name, Source: "clusterTrustBundle"}
			case source.PodCertificate != nil:
				return &UnsupportedError{Volume: name, Source: "podCertificate"}
			}
		}
	}
	return nil
}
