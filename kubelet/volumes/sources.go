// Package volumes lays the volumes of a pod out in a directory of the host.
package volumes

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"rig.dashecorp.com/kubelet/env"
)

// Token is a service account token bound to a pod.
type Token struct {
	Value   string
	Expires time.Time
}

// Objects reads what volumes name and asks for tokens.
type Objects interface {
	env.Objects
	// Token asks for a token of the pod's service account, bound to the pod. An empty audience is the API server's.
	Token(ctx context.Context, pod *v1.Pod, audience string, seconds *int64) (Token, error)
}

// UnsupportedError names a volume of a sort, with a source or on a medium that this node does not offer.
type UnsupportedError struct{ Volume, Source, Medium string }

func (e *UnsupportedError) Error() string {
	if e.Medium != "" {
		return fmt.Sprintf("the emptyDir volume %q asks for the medium %s, and this node has them on its disk only", e.Volume, e.Medium)
	}
	if e.Source != "" {
		return fmt.Sprintf("the projected volume %q has a source that this node does not offer: %s", e.Volume, e.Source)
	}
	return fmt.Sprintf("the volume %q is of a sort this node does not offer (it offers emptyDir, configMap, secret, projected and downwardAPI)", e.Volume)
}

type collector struct {
	objects     Objects
	allocatable v1.ResourceList
	pod         *v1.Pod
	files       []File
	// renew is the earliest moment at which a token has to be fetched again; zero without tokens.
	renew  time.Time
	now    func() time.Time
	tokens *tokens
}

func (c *collector) volume(ctx context.Context, volume *v1.Volume) error {
	switch {
	case volume.EmptyDir != nil:
		return nil
	case volume.ConfigMap != nil:
		s := volume.ConfigMap
		return c.configMap(ctx, s.Name, s.Items, s.Optional, s.DefaultMode)
	case volume.Secret != nil:
		s := volume.Secret
		return c.secret(ctx, s.SecretName, s.Items, s.Optional, s.DefaultMode)
	case volume.DownwardAPI != nil:
		return c.downward(volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		for i := range volume.Projected.Sources {
			if err := c.projection(ctx, volume, &volume.Projected.Sources[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return &UnsupportedError{Volume: volume.Name}
}

func (c *collector) projection(ctx context.Context, volume *v1.Volume, source *v1.VolumeProjection) error {
	mode := volume.Projected.DefaultMode
	switch {
	case source.ConfigMap != nil:
		return c.configMap(ctx, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional, mode)
	case source.Secret != nil:
		return c.secret(ctx, source.Secret.Name, source.Secret.Items, source.Secret.Optional, mode)
	case source.DownwardAPI != nil:
		return c.downward(source.DownwardAPI.Items, mode)
	case source.ServiceAccountToken != nil:
		return c.token(ctx, source.ServiceAccountToken, mode)
	}
	return &UnsupportedError{Volume: volume.Name}
}

func (c *collector) configMap(ctx context.Context, name string, items []v1.KeyToPath, optional *bool, defaultMode *int32) error {
	object, err := c.objects.ConfigMap(ctx, c.pod.Namespace, name)
	if isAbsent(err, optional) {
		return nil
	} else if err != nil {
		return err
	}
	data := map[string][]byte{}
	for key, value := range object.Data {
		data[key] = []byte(value)
	}
	for key, value := range object.BinaryData {
		data[key] = value
	}
	return c.keys("configmap", name, data, items, optional, defaultMode)
}

func (c *collector) secret(ctx context.Context, name string, items []v1.KeyToPath, optional *bool, defaultMode *int32) error {
	object, err := c.objects.Secret(ctx, c.pod.Namespace, name)
	if isAbsent(err, optional) {
		return nil
	} else if err != nil {
		return err
	}
	return c.keys("secret", name, object.Data, items, optional, defaultMode)
}

func (c *collector) keys(kind, name string, data map[string][]byte, items []v1.KeyToPath, optional *bool, defaultMode *int32) error {
	if len(items) == 0 {
		for key, value := range data {
			c.add(key, value, nil, defaultMode)
		}
		return nil
	}
	for _, item := range items {
		value, ok := data[item.Key]
		if !ok {
			if optional != nil && *optional {
				continue
			}
			return &env.MissingKeyError{Kind: kind, Name: name, Key: item.Key}
		}
		c.add(item.Path, value, item.Mode, defaultMode)
	}
	return nil
}

func (c *collector) downward(items []v1.DownwardAPIVolumeFile, defaultMode *int32) error {
	for _, item := range items {
		value, err := c.downwardValue(item)
		if err != nil {
			return err
		}
		c.add(item.Path, []byte(value), item.Mode, defaultMode)
	}
	return nil
}

func (c *collector) downwardValue(item v1.DownwardAPIVolumeFile) (string, error) {
	if item.FieldRef != nil {
		return env.Field(c.pod, item.FieldRef.FieldPath)
	}
	for _, list := range [][]v1.Container{c.pod.Spec.InitContainers, c.pod.Spec.Containers} {
		for i := range list {
			if list[i].Name == item.ResourceFieldRef.ContainerName {
				return env.Resource(&list[i], item.ResourceFieldRef, c.allocatable)
			}
		}
	}
	return "", fmt.Errorf("the pod has no container %q", item.ResourceFieldRef.ContainerName)
}

func (c *collector) token(ctx context.Context, source *v1.ServiceAccountTokenProjection, defaultMode *int32) error {
	token, err := c.tokens.get(ctx, c.objects, c.pod, source, c.now())
	if err != nil {
		return err
	}
	if c.renew.IsZero() || token.renew.Before(c.renew) {
		c.renew = token.renew
	}
	c.add(source.Path, []byte(token.value), nil, defaultMode)
	return nil
}

func (c *collector) add(path string, data []byte, item, volume *int32) {
	c.files = append(c.files, File{Path: path, Data: data, Mode: mode(item, volume)})
}

func isAbsent(err error, optional *bool) bool {
	return apierrors.IsNotFound(err) && optional != nil && *optional
}
