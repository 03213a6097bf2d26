package agent

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	"k8s.io/client-go/kubernetes"

	"rig.dashecorp.com/kubelet/identity"
	"rig.dashecorp.com/kubelet/server"
)

// serve answers on the kubelet's port; the API server is asked who a caller is and what it may.
func serve(ctx context.Context, listener net.Listener, address, clientCAFile string, kube kubernetes.Interface, id *identity.Identity, options server.Options) error {
	ctx, cancel := context.WithTimeout(ctx, identityWithin)
	defer cancel()
	certificate, err := id.Serving(ctx, kube, address)
	if err != nil {
		return err
	}
	auth, err := nodeutil.WebhookAuth(kube, id.Node, clientCA(clientCAFile, id))
	if err != nil {
		return err
	}
	handler := &http.Server{
		Handler:           server.WithAuth(auth, id.Node, server.Handler(options)),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 30 * time.Second,
	}
	go func() { _ = handler.ServeTLS(listener, "", "") }()
	return nil
}
