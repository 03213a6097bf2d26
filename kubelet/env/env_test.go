package env

import (
	"context"
	"errors"
	"testing"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestExpandFollowsKubernetesRules(t *testing.T) {
	values := map[string]string{"A": "1", "B_C": "2", "EMPTY": ""}
	for text, want := range map[string]string{
		"$(A)":       "1",
		"x$(A)y":     "x1y",
		"$(A)$(B_C)": "12",
		"$(EMPTY)":   "",
		"$(NO)":      "$(NO)",
		"$$(A)":      "$(A)",
		"$$$(A)":     "$1",
		"$A":         "$A",
		"$":          "$",
		"$(A":        "$(A",
		"a$":         "a$",
		"$()":        "$()",
		"$($(A))":    "$($(A))",
	} {
		if got := Expand(text, values); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzExpandWithoutReferencesIsTheText(f *testing.F) {
	f.Add("plain $(A) $$ $(")
	f.Fuzz(func(t *testing.T, text string) {
		once := Expand(text, nil)
		if len(once) > len(text) {
			t.Fatalf("%q grew to %q", text, once)
		}
	})
}

type objects struct{}

func (objects) Secret(_ context.Context, _, name string) (*v1.Secret, error) {
	if name != "s" {
		return nil, apierrors.NewNotFound(v1.Resource("secrets"), name)
	}
	return &v1.Secret{Data: map[string][]byte{"k": []byte("secret")}}, nil
}

func (objects) ConfigMap(_ context.Context, _, name string) (*v1.ConfigMap, error) {
	if name != "c" {
		return nil, apierrors.NewNotFound(v1.Resource("configmaps"), name)
	}
	return &v1.ConfigMap{Data: map[string]string{"k": "config", "X": "from"}}, nil
}

func secretRef(name, key string, optional bool) *v1.EnvVarSource {
	return &v1.EnvVarSource{SecretKeyRef: &v1.SecretKeySelector{LocalObjectReference: v1.LocalObjectReference{Name: name}, Key: key, Optional: &optional}}
}

func TestResolveOrdersBaseEnvFromAndEnv(t *testing.T) {
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "n", Labels: map[string]string{"a": "b"}}}
	container := &v1.Container{
		EnvFrom: []v1.EnvFromSource{{Prefix: "C_", ConfigMapRef: &v1.ConfigMapEnvSource{LocalObjectReference: v1.LocalObjectReference{Name: "c"}}}},
		Env: []v1.EnvVar{
			{Name: "HOME", Value: "$(HOME)/sub"},
			{Name: "S", ValueFrom: secretRef("s", "k", false)},
			{Name: "BOTH", Value: "$(S)-$(C_X)-$(LATER)"},
			{Name: "LATER", Value: "x"},
			{Name: "ABSENT", ValueFrom: secretRef("gone", "k", true)},
			{Name: "LABEL", ValueFrom: &v1.EnvVarSource{FieldRef: &v1.ObjectFieldSelector{FieldPath: "metadata.labels['a']"}}},
		},
	}
	got, skipped, err := Resolver{Objects: objects{}}.Resolve(context.Background(), pod, container, map[string]string{"HOME": "/h"})
	if err != nil {
		t.Fatal(err)
	}
	if len(skipped) != 1 || skipped[0].Reason() != "OptionalSecretNotFound" {
		t.Errorf("skipped: %v", skipped)
	}
	want := map[string]string{"HOME": "/h/sub", "S": "secret", "BOTH": "secret-from-$(LATER)", "LATER": "x", "LABEL": "b", "C_k": "config", "C_X": "from"}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %q, want %q", name, got[name], value)
		}
	}
}

func TestResolveSaysWhatIsMissing(t *testing.T) {
	resolve := func(source *v1.EnvVarSource) error {
		container := &v1.Container{Env: []v1.EnvVar{{Name: "V", ValueFrom: source}}}
		_, _, err := Resolver{Objects: objects{}}.Resolve(context.Background(), &v1.Pod{}, container, nil)
		return err
	}
	if err := resolve(secretRef("gone", "k", false)); !apierrors.IsNotFound(err) {
		t.Errorf("missing object: %v", err)
	}
	var missing *MissingKeyError
	if err := resolve(secretRef("s", "other", false)); !errors.As(err, &missing) || missing.Key != "other" {
		t.Errorf("missing key: %v", err)
	}
	if err := resolve(&v1.EnvVarSource{FieldRef: &v1.ObjectFieldSelector{FieldPath: "spec.secret"}}); err == nil {
		t.Error("an unknown field must be an error")
	}
}

