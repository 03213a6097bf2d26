package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/util/certificate/csr"
	"k8s.io/client-go/util/keyutil"
)

type order struct {
	name     string
	signer   string
	template *x509.CertificateRequest
	usages   []certificatesv1.KeyUsage
}

// request makes a key, has it certified and stores both. The key never leaves the machine.
func (i *Identity) request(ctx context.Context, client kubernetes.Interface, o order) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, o.template, key)
	if err != nil {
		return err
	}
	asked := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	name, uid, err := csr.RequestCertificateWithContext(ctx, client, asked, "", o.signer, nil, o.usages, key)
	if err != nil {
		return fmt.Errorf("the %s certificate of node %s cannot be asked for: %w", o.name, i.Node, err)
	}
	certificate, err := csr.WaitForCertificate(ctx, client, name, uid)
	if err != nil {
		return fmt.Errorf("the %s certificate of node %s was not given; see `kubectl describe csr %s` and, if it is this node, `kubectl certificate approve %s`: %w", o.name, i.Node, name, name, err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	// The key first: a certificate without its key is taken for none.
	if err := replace(i.keyFile(o.name), keyPEM); err != nil {
		return err
	}
	return replace(i.certFile(o.name), certificate)
}

func replace(file string, data []byte) error {
	if err := os.WriteFile(file+".new", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
