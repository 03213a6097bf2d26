// Package identity gets and keeps the two certificates of a node: the one it is known to the API server by, and the
// one it serves with. Both are asked for by a CertificateSigningRequest, so that someone else decides.
package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Identity keeps a node's keys and certificates under Dir, mode 0600.
type Identity struct {
	Dir  string
	Node string
	// Bootstrap reaches the API server with a credential that may only ask for certificates.
	Bootstrap *rest.Config
	Now       func() time.Time
}

// Client returns how the node reaches the API server as system:node:<name>, asking for a certificate when there is
// none of this cluster or the one there ends soon. It waits until the request is approved or ctx ends.
func (i *Identity) Client(ctx context.Context) (*rest.Config, error) {
	if err := i.forgetOtherCluster(); err != nil {
		return nil, err
	}
	config := rest.AnonymousClientConfig(i.Bootstrap)
	config.CertFile, config.KeyFile = i.certFile("client"), i.keyFile("client")
	state := i.inspect("client")
	if state == good {
		return config, nil
	}
	asker := i.Bootstrap
	if state == endsSoon {
		asker = config
	}
	client, err := kubernetes.NewForConfig(asker)
	if err != nil {
		return nil, err
	}
	return config, i.request(ctx, client, order{
		name:     "client",
		signer:   certificatesv1.KubeAPIServerClientKubeletSignerName,
		template: &x509.CertificateRequest{Subject: i.subject()},
		usages:   []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth},
	})
}

// Serving returns the certificate the kubelet's own port is served with, asked for with the node's client. One that is
// for another address is asked for anew.
func (i *Identity) Serving(ctx context.Context, client kubernetes.Interface, address string) (tls.Certificate, error) {
	if i.inspect("serving") != good || !i.isFor(address) {
		err := i.request(ctx, client, order{
			name:     "serving",
			signer:   certificatesv1.KubeletServingSignerName,
			template: &x509.CertificateRequest{Subject: i.subject(), IPAddresses: []net.IP{net.ParseIP(address)}},
			usages:   []certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageServerAuth},
		})
		if err != nil {
			return tls.Certificate{}, err
		}
	}
	return tls.LoadX509KeyPair(i.certFile("serving"), i.keyFile("serving"))
}

// isFor says whether the stored serving certificate names the address.
func (i *Identity) isFor(address string) bool {
	pair, err := tls.LoadX509KeyPair(i.certFile("serving"), i.keyFile("serving"))
	if err != nil {
		return false
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	return err == nil && leaf.VerifyHostname(address) == nil
}

func (i *Identity) subject() pkix.Name {
	return pkix.Name{CommonName: "system:node:" + i.Node, Organization: []string{"system:nodes"}}
}

func (i *Identity) certFile(name string) string { return filepath.Join(i.Dir, name+".crt") }
func (i *Identity) keyFile(name string) string  { return filepath.Join(i.Dir, name+".key") }

// forgetOtherCluster drops certificates of a cluster that is no longer the one to join: they would only be refused.
func (i *Identity) forgetOtherCluster() error {
	if err := os.MkdirAll(i.Dir, 0o700); err != nil {
		return err
	}
	ca := i.Bootstrap.CAData
	if len(ca) == 0 {
		var err error
		if ca, err = os.ReadFile(i.Bootstrap.CAFile); err != nil {
			return fmt.Errorf("the bootstrap kubeconfig names no certificate authority: %w", err)
		}
	}
	sum := sha256.Sum256(ca)
	want := []byte(hex.EncodeToString(sum[:]))
	file := filepath.Join(i.Dir, "cluster")
	if have, err := os.ReadFile(file); err == nil && bytes.Equal(have, want) {
		return nil
	}
	for _, name := range []string{"client", "serving"} {
		for _, old := range []string{i.certFile(name), i.keyFile(name)} {
			if err := os.Remove(old); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	return os.WriteFile(file, want, 0o600)
}

type state int

const (
	missing state = iota
	endsSoon
	good
)

// inspect judges a stored certificate: it ends soon when less than a fifth of its life is left.
func (i *Identity) inspect(name string) state {
	pair, err := tls.LoadX509KeyPair(i.certFile(name), i.keyFile(name))
	if err != nil {
		return missing
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	now := i.Now()
	if err != nil || leaf.Subject.CommonName != i.subject().CommonName || now.After(leaf.NotAfter) {
		return missing
	}
	if leaf.NotAfter.Sub(now) < leaf.NotAfter.Sub(leaf.NotBefore)/5 {
		return endsSoon
	}
	return good
}
