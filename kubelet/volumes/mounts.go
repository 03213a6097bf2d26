package volumes

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/env"
)

// Mount is a volume, or a part of one, that a container is to see at Path.
type Mount struct {
	// Source is the directory or file on the node.
	Source string
	// SubPath lies beneath Source in a volume that containers write: whoever mounts it must not follow links there. What
	// is missing is to be made as a directory.
	SubPath  string
	Path     string
	ReadOnly bool
	// Content is written by the kubelet alone.
	Content bool
}

// Mounts lists what a container is to see, outer paths first: its volume mounts and the file for its termination
// message. values are the container's environment, for subPathExpr.
func Mounts(pod *v1.Pod, container *v1.Container, dir string, values map[string]string) ([]Mount, error) {
	var mounts []Mount
	for _, asked := range container.VolumeMounts {
		mount, err := mountOf(pod, asked, dir, values)
		if err != nil {
			return nil, fmt.Errorf("mounting %s at %s: %w", asked.Name, asked.MountPath, err)
		}
		mounts = append(mounts, mount)
	}
	message, err := terminationFile(dir, container.Name)
	if err != nil {
		return nil, err
	}
	if at := terminationPath(container); !slices.ContainsFunc(mounts, func(m Mount) bool { return m.Path == at }) {
		mounts = append(mounts, Mount{Source: message, Path: at})
	}
	slices.SortStableFunc(mounts, func(a, b Mount) int { return strings.Count(a.Path, "/") - strings.Count(b.Path, "/") })
	return mounts, nil
}

func mountOf(pod *v1.Pod, asked v1.VolumeMount, dir string, values map[string]string) (Mount, error) {
	at := slices.IndexFunc(pod.Spec.Volumes, func(v v1.Volume) bool { return v.Name == asked.Name })
	if at < 0 {
		return Mount{}, fmt.Errorf("the pod has no such volume")
	}
	m := Mount{
		Source: path(dir, asked.Name), Path: filepath.Clean("/" + asked.MountPath),
		ReadOnly: asked.ReadOnly, Content: pod.Spec.Volumes[at].EmptyDir == nil,
	}
	if m.Path == "/" {
		return Mount{}, fmt.Errorf("the root itself cannot be a mount")
	}
	sub, err := subPath(asked, values)
	if err != nil || sub == "" {
		return m, err
	}
	if !m.Content {
		m.SubPath = sub
		return m, nil
	}
	// The kubelet's own links inside the volume are followed now: such a mount keeps its content, as Kubernetes says.
	m.Source, err = filepath.EvalSymlinks(filepath.Join(m.Source, sub))
	if os.IsNotExist(err) {
		err = fmt.Errorf("the volume holds no %q", sub)
	}
	return m, err
}

// subPath is relative and stays beneath its volume.
func subPath(asked v1.VolumeMount, values map[string]string) (string, error) {
	sub := asked.SubPath
	if asked.SubPathExpr != "" {
		sub = env.Expand(asked.SubPathExpr, values)
		if strings.Contains(sub, "$(") {
			return "", fmt.Errorf("the subPathExpr %q names a variable that the container does not have", asked.SubPathExpr)
		}
	}
	if sub == "" {
		return "", nil
	}
	if !filepath.IsLocal(sub) {
		return "", fmt.Errorf("the sub path %q leaves its volume", sub)
	}
	return filepath.Clean(sub), nil
}

// Link lays mounts out as symbolic links beneath a root of the container, in which a mount for P appears at root/P, and
// returns it: the way of a node that cannot mount. readOnly is not enforced. Calling it again changes nothing.
func Link(mounts []Mount, container, dir string) (string, error) {
	root := Root(dir, container)
	if err := os.MkdirAll(root, 0o700); err != nil {
		return "", err
	}
	for _, mount := range mounts {
		if err := link(root, mount); err != nil {
			return "", fmt.Errorf("linking %s: %w", mount.Path, err)
		}
	}
	return root, nil
}

// Root is the directory that Link returns.
func Root(dir, container string) string { return filepath.Join(dir, "roots", container) }

func link(root string, mount Mount) error {
	at := filepath.Join(root, mount.Path)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	target := filepath.Join(mount.Source, mount.SubPath)
	if mount.SubPath != "" {
		if _, err := os.Stat(target); os.IsNotExist(err) {
			if err := os.MkdirAll(target, 0o700); err != nil {
				return err
			}
		}
	}
	if err := os.Symlink(target, at); err != nil && !os.IsExist(err) {
		return err
	}
	return nil
}

func path(dir, volume string) string { return filepath.Join(dir, "volumes", volume) }
