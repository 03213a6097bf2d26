package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// A leaf that ends within this time is made anew by init: the control plane is restarted more often.
	renewWithin = 30 * 24 * time.Hour
)

// Initialised is the answer of init.
type Initialised struct {
	CAPEM string `json:"caPEM"`
}

type leaf struct {
	name    string
	ca      string
	subject pkix.Name
	usages  []x509.ExtKeyUsage
	serving bool
}

var (
	client = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	server = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	both   = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
)

// etcd has an authority of its own: a client certificate of the cluster must not open its store.
var leaves = []leaf{
	{name: "etcd", ca: "etcd-ca", subject: subject("etcd", nil), usages: both, serving: true},
	{name: "apiserver-etcd-client", ca: "etcd-ca", subject: subject("kube-apiserver", nil), usages: client},
	{name: "apiserver", ca: "ca", subject: subject("kube-apiserver", nil), usages: server, serving: true},
	{name: "apiserver-kubelet-client", ca: "ca", subject: subject("kube-apiserver-kubelet-client", nil), usages: client},
	{name: "controller-manager", ca: "ca", subject: subject("system:kube-controller-manager", nil), usages: client},
	{name: "scheduler", ca: "ca", subject: subject("system:kube-scheduler", nil), usages: client},
}

var servingNames = []string{
	"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
}

// The second address is the first of the service range: what pods know the API server by.
var servingAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, net.IPv4(10, 0, 0, 1)}

// initialise makes the authorities, the key of service account tokens and every leaf that is missing
// or about to end. Calling it again on the same directory keeps what is still good.
func initialise(dir string, now time.Time) (*Initialised, error) {
	if dir == "" {
		return nil, fmt.Errorf("--dir is required")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, name := range []string{"ca", "etcd-ca"} {
		if err := ensureAuthority(dir, name, now); err != nil {
			return nil, err
		}
	}
	if err := ensureServiceAccountKey(dir); err != nil {
		return nil, err
	}
	for _, l := range leaves {
		if err := ensureLeaf(dir, l, now); err != nil {
			return nil, err
		}
	}
	ca, err := os.ReadFile(certFile(dir, "ca"))
	if err != nil {
		return nil, err
	}
	return &Initialised{CAPEM: string(ca)}, nil
}

func ensureAuthority(dir, name string, now time.Time) error {
	if _, err := loadPair(dir, name); err == nil {
		return nil
	} else if !os.IsNotExist(err) {
		return fmt.Errorf("%s is damaged: %w", certFile(dir, name), err)
	}
	made, err := newAuthority("rig-"+name, now)
	if err != nil {
		return err
	}
	return made.write(dir, name)
}

func ensureLeaf(dir string, l leaf, now time.Time) error {
	if have, err := loadPair(dir, l.name); err == nil && now.Add(renewWithin).Before(have.cert.NotAfter) {
		return nil
	}
	ca, err := loadPair(dir, l.ca)
	if err != nil {
		return err
	}
	template := &x509.Certificate{Subject: l.subject, ExtKeyUsage: l.usages}
	if l.serving {
		template.DNSNames, template.IPAddresses = servingNames, servingAddresses
	}
	made, err := ca.sign(template, now, leafLife)
	if err != nil {
		return err
	}
	return made.write(dir, l.name)
}

func ensureServiceAccountKey(dir string) error {
	file := filepath.Join(dir, "sa.key")
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	private, public, err := encodeKeys(key)
	if err != nil {
		return err
	}
	if err := writePrivate(filepath.Join(dir, "sa.pub"), public); err != nil {
		return err
	}
	return writePrivate(file, private)
}

func subject(user string, groups []string) pkix.Name {
	return pkix.Name{CommonName: user, Organization: groups}
}

func certFile(dir, name string) string { return filepath.Join(dir, name+".crt") }
func keyFile(dir, name string) string  { return filepath.Join(dir, name+".key") }
