package env

import (
	"context"
	"fmt"
	"maps"
	"slices"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Objects reads what pods name. Each call is one GET: nothing is listed or watched.
type Objects interface {
	Secret(ctx context.Context, namespace, name string) (*v1.Secret, error)
	ConfigMap(ctx context.Context, namespace, name string) (*v1.ConfigMap, error)
}

// Resolver turns a container's env and envFrom into values.
type Resolver struct {
	Objects     Objects
	Allocatable v1.ResourceList
}

// Resolve starts from base and adds envFrom, then env in order, each value expanded with those before it. What is absent
// and optional is left out and told of. An error that wraps an API status (not found, forbidden) may pass; any other will not.
func (r Resolver) Resolve(ctx context.Context, pod *v1.Pod, container *v1.Container, base map[string]string) (map[string]string, []*Absent, error) {
	a := &resolution{Resolver: r, pod: pod, container: container, values: make(map[string]string, len(base)+len(container.Env))}
	maps.Copy(a.values, base)
	for _, source := range container.EnvFrom {
		if err := a.addAll(ctx, source); err != nil {
			return nil, nil, err
		}
	}
	for _, variable := range container.Env {
		value, found, err := a.value(ctx, variable)
		if err != nil {
			return nil, nil, fmt.Errorf("the variable %s: %w", variable.Name, err)
		}
		if found {
			a.values[variable.Name] = value
		}
	}
	return a.values, a.skipped, nil
}

// List is the form a process takes, sorted by name.
func List(values map[string]string) []string {
	list := make([]string, 0, len(values))
	for name, value := range values {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// resolution is one environment in the making.
type resolution struct {
	Resolver
	pod       *v1.Pod
	container *v1.Container
	values    map[string]string
	skipped   []*Absent
}

func (a *resolution) addAll(ctx context.Context, source v1.EnvFromSource) error {
	var data map[string]string
	var err error
	if ref := source.ConfigMapRef; ref != nil {
		data, err = a.data(ctx, &Absent{Kind: configMap, Name: ref.Name, Optional: isTrue(ref.Optional)})
	} else if ref := source.SecretRef; ref != nil {
		data, err = a.data(ctx, &Absent{Kind: secret, Name: ref.Name, Optional: isTrue(ref.Optional)})
	}
	for key, value := range data {
		a.values[source.Prefix+key] = value
	}
	return err
}

func (a *resolution) value(ctx context.Context, variable v1.EnvVar) (string, bool, error) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return Expand(variable.Value, a.values), true, nil
	case from.FieldRef != nil:
		value, err := Field(a.pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		subject, err := named(a.pod, a.container, from.ResourceFieldRef.ContainerName)
		if err != nil {
			return "", false, err
		}
		value, err := Resource(subject, from.ResourceFieldRef, a.Allocatable)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		return a.key(ctx, configMap, ref.Name, ref.Key, ref.Optional)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		return a.key(ctx, secret, ref.Name, ref.Key, ref.Optional)
	}
	return "", false, fmt.Errorf("its source is of a sort this node does not know")
}

// key is one value of an object; false when it is absent and may be.
func (a *resolution) key(ctx context.Context, kind, name, key string, optional *bool) (string, bool, error) {
	data, err := a.data(ctx, &Absent{Kind: kind, Name: name, Optional: isTrue(optional)})
	if data == nil || err != nil {
		return "", false, err
	}
	value, ok := data[key]
	if !ok {
		missing := &MissingKeyError{Kind: kind, Name: name, Key: key}
		err = a.skip(&Absent{Kind: kind, Name: name, Key: key, Optional: isTrue(optional), cause: missing})
	}
	return value, ok, err
}

// data is what an object holds; nil when it is absent and may be.
func (a *resolution) data(ctx context.Context, about *Absent) (map[string]string, error) {
	data := map[string]string{}
	var err error
	if about.Kind == configMap {
		var object *v1.ConfigMap
		if object, err = a.Objects.ConfigMap(ctx, a.pod.Namespace, about.Name); err == nil {
			maps.Copy(data, object.Data)
		}
	} else {
		var object *v1.Secret
		if object, err = a.Objects.Secret(ctx, a.pod.Namespace, about.Name); err == nil {
			for key, value := range object.Data {
				data[key] = string(value)
			}
		}
	}
	if apierrors.IsNotFound(err) {
		about.cause = err
		return nil, a.skip(about)
	} else if err != nil {
		return nil, err
	}
	return data, nil
}

// skip notes what is absent; it is an error when it may not be.
func (a *resolution) skip(what *Absent) error {
	if !what.Optional {
		return what
	}
	a.skipped = append(a.skipped, what)
	return nil
}

// named is the container that a resourceFieldRef is about: its own, unless it names another one of the pod.
func named(pod *v1.Pod, own *v1.Container, name string) (*v1.Container, error) {
	if name == "" || name == own.Name {
		return own, nil
	}
	for _, list := range [][]v1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for n := range list {
			if list[n].Name == name {
				return &list[n], nil
			}
		}
	}
	return nil, fmt.Errorf("the pod has no container %q", name)
}
