package env

import (
	"context"
	"fmt"
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

// Resolve starts from base and adds envFrom, then env in order, each value expanded with those before it.
// An error that wraps an API status (not found, forbidden) may pass; any other will not.
func (r Resolver) Resolve(ctx context.Context, pod *v1.Pod, container *v1.Container, base map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(base)+len(container.Env))
	for name, value := range base {
		values[name] = value
	}
	for _, source := range container.EnvFrom {
		if err := r.addAll(ctx, pod.Namespace, source, values); err != nil {
			return nil, err
		}
	}
	for _, variable := range container.Env {
		value, found, err := r.value(ctx, pod, container, variable, values)
		if err != nil {
			return nil, fmt.Errorf("the variable %s: %w", variable.Name, err)
		}
		if found {
			values[variable.Name] = value
		}
	}
	return values, nil
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

func (r Resolver) addAll(ctx context.Context, namespace string, source v1.EnvFromSource, values map[string]string) error {
	if ref := source.ConfigMapRef; ref != nil {
		object, err := r.Objects.ConfigMap(ctx, namespace, ref.Name)
		if absent(err, ref.Optional) {
			return nil
		} else if err != nil {
			return err
		}
		for key, value := range object.Data {
			values[source.Prefix+key] = value
		}
	}
	if ref := source.SecretRef; ref != nil {
		object, err := r.Objects.Secret(ctx, namespace, ref.Name)
		if absent(err, ref.Optional) {
			return nil
		} else if err != nil {
			return err
		}
		for key, value := range object.Data {
			values[source.Prefix+key] = string(value)
		}
	}
	return nil
}

func (r Resolver) value(ctx context.Context, pod *v1.Pod, container *v1.Container, variable v1.EnvVar, known map[string]string) (string, bool, error) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return Expand(variable.Value, known), true, nil
	case from.FieldRef != nil:
		value, err := Field(pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.ResourceFieldRef != nil:
		subject, err := named(pod, container, from.ResourceFieldRef.ContainerName)
		if err != nil {
			return "", false, err
		}
		value, err := Resource(subject, from.ResourceFieldRef, r.Allocatable)
		return value, true, err
	case from.ConfigMapKeyRef != nil:
		return r.configMapKey(ctx, pod.Namespace, from.ConfigMapKeyRef)
	case from.SecretKeyRef != nil:
		return r.secretKey(ctx, pod.Namespace, from.SecretKeyRef)
	}
	return "", false, fmt.Errorf("its source is of a sort this node does not know")
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

func (r Resolver) configMapKey(ctx context.Context, namespace string, ref *v1.ConfigMapKeySelector) (string, bool, error) {
	object, err := r.Objects.ConfigMap(ctx, namespace, ref.Name)
	if absent(err, ref.Optional) {
		return "", false, nil
	} else if err != nil {
		return "", false, err
	}
	value, ok := object.Data[ref.Key]
	return key(value, ok, ref.Optional, "configmap", ref.Name, ref.Key)
}

func (r Resolver) secretKey(ctx context.Context, namespace string, ref *v1.SecretKeySelector) (string, bool, error) {
	object, err := r.Objects.Secret(ctx, namespace, ref.Name)
	if absent(err, ref.Optional) {
		return "", false, nil
	} else if err != nil {
		return "", false, err
	}
	value, ok := object.Data[ref.Key]
	return key(string(value), ok, ref.Optional, "secret", ref.Name, ref.Key)
}

func key(value string, found bool, optional *bool, kind, name, key string) (string, bool, error) {
	if !found && (optional == nil || !*optional) {
		return "", false, &MissingKeyError{Kind: kind, Name: name, Key: key}
	}
	return value, found, nil
}

func absent(err error, optional *bool) bool {
	return apierrors.IsNotFound(err) && optional != nil && *optional
}

// MissingKeyError says that an object exists without a key that a pod needs; it may be added later.
type MissingKeyError struct{ Kind, Name, Key string }

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("the %s %q has no key %q", e.Kind, e.Name, e.Key)
}
