// Package upstream runs virtual-kubelet's own end-to-end suite, unchanged, against a node of ours.
package upstream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/test/e2e"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// The suite is written for a kubelet that runs in a pod of its node's name, and for pods that run anywhere. Between it
// and the API server stands a proxy: what it asks of that pod is asked of the node, and its pods tolerate our taints.
func TestTheSuiteOfVirtualKubeletPasses(t *testing.T) {
	kubeconfig, node, namespace := os.Getenv("RIG_SUITE_KUBECONFIG"), os.Getenv("RIG_SUITE_NODE"), os.Getenv("RIG_SUITE_NAMESPACE")
	if kubeconfig == "" {
		t.Skip("it needs a cluster with a node of ours: kubelet/lifecycle.int.test.ts runs it")
	}
	cluster, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	between := httptest.NewServer(proxy(t, cluster, node))
	defer between.Close()
	e2e.NewEndToEndTestSuite(e2e.EndToEndTestSuiteConfig{
		Kubeconfig: write(t, between.URL), Namespace: namespace, NodeName: node, WatchTimeout: time.Minute,
	}).Run(t)
}

func proxy(t *testing.T, cluster *rest.Config, node string) http.Handler {
	t.Helper()
	transport, err := rest.TransportFor(cluster)
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(cluster.Host)
	if err != nil {
		t.Fatal(err)
	}
	ofPod := fmt.Sprintf("/pods/https:%s:10250/proxy", node)
	return &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(server)
			if _, rest, ok := strings.Cut(r.In.URL.Path, ofPod); ok {
				r.Out.URL.Path, r.Out.URL.RawPath = "/api/v1/nodes/"+node+"/proxy"+rest, ""
			}
			if r.In.Method == http.MethodPost && strings.HasSuffix(r.In.URL.Path, "/pods") {
				tolerate(r.Out)
			}
		},
	}
}

// tolerate has the pod of a request tolerate everything.
func tolerate(r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	pod := &v1.Pod{}
	if json.Unmarshal(data, pod) == nil {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, v1.Toleration{Operator: v1.TolerationOpExists})
		if changed, err := json.Marshal(pod); err == nil {
			data = changed
		}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
}

func write(t *testing.T, server string) string {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters["c"] = &clientcmdapi.Cluster{Server: server}
	config.Contexts["c"] = &clientcmdapi.Context{Cluster: "c"}
	config.CurrentContext = "c"
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		t.Fatal(err)
	}
	return file
}
