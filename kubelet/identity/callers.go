package identity

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
)

// CallersCA are, as PEM, the authorities by whose certificates callers of the kubelet's port are known: those of the bundle that
// the API server is trusted by which also signed this node's own client certificate. An authority that vouches for servers alone
// (a company's, a load balancer's) vouches for no user. It is empty when none did: then only tokens count.
func (i *Identity) CallersCA() ([]byte, error) {
	bundle := i.Bootstrap.CAData
	if len(bundle) == 0 {
		var err error
		if bundle, err = os.ReadFile(i.Bootstrap.CAFile); err != nil {
			return nil, err
		}
	}
	pair, err := tls.LoadX509KeyPair(i.certFile("client"), i.keyFile("client"))
	if err != nil {
		return nil, err
	}
	var found []byte
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if authority, err := x509.ParseCertificate(block.Bytes); err == nil && i.isSigned(pair, authority) {
			found = append(found, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: block.Bytes})...)
		}
	}
	return found, nil
}

func (i *Identity) isSigned(pair tls.Certificate, authority *x509.Certificate) bool {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(authority)
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return false
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: i.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}
