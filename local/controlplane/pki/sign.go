package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"
)

// Clocks of a machine that was just resumed may step back a little.
const backdate = 5 * time.Minute

type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Issued is the answer of issue: a client certificate that exists nowhere else.
type Issued struct {
	CertPEM string `json:"certPEM"`
	KeyPEM  string `json:"keyPEM"`
}

func issue(dir string, name pkix.Name, ttl time.Duration, now time.Time) (*Issued, error) {
	if name.CommonName == "" || ttl <= 0 {
		return nil, fmt.Errorf("--user and a --ttl above zero are required")
	}
	ca, err := loadPair(dir, "ca")
	if err != nil {
		return nil, err
	}
	made, err := ca.sign(&x509.Certificate{Subject: name, ExtKeyUsage: client}, now, ttl)
	if err != nil {
		return nil, err
	}
	private, _, err := encodeKeys(made.key)
	if err != nil {
		return nil, err
	}
	return &Issued{CertPEM: string(made.certPEM()), KeyPEM: string(private)}, nil
}

func newAuthority(name string, now time.Time) (*pair, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               subject(name, nil),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	return create(template, template, key, key, now, authorityLife)
}

func (ca *pair) sign(template *x509.Certificate, now time.Time, life time.Duration) (*pair, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	return create(template, ca.cert, key, ca.key, now, life)
}

func create(template, issuer *x509.Certificate, key, signer *ecdsa.PrivateKey, now time.Time, life time.Duration) (*pair, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = now.Add(-backdate)
	template.NotAfter = now.Add(life)
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &pair{cert: cert, key: key}, nil
}

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func encodeKeys(key *ecdsa.PrivateKey) (private, public []byte, err error) {
	privateDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	publicDER, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, err
	}
	private = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: privateDER})
	public = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER})
	return private, public, nil
}

func (p *pair) certPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Raw})
}

// write puts the key down first: a certificate without its key would read as damage.
func (p *pair) write(dir, name string) error {
	private, _, err := encodeKeys(p.key)
	if err != nil {
		return err
	}
	if err := writePrivate(keyFile(dir, name), private); err != nil {
		return err
	}
	return writePrivate(certFile(dir, name), p.certPEM())
}

func loadPair(dir, name string) (*pair, error) {
	certData, err := os.ReadFile(certFile(dir, name))
	if err != nil {
		return nil, err
	}
	keyData, err := os.ReadFile(keyFile(dir, name))
	if err != nil {
		return nil, err
	}
	certBlock, _ := pem.Decode(certData)
	keyBlock, _ := pem.Decode(keyData)
	if certBlock == nil || keyBlock == nil {
		return nil, fmt.Errorf("no PEM block in %s or %s", certFile(dir, name), keyFile(dir, name))
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &pair{cert: cert, key: key}, nil
}

// writePrivate replaces the file in one step, readable by its owner alone.
func writePrivate(file string, data []byte) error {
	temporary := file + ".new"
	if err := os.WriteFile(temporary, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}
