package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/env"
	"rig.dashecorp.com/kubelet/imagemap"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/volumes"
)

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// MountPointEnv names the variable that tells a container under which directory its mounts appear; Windows'
// HostProcess containers call it so too.
const MountPointEnv = "CONTAINER_SANDBOX_MOUNT_POINT"

// refusalError is a reason for which a pod fails at once.
type refusalError struct{ reason, message string }

func (e *refusalError) Error() string { return e.message }

func (p *Provider) image(reference string) (imagemap.Image, error) {
	images, err := imagemap.Load(p.ImageMapFile)
	if err != nil {
		return imagemap.Image{}, &refusalError{"ImageMapInvalid", err.Error()}
	}
	image, ok := images.Find(reference)
	if !ok {
		return imagemap.Image{}, &refusalError{"ImageNotMapped", fmt.Sprintf(
			"The image %q is not in this node's image map, so there is nothing to run for it: the node's administrator can add it to %s.", reference, p.ImageMapFile)}
	}
	return image, nil
}

// processSpec says what to run for a container. retry is an error that may pass (an object that is not there yet).
func (p *Provider) processSpec(ctx context.Context, pod *v1.Pod, name, dir string) (spec process.Spec, retry, failed error) {
	container := containerOf(pod, name)
	image, err := p.image(container.Image)
	if err != nil {
		return spec, nil, err
	}
	at := p.placesOf(name, dir)
	base, err := p.baseEnv(pod, image, at)
	if err != nil {
		return spec, nil, err
	}
	values, skipped, err := p.Env.Resolve(ctx, pod, container, base)
	if err != nil {
		return spec, err, nil
	}
	p.tellSkipped(pod, skipped)
	mounts, err := volumes.Mounts(pod, container, dir, values)
	if err != nil {
		return spec, nil, err
	}
	plan, err := p.Wall.plan(pod, container, image, mounts, at, dir, p.MaxProcesses)
	if err != nil {
		return spec, nil, err
	}
	if !p.Wall.mounts() {
		if _, err := volumes.Link(mounts, name, dir); err != nil {
			return spec, nil, err
		}
	}
	argv := env.ExpandAll(arguments(container, image), values)
	if len(argv) == 0 {
		return spec, nil, fmt.Errorf("neither the container nor the image map names a command for %q", container.Image)
	}
	workingDir := workingDirectory(env.Expand(container.WorkingDir, values), image, at.root)
	return process.Spec{Argv: argv, Env: env.List(values), Dir: workingDir, Isolation: plan}, nil, nil
}

// places are where a container finds what is its own.
type places struct{ home, temp, root string }

// placesOf are fixed paths where this node can mount, else directories of the container, which count as what it stores.
func (p *Provider) placesOf(container, dir string) places {
	if p.Wall.mounts() {
		return places{home: isolation.Home, temp: isolation.Temp}
	}
	own := filepath.Join(dir, "containers", container)
	return places{home: filepath.Join(own, "home"), temp: filepath.Join(own, "tmp"), root: volumes.Root(dir, container)}
}

// volumes are these places where they are not mounted: the root holds links to the mounts.
func (p places) volumes() []isolation.Volume {
	return []isolation.Volume{
		{Source: p.home, Target: p.home}, {Source: p.temp, Target: p.temp}, {Source: p.root, Target: p.root, Content: true},
	}
}

// baseEnv is all that a container inherits: nothing of the kubelet's own environment.
func (p *Provider) baseEnv(pod *v1.Pod, image imagemap.Image, at places) (map[string]string, error) {
	if !p.Wall.mounts() {
		for _, folder := range []string{at.home, at.temp} {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return nil, err
			}
		}
	}
	values := map[string]string{
		"PATH":                    strings.Join(append(append([]string{}, image.Path...), systemPath), ":"),
		"HOME":                    at.home,
		"TMPDIR":                  at.temp,
		"HOSTNAME":                pod.Name,
		"KUBERNETES_SERVICE_HOST": p.APIServerHost,
		"KUBERNETES_SERVICE_PORT": p.APIServerPort,
		MountPointEnv:             at.root,
	}
	for name, value := range image.Env {
		values[name] = value
	}
	return values, nil
}

// arguments follow Kubernetes' rule: a command of the container replaces the image's entry point and its arguments.
func arguments(container *v1.Container, image imagemap.Image) []string {
	command := container.Command
	if len(command) == 0 {
		command = image.Command
	}
	return append(append([]string{}, command...), container.Args...)
}

// workingDirectory looks for the path beneath the container's root, if it has one, then takes it as it is; relative ones
// belong to the image.
func workingDirectory(asked string, image imagemap.Image, root string) string {
	if asked == "" {
		return image.Directory
	}
	if !filepath.IsAbs(asked) {
		return filepath.Join(image.Directory, asked)
	}
	if mounted := filepath.Join(root, asked); root != "" && isDir(mounted) {
		return mounted
	}
	return asked
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
