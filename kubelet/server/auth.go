package server

import (
	"net/http"
	"strings"

	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/klog/v2"
)

// WithAuth lets a request through when the API server says that its caller may use one of the subresources of the node
// that stand for its path.
func WithAuth(auth nodeutil.Auth, node string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok, err := auth.AuthenticateRequest(r)
		if err != nil || !ok {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		for _, attributes := range attributesOf(caller.User, node, r) {
			decision, _, err := auth.Authorize(r.Context(), attributes)
			if err != nil {
				klog.ErrorS(err, "The API server could not be asked what a caller may do")
				http.Error(w, "The API server could not be asked what the caller may do.", http.StatusInternalServerError)
				return
			}
			if decision == authorizer.DecisionAllow {
				next.ServeHTTP(w, r)
				return
			}
		}
		first := attributesOf(caller.User, node, r)[0]
		http.Error(w, "Forbidden: user "+caller.User.GetName()+" may not "+first.GetVerb()+" nodes/"+first.GetSubresource()+" of node "+node+".", http.StatusForbidden)
	})
}

// attributesOf lists what allows a request, any of them; the finest comes first.
// https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/
func attributesOf(caller user.Info, node string, r *http.Request) []authorizer.Attributes {
	var all []authorizer.Attributes
	for _, subresource := range subresources(r.URL.Path) {
		all = append(all, authorizer.AttributesRecord{
			User: caller, Verb: verb(r), APIVersion: "v1", Resource: "nodes", Subresource: subresource, Name: node,
			ResourceRequest: true, Path: r.URL.Path,
		})
	}
	return all
}

func subresources(path string) []string {
	switch first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/"); first {
	case "stats":
		return []string{"stats"}
	case "metrics":
		return []string{"metrics"}
	case "logs":
		return []string{"log"}
	case "pods", "runningpods":
		return []string{"pods", "proxy"}
	case "healthz":
		return []string{"healthz", "proxy"}
	}
	return []string{"proxy"}
}

// verb follows the method, but for what acts inside a container: that is "create" however it is asked for. A WebSocket
// can only be opened by GET, and who may read a node is not meant to run commands on it.
func verb(r *http.Request) string {
	if isStreaming(r.URL.Path) {
		return "create"
	}
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		return "delete"
	}
	return "get"
}
