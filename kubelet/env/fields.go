package env

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Field is the value of a downward API path such as metadata.name, metadata.labels['x'] or status.podIP.
func Field(pod *v1.Pod, path string) (string, error) {
	if field, key, ok := subscript(path); ok {
		switch field {
		case "metadata.labels":
			return pod.Labels[key], nil
		case "metadata.annotations":
			return pod.Annotations[key], nil
		}
		return "", fmt.Errorf("the field %q has no keys", field)
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.namespace":
		return pod.Namespace, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "metadata.labels":
		return formatMap(pod.Labels), nil
	case "metadata.annotations":
		return formatMap(pod.Annotations), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP":
		return pod.Status.HostIP, nil
	case "status.hostIPs":
		return join(pod.Status.HostIPs, func(a v1.HostIP) string { return a.IP }), nil
	case "status.podIP":
		return pod.Status.PodIP, nil
	case "status.podIPs":
		return join(pod.Status.PodIPs, func(a v1.PodIP) string { return a.IP }), nil
	}
	return "", fmt.Errorf("the field %q is not one that a pod offers", path)
}

// subscript splits metadata.labels['key'].
func subscript(path string) (field, key string, ok bool) {
	field, rest, found := strings.Cut(path, "['")
	if !found || !strings.HasSuffix(rest, "']") {
		return "", "", false
	}
	return field, strings.TrimSuffix(rest, "']"), true
}

func join[T any](list []T, text func(T) string) string {
	texts := make([]string, len(list))
	for n, element := range list {
		texts[n] = text(element)
	}
	return strings.Join(texts, ",")
}

func formatMap(values map[string]string) string {
	lines := make([]string, 0, len(values))
	for key, value := range values {
		lines = append(lines, key+"="+strconv.Quote(value))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Resource is a container's request or limit in units of the divisor, rounded up. A limit that is not set
// is what the node can give.
func Resource(container *v1.Container, ref *v1.ResourceFieldSelector, allocatable v1.ResourceList) (string, error) {
	kind, name, _ := strings.Cut(ref.Resource, ".")
	var quantity resource.Quantity
	switch kind {
	case "requests":
		quantity = container.Resources.Requests[v1.ResourceName(name)]
	case "limits":
		limit, ok := container.Resources.Limits[v1.ResourceName(name)]
		if !ok {
			limit = allocatable[v1.ResourceName(name)]
		}
		quantity = limit
	default:
		return "", fmt.Errorf("the resource %q is neither a request nor a limit", ref.Resource)
	}
	divisor := ref.Divisor
	if divisor.IsZero() {
		divisor = resource.MustParse("1")
	}
	if name == string(v1.ResourceCPU) {
		return ceil(quantity.MilliValue(), divisor.MilliValue()), nil
	}
	return ceil(quantity.Value(), divisor.Value()), nil
}

func ceil(value, divisor int64) string {
	return strconv.FormatInt((value+divisor-1)/divisor, 10)
}
