// Package upstream runs virtual-kubelet's own end-to-end suite, unchanged, against a node of ours.
package upstream

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/test/e2e"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// patience is how long the suite waits for anything: what works takes a second or two.
const patience = 20 * time.Second

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
		Kubeconfig: write(t, between.URL), Namespace: namespace, NodeName: node, WatchTimeout: patience,
	}).Run(t)
}

// An API server proxies to no loopback address, so what is asked of the node goes to its port, as the same person.
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
	kubelet := portOf(t, cluster, node)
	ofNode := regexp.MustCompile(fmt.Sprintf("/(pods/https:%[1]s:10250|nodes/%[1]s)/proxy", regexp.QuoteMeta(node)))
	return &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(server)
			if at := ofNode.FindStringIndex(r.In.URL.Path); at != nil {
				r.Out.URL.Host, r.Out.URL.Path, r.Out.URL.RawPath = kubelet, r.In.URL.Path[at[1]:], ""
			} else if r.In.Method == http.MethodPost && strings.HasSuffix(r.In.URL.Path, "/pods") {
				tolerate(t, r.Out)
			}
		},
	}
}

// portOf is the address of the node's own port.
func portOf(t *testing.T, cluster *rest.Config, name string) string {
	t.Helper()
	node, err := kubernetes.NewForConfigOrDie(cluster).CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	port := int(node.Status.DaemonEndpoints.KubeletEndpoint.Port)
	return net.JoinHostPort(node.Status.Addresses[0].Address, strconv.Itoa(port))
}

// tolerate has the pod of a request tolerate everything. Typed clients send protobuf; what comes out is JSON.
func tolerate(t *testing.T, r *http.Request) {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	pod := &v1.Pod{}
	if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(data, nil, pod); err != nil {
		t.Errorf("the pod of a request: %v", err)
		return
	}
	pod.Spec.Tolerations = append(pod.Spec.Tolerations, v1.Toleration{Operator: v1.TolerationOpExists})
	if data, err = runtime.Encode(scheme.Codecs.LegacyCodec(v1.SchemeGroupVersion), pod); err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("Content-Type", runtime.ContentTypeJSON)
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