func TestWhatIsAbsentIsToldByTheReasonsOfVirtualKubelet(t *testing.T) {
	config := func(name string) *v1.EnvVarSource {
		return &v1.EnvVarSource{ConfigMapKeyRef: &v1.ConfigMapKeySelector{LocalObjectReference: v1.LocalObjectReference{Name: name}, Key: "other"}}
	}
	for want, source := range map[string]*v1.EnvVarSource{
		"MandatorySecretNotFound": secretRef("gone", "k", false), "MandatorySecretKeyNotFound": secretRef("s", "other", false),
		"OptionalSecretKeyNotFound":  secretRef("s", "other", true),
		"MandatoryConfigMapNotFound": config("gone"), "MandatoryConfigMapKeyNotFound": config("c"),
	} {
		container := &v1.Container{Env: []v1.EnvVar{{Name: "V", ValueFrom: source}}}
		_, skipped, err := Resolver{Objects: objects{}}.Resolve(context.Background(), &v1.Pod{}, container, nil)
		var absent *Absent
		if errors.As(err, &absent) == (len(skipped) == 1) {
			t.Fatalf("%s: %v %v", want, skipped, err)
		}
		if err == nil {
			absent = skipped[0]
		}
		if absent.Reason() != want {
			t.Errorf("got %s, want %s", absent.Reason(), want)
		}
	}
}

func TestResourceRoundsUpAndFallsBackToTheNode(t *testing.T) {
	container := &v1.Container{Resources: v1.ResourceRequirements{Requests: v1.ResourceList{"cpu": resource.MustParse("1500m")}}}
	allocatable := v1.ResourceList{"memory": resource.MustParse("2Gi")}
	for _, c := range []struct{ name, divisor, want string }{
		{"requests.cpu", "1", "2"}, {"requests.cpu", "1m", "1500"}, {"limits.memory", "1Mi", "2048"}, {"requests.memory", "", "0"},
	} {
		ref := &v1.ResourceFieldSelector{Resource: c.name}
		if c.divisor != "" {
			ref.Divisor = resource.MustParse(c.divisor)
		}
		if got, err := Resource(container, ref, allocatable); err != nil || got != c.want {
			t.Errorf("%s/%s: got %q %v, want %q", c.name, c.divisor, got, err, c.want)
		}
	}
}

func TestFieldsOfThePodsPlaceAndOfAnotherContainer(t *testing.T) {
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"a/b": "c d"}},
		Spec: v1.PodSpec{NodeName: "node", ServiceAccountName: "account", InitContainers: []v1.Container{{
			Name: "other", Resources: v1.ResourceRequirements{Limits: v1.ResourceList{"memory": resource.MustParse("3Mi")}},
		}}},
		Status: v1.PodStatus{HostIP: "1.1.1.1", HostIPs: []v1.HostIP{{IP: "1.1.1.1"}}, PodIP: "2.2.2.2", PodIPs: []v1.PodIP{{IP: "2.2.2.2"}, {IP: "::2"}}},
	}
	for path, want := range map[string]string{
		"spec.nodeName": "node", "spec.serviceAccountName": "account", "status.hostIP": "1.1.1.1", "status.hostIPs": "1.1.1.1",
		"status.podIP": "2.2.2.2", "status.podIPs": "2.2.2.2,::2", "metadata.annotations['a/b']": "c d", "metadata.annotations": `a/b="c d"`,
	} {
		if got, err := Field(pod, path); err != nil || got != want {
			t.Errorf("%s: %q %v", path, got, err)
		}
	}
	ref := &v1.ResourceFieldSelector{ContainerName: "other", Resource: "limits.memory", Divisor: resource.MustParse("1Ki")}
	container := &v1.Container{Name: "own", Env: []v1.EnvVar{{Name: "M", ValueFrom: &v1.EnvVarSource{ResourceFieldRef: ref}}}}
	if got, _, err := (Resolver{}).Resolve(context.Background(), pod, container, nil); err != nil || got["M"] != "3072" {
		t.Errorf("%v %v", got, err)
	}
	ref.ContainerName = "none"
	if _, _, err := (Resolver{}).Resolve(context.Background(), pod, container, nil); err == nil {
		t.Error("a container that is not there must be an error")
	}
}
