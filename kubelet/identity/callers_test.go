package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"k8s.io/client-go/util/keyutil"
)

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, _ := x509.ParseCertificate(der)
	return authority{certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// sign stores a client certificate of the node.
func (a authority) sign(t *testing.T, i *Identity) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: i.subject(), NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Minute),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keyutil.MarshalPrivateKeyToPEM(a.key)
	if err != nil {
		t.Fatal(err)
	}
	for file, data := range map[string][]byte{i.keyFile("client"): key, i.certFile("client"): pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})} {
		if err := replace(file, data); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyTheAuthorityThatSignedTheNodesCertificateVouchesForCallers(t *testing.T) {
	cluster, company := newAuthority(t, "cluster"), newAuthority(t, "company")
	for name, c := range map[string]struct{ bundle, want []byte }{
		"the cluster's":      {cluster.pem, cluster.pem},
		"a company's":        {company.pem, nil},
		"both in one bundle": {append(append([]byte{}, company.pem...), cluster.pem...), cluster.pem},
	} {
		i := identity(t)
		i.Bootstrap.CAData = c.bundle
		cluster.sign(t, i)
		if got, err := i.CallersCA(); err != nil || !bytes.Equal(got, c.want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}
