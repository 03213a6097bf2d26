package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// rules let the caller "somebody" use what they name, as "verb subresource".
type rules struct {
	allowed map[string]bool
	asked   []string
	err     error
}

func (r *rules) AuthenticateRequest(request *http.Request) (*authenticator.Response, bool, error) {
	if request.Header.Get("Authorization") == "" {
		return nil, false, nil
	}
	return &authenticator.Response{User: &user.DefaultInfo{Name: "somebody"}}, true, nil
}

func (r *rules) GetRequestAttributes(user.Info, *http.Request) authorizer.Attributes { return nil }

func (r *rules) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	key := a.GetVerb() + " " + a.GetSubresource()
	r.asked = append(r.asked, key)
	if a.GetResource() != "nodes" || a.GetName() != "host" || !a.IsResourceRequest() {
		return authorizer.DecisionDeny, "", errors.New("another object was asked for")
	}
	if r.allowed[key] {
		return authorizer.DecisionAllow, "", r.err
	}
	return authorizer.DecisionNoOpinion, "", r.err
}

func request(r *rules, method, path string, known bool) *httptest.ResponseRecorder {
	w, asked := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
	if known {
		asked.Header.Set("Authorization", "Bearer x")
	}
	WithAuth(r, "host", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })).ServeHTTP(w, asked)
	return w
}

func TestAPathAsksForTheSubresourcesThatAllowItFinestFirst(t *testing.T) {
	for asked, want := range map[string]string{
		"GET /stats/summary":       "get stats",
		"GET /metrics":             "get metrics",
		"GET /metrics/resource":    "get metrics",
		"GET /logs/messages":       "get log",
		"GET /pods":                "get pods,get proxy",
		"GET /runningpods/":        "get pods,get proxy",
		"GET /healthz":             "get healthz,get proxy",
		"GET /containerLogs/n/p/c": "get proxy",
		"POST /exec/n/p/c":         "create proxy",
		"GET /exec/n/p/c":          "create proxy",
		"GET /attach/n/p/c":        "create proxy",
		"GET /portForward/n/p":     "create proxy",
		"GET /anything":            "get proxy",
		"GET /statsandmore":        "get proxy",
		"DELETE /pods":             "delete pods,delete proxy",
		"PUT /x":                   "update proxy",
		"PATCH /x":                 "patch proxy",
		"GET //exec/n/p/c":         "get proxy",
	} {
		method, path, _ := strings.Cut(asked, " ")
		r := &rules{}
		if w := request(r, method, path, true); w.Code != http.StatusForbidden || strings.Join(r.asked, ",") != want {
			t.Errorf("%s: %d, asked %v, want %s", asked, w.Code, r.asked, want)
		}
	}
}

func TestWhoMayReadANodeMayNotRunCommandsOnItByAskingWithGet(t *testing.T) {
	r := &rules{allowed: map[string]bool{"get proxy": true}}
	if w := request(r, "GET", "/exec/n/p/c", true); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "may not create nodes/proxy of node host") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := request(r, "GET", "/containerLogs/n/p/c", true); w.Code != http.StatusTeapot {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestNobodyIsLetInWithoutACredentialAndNothingWhenTheAPIServerDoesNotAnswer(t *testing.T) {
	r := &rules{allowed: map[string]bool{"get healthz": true}}
	if w := request(r, "GET", "/healthz", false); w.Code != http.StatusUnauthorized || len(r.asked) > 0 {
		t.Fatalf("%d %v", w.Code, r.asked)
	}
	r.err = errors.New("no answer")
	if w := request(r, "GET", "/healthz", true); w.Code != http.StatusInternalServerError {
		t.Fatalf("%d", w.Code)
	}
}
