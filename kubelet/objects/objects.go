// Package objects reads what pods name from the API server, one GET each: the node lists and watches nothing but its pods.
package objects

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"rig.dashecorp.com/kubelet/volumes"
)

// Client implements volumes.Objects.
type Client struct{ Kube kubernetes.Interface }

var _ volumes.Objects = Client{}

func (c Client) Secret(ctx context.Context, namespace, name string) (*v1.Secret, error) {
	return c.Kube.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
}

func (c Client) ConfigMap(ctx context.Context, namespace, name string) (*v1.ConfigMap, error) {
	return c.Kube.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
}

// Token is bound to the pod by uid: it ends with the pod, and the API server gives it to this pod's node alone.
func (c Client) Token(ctx context.Context, pod *v1.Pod, audience string, seconds *int64) (volumes.Token, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: seconds,
		BoundObjectRef:    &authenticationv1.BoundObjectReference{Kind: "Pod", APIVersion: "v1", Name: pod.Name, UID: pod.UID},
	}}
	if audience != "" {
		request.Spec.Audiences = []string{audience}
	}
	accounts := c.Kube.CoreV1().ServiceAccounts(pod.Namespace)
	answer, err := accounts.CreateToken(ctx, pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return volumes.Token{}, err
	}
	return volumes.Token{Value: answer.Status.Token, Expires: answer.Status.ExpirationTimestamp.Time}, nil
}
