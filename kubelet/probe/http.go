package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const maxRedirects = 10

// get succeeds on every status from 200 to 399.
func get(ctx context.Context, target Target, action *v1.HTTPGetAction, ports []v1.ContainerPort) error {
	status, body, err := request(ctx, target, action, ports)
	if err != nil {
		return err
	}
	if status < http.StatusOK || status >= http.StatusBadRequest {
		return fmt.Errorf("HTTP probe failed with statuscode: %d %s", status, strings.TrimSpace(body))
	}
	return nil
}

func request(ctx context.Context, target Target, action *v1.HTTPGetAction, ports []v1.ContainerPort) (status int, body string, err error) {
	if err := onlyItself(action.Host); err != nil {
		return 0, "", err
	}
	port, err := number(action.Port, ports)
	if err != nil {
		return 0, "", err
	}
	asked, err := newRequest(ctx, action, port)
	if err != nil {
		return 0, "", err
	}
	answer, err := client(target, port).Do(asked)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return 0, "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxOutput))
	return answer.StatusCode, string(data), err
}

func newRequest(ctx context.Context, action *v1.HTTPGetAction, port int) (*http.Request, error) {
	// A path may carry a query; one that is no URL at all is taken as it stands.
	where, err := url.Parse(action.Path)
	if err != nil {
		where = &url.URL{Path: action.Path}
	}
	where.Scheme = strings.ToLower(string(action.Scheme))
	if where.Scheme == "" {
		where.Scheme = "http"
	}
	where.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	asked, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return nil, err
	}
	asked.Header.Set("User-Agent", "kube-probe/rig-kubelet")
	asked.Header.Set("Accept", "*/*")
	for _, header := range action.HTTPHeaders {
		if strings.EqualFold(header.Name, "Host") {
			asked.Host = header.Value
			continue
		}
		asked.Header.Add(header.Name, header.Value)
	}
	return asked, nil
}

// client speaks to one port of the container, whatever the address says. Certificates are not checked, as the kubelet
// does not; a redirect elsewhere is an answer and not followed.
func client(target Target, port int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return target.Dial(ctx, port) },
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			if next.URL.Host != before[0].URL.Host {
				return http.ErrUseLastResponse
			}
			if len(before) >= maxRedirects {
				return fmt.Errorf("stopped after %d redirects", maxRedirects)
			}
			return nil
		},
	}
}

// onlyItself refuses other hosts: a probe would reach from the node where the container itself may not.
func onlyItself(host string) error {
	switch host {
	case "", "localhost", "127.0.0.1", "::1":
		return nil
	}
	return fmt.Errorf("the host %q is not the container itself, and this node probes nothing else: leave the host out", host)
}

func number(port intstr.IntOrString, ports []v1.ContainerPort) (int, error) {
	found := port.IntValue()
	if port.Type == intstr.String && found == 0 {
		for _, p := range ports {
			if p.Name == port.StrVal {
				found = int(p.ContainerPort)
			}
		}
	}
	if found < 1 || found > 65535 {
		return 0, fmt.Errorf("the port %q is neither a number nor the name of one of the container's ports", port.String())
	}
	return found, nil
}
